from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from apps.products.models import Product
from apps.users.models import AccessToken, User

pytestmark = pytest.mark.django_db

PHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_throttle_counts() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ann", password=PHRASE)


@pytest.fixture
def token(anonymous: APIClient, user: User) -> str:
    response = anonymous.post("/auth/token", {"username": user.username, "password": PHRASE})
    assert response.status_code == 200
    return str(response.json()["access_token"])


def create(client: APIClient, token: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    response = client.post("/products", {"sku": "A-1", "name": "Chair"}, headers=headers)
    if response.status_code == 401:
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"] == "Bearer"
        assert not Product.objects.filter(sku="A-1").exists()
    return response.status_code


def test_reading_needs_no_token(anonymous: APIClient) -> None:
    assert anonymous.get("/products").status_code == 200


def test_writing_needs_a_token(anonymous: APIClient) -> None:
    assert create(anonymous) == 401
    assert anonymous.patch("/products/0", {"name": "Table"}).status_code == 401
    assert anonymous.delete("/products/0").status_code == 401


def test_a_token_opens(anonymous: APIClient, token: str) -> None:
    assert create(anonymous, token) == 201


@pytest.mark.parametrize("token", ["", "wrong", "é" * 43])
def test_a_wrong_token_does_not(anonymous: APIClient, token: str) -> None:
    assert create(anonymous, token) == 401


def test_an_expired_token_does_not(anonymous: APIClient, token: str, user: User) -> None:
    AccessToken.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert create(anonymous, token) == 401


def test_a_token_ends_with_the_password(anonymous: APIClient, token: str, user: User) -> None:
    user.set_password("another horse")
    user.save(update_fields=["password"])

    assert create(anonymous, token) == 401


def test_a_token_ends_with_the_account(anonymous: APIClient, token: str, user: User) -> None:
    User.objects.filter(id=user.id).update(is_active=False)

    assert create(anonymous, token) == 401


def test_passwords_and_tokens_are_stored_hashed(token: str, user: User) -> None:
    assert user.password.startswith("argon2")
    assert AccessToken.objects.get(user=user).digest != token


@pytest.mark.parametrize(("username", "password"), [("ann", "wrong"), ("Ann", PHRASE), ("nobody", PHRASE)])
def test_wrong_credentials(anonymous: APIClient, user: User, username: str, password: str) -> None:
    response = anonymous.post("/auth/token", {"username": username, "password": password})

    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


def test_unknown_field(anonymous: APIClient) -> None:
    response = anonymous.post("/auth/token", {"username": "ann", "password": PHRASE, "admin": True})

    assert response.status_code == 400


def test_sign_in_is_limited_per_account(anonymous: APIClient) -> None:
    statuses = [
        anonymous.post("/auth/token", {"username": "ann"}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(10)
    ]

    response = anonymous.post("/auth/token", {"username": "ann"}, REMOTE_ADDR="192.0.2.99")

    assert statuses == [400] * 10
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_sign_in_is_limited_per_address(anonymous: APIClient) -> None:
    statuses = [
        anonymous.post("/auth/token", {}, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(31)
    ]

    assert statuses == [400] * 30 + [429]


def test_the_document_names_the_token(anonymous: APIClient) -> None:
    document = anonymous.get("/openapi.json").json()

    write = document["paths"]["/products"]["post"]
    assert {"token": []} in write["security"]
    assert "401" in write["responses"]
