import pytest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from apps.products import selectors


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/products/0", {}, 404),
        ("POST", "/products", {}, 400),
        ("PUT", "/products", {}, 405),
        ("OPTIONS", "/products", {}, 405),
        ("POST", "/health", {}, 405),
        ("POST", "/docs", {}, 405),
        ("GET", "/products", {"Accept": "text/html"}, 406),
        ("GET", "/health", {"Host": "elsewhere.example"}, 400),
    ],
)
def test_errors_have_one_shape(client: APIClient, method: str, path: str, headers: dict[str, str], status: int) -> None:
    response = client.generic(method, path, headers=headers)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(response.json())
    assert response.json()["status"] == status


def test_a_crash_tells_nothing(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(product_id: int) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(selectors, "get_product", crash)

    response = client.get("/products/0")

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert "1234" not in response.content.decode()


def test_a_view_that_names_no_permission_is_shut() -> None:
    class Forgotten(APIView):
        def get(self, request: Request) -> Response:
            return Response()

    assert Forgotten.as_view()(APIRequestFactory().get("/")).status_code in (401, 403)
