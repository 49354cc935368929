import json
import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from apps.users import limits, services
from apps.users.limits import CONCURRENT_SIGN_INS, PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS
from apps.users.models import AccessToken, SignInCount, User
from apps.users.selectors import get_token

pytestmark = pytest.mark.django_db

PHRASE = "correct horse battery staple"


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ann", password=PHRASE)


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts are counted by the minute."""
    noon = timezone.now().replace(second=30)
    monkeypatch.setattr(timezone, "now", lambda: noon)


def sign_in(client: APIClient, username: str = "ann", password: str = PHRASE, address: str = "192.0.2.1") -> Any:
    return client.post("/auth/tokens", {"username": username, "password": password}, REMOTE_ADDR=address)


@pytest.fixture
def token(anonymous: APIClient, user: User) -> str:
    response = sign_in(anonymous)
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    return str(response.json()["token"])


def status(client: APIClient, token: str) -> int:
    response = client.get("/products", headers={"Authorization": f"Bearer {token}"})
    if response.status_code == 401:
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"] == "Bearer"
    return response.status_code


def test_a_token_opens(anonymous: APIClient, token: str) -> None:
    assert status(anonymous, token) == 200


@pytest.mark.parametrize("token", ["", "wrong", "é" * 43])
def test_a_wrong_token_does_not(anonymous: APIClient, token: str) -> None:
    assert status(anonymous, token) == 401


def test_an_expired_token_does_not(anonymous: APIClient, token: str, user: User) -> None:
    AccessToken.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert status(anonymous, token) == 401


def test_a_token_ends_with_the_password(anonymous: APIClient, token: str, user: User) -> None:
    user.set_password("another horse")
    user.save(update_fields=["password"])

    assert status(anonymous, token) == 401


def test_a_token_ends_with_the_account(anonymous: APIClient, token: str, user: User) -> None:
    User.objects.filter(id=user.id).update(is_active=False)

    assert status(anonymous, token) == 401


def test_sign_out_ends_the_token(anonymous: APIClient, token: str, user: User) -> None:
    other = sign_in(anonymous).json()["token"]

    response = anonymous.delete("/auth/tokens/current", headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response.content) == (204, b"")
    assert status(anonymous, token) == 401
    assert status(anonymous, other) == 200
    assert anonymous.delete("/auth/tokens/current").status_code == 401


def test_passwords_and_tokens_are_stored_hashed(
    token: str, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert identify_hasher(user.password).algorithm == "argon2"
    assert "m=19456,t=2,p=1" in user.password
    assert AccessToken.objects.get(user=user).digest != token
    found = get_token(token)
    assert found is not None
    with django_assert_num_queries(1):  # the caller of a request comes without it
        assert found.user.password


@pytest.mark.parametrize(("username", "password"), [("ann", "wrong"), ("Ann", PHRASE), ("nobody", PHRASE)])
def test_wrong_credentials(
    anonymous: APIClient, user: User, log_lines: Callable[[], list[dict[str, Any]]], username: str, password: str
) -> None:
    response = sign_in(anonymous, username, password)

    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    (line,) = (line for line in log_lines() if line["level"] == "WARNING")
    assert (line["username"], line["address"]) == (username, "192.0.2.1")
    assert PHRASE not in str(log_lines())


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ann", "password": PHRASE, "admin": True},
        {"username": "ann"},
        {"username": "\ud800", "password": PHRASE},
    ],
)
def test_invalid_credentials(anonymous: APIClient, body: dict[str, Any]) -> None:
    response = anonymous.post("/auth/tokens", json.dumps(body), content_type="application/json")

    assert response.status_code == 400


@pytest.fixture
def no_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "authenticate", lambda **_: None)


@pytest.mark.usefixtures("no_hashing")
def test_sign_in_is_limited_per_account_and_address(anonymous: APIClient) -> None:
    statuses = [sign_in(anonymous).status_code for _ in range(PER_ACCOUNT_AND_ADDRESS)]
    refused = sign_in(anonymous)

    assert statuses == [401] * PER_ACCOUNT_AND_ADDRESS
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    # Its owner is somewhere else.
    assert sign_in(anonymous, address="192.0.2.2").status_code == 401


@pytest.mark.usefixtures("no_hashing")
@pytest.mark.parametrize(
    "addresses", [["192.0.2.1"], [f"2001:db8::{number:x}" for number in range(100)], ["fe80::1%eth0"]]
)
def test_sign_in_is_limited_per_address(anonymous: APIClient, addresses: list[str]) -> None:
    statuses = [
        sign_in(anonymous, f"user{number}", address=random.choice(addresses)).status_code  # noqa: S311
        for number in range(PER_ADDRESS + 1)
    ]

    assert statuses == [401] * PER_ADDRESS + [429]


@pytest.mark.usefixtures("no_hashing")
def test_a_header_is_no_address(anonymous: APIClient) -> None:
    for _ in range(PER_ACCOUNT_AND_ADDRESS):
        sign_in(anonymous)
    body = {"username": "ann", "password": PHRASE}

    response = anonymous.post("/auth/tokens", body, REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": "192.0.2.9"})

    assert response.status_code == 429


def test_concurrent_sign_ins_are_limited(anonymous: APIClient, user: User) -> None:
    with ExitStack() as stack:
        for _ in range(CONCURRENT_SIGN_INS):
            stack.enter_context(limits._sign_ins)
        response = sign_in(anonymous)

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert sign_in(anonymous).status_code == 201


def test_expired_rows_are_cleared(anonymous: APIClient, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "BATCH", 1)
    assert (AccessToken.objects.count(), SignInCount.objects.count()) == (1, 2)
    later = timezone.now() + services.LIFETIME
    monkeypatch.setattr(timezone, "now", lambda: later)

    call_command("clear_expired")

    assert (AccessToken.objects.count(), SignInCount.objects.count()) == (0, 0)
