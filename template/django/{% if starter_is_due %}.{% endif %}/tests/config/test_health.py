import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from config import health
from config.health import DatabaseCheck, ReadyView


@pytest.fixture(autouse=True)
def nothing_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadyView, "check", DatabaseCheck())


def test_health_needs_no_database() -> None:
    assert APIClient().get("/health").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready(client: APIClient) -> None:
    assert client.get("/ready").json() == {"status": "ok"}


@pytest.mark.django_db
def test_not_ready_without_the_database(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
        monkeypatch.setitem(connections.settings["default"], "PORT", closed.getsockname()[1])

        response = client.get("/ready", headers={"X-Request-ID": "abc-1"})

    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    (line,) = (line for line in log_lines() if line["level"] == "ERROR")
    assert line["request_id"] == "abc-1"
    assert "OperationalError" in line["cause"]


def test_not_ready_while_it_shuts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "is_draining", lambda: True)

    assert APIClient().get("/ready").status_code == 503
    assert APIClient().get("/health").status_code == 200
