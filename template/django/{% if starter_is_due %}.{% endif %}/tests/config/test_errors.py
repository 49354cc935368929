from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from apps.products import selectors
from tests.database import database_gone

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/products/0", {}, 404),
        ("POST", "/products", {}, 400),
        ("PUT", "/products", {}, 405),
        ("POST", "/health", {}, 405),
        ("GET", "/products", {"Accept": "text/html"}, 406),
        ("POST", "/products", {"Transfer-Encoding": "chunked"}, 411),
        ("PATCH", "/products/0", {"Transfer-Encoding": "chunked"}, 411),
        ("GET", "/health", {"Host": "elsewhere.example"}, 400),
    ],
)
def test_errors_have_one_shape(client: APIClient, method: str, path: str, headers: dict[str, str], status: int) -> None:
    response = client.generic(method, path, headers=headers)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert {"type", "title", "status", "detail"} <= set(response.json())
    assert response.json()["status"] == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "methods"),
    [("/products", {"GET", "HEAD", "POST", "OPTIONS"}), ("/products/0", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"})],
)
def test_allow_names_what_is_there(client: APIClient, path: str, methods: set[str]) -> None:
    assert set(client.put(path)["Allow"].split(", ")) == methods
    assert set(client.options(path)["Allow"].split(", ")) == methods
    assert client.options(path).status_code == 200
    assert client.head("/products").status_code == 200


def raising(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(selectors, "list_products", fail)


@pytest.mark.django_db
def test_a_crash_tells_the_log_all_and_the_caller_nothing(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    raising(monkeypatch, RuntimeError("the password is 1234"))

    response = client.get("/products?token=secret", headers={"X-Request-ID": "abc-1"})

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert "1234" not in response.content.decode()
    (line,) = (line for line in log_lines() if line["level"] == "ERROR")
    assert line["request_id"] == "abc-1"
    assert "RuntimeError: the password is 1234" in line["traceback"]
    assert "test_errors.py" in line["traceback"]
    assert "secret" not in str(log_lines())


class UpstreamFailed(exceptions.APIException):
    status_code = 502


@pytest.mark.django_db
def test_every_5xx_is_logged_with_its_cause(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    error = UpstreamFailed("Upstream failed.")
    error.__cause__ = TimeoutError("no reply")
    raising(monkeypatch, error)

    assert client.get("/products").status_code == 502
    (line,) = (line for line in log_lines() if line["level"] == "ERROR")
    assert "TimeoutError: no reply" in line["traceback"]


@pytest.mark.django_db
def test_without_the_database(client: APIClient, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines) -> None:
    raising(monkeypatch, database_gone())

    response = client.get("/products", headers={"X-Request-ID": "abc-1"})

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response["Content-Type"] == "application/problem+json"
    (line,) = (line for line in log_lines() if line["level"] == "ERROR")
    assert line["request_id"] == "abc-1"
    assert "gone" in line["cause"]


@pytest.mark.django_db
def test_other_database_errors_are_ours(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, OperationalError("unknown column"))

    assert client.get("/products").status_code == 500


@pytest.mark.django_db
def test_a_view_that_names_no_permission_is_shut() -> None:
    class Forgotten(APIView):
        def get(self, request: Request) -> Response:
            return Response()

    assert Forgotten.as_view()(APIRequestFactory().get("/")).status_code in (401, 403)
