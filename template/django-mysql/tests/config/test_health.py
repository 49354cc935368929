import socket

import pytest
from django.conf import settings
from django.db.utils import ConnectionHandler
from rest_framework.test import APIClient

from config import health


def test_health_needs_no_database(client: APIClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready(client: APIClient) -> None:
    assert client.get("/ready").json() == {"status": "ok"}


@pytest.mark.django_db
def test_not_ready_without_the_database(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        away = {**settings.DATABASES["default"], "HOST": "127.0.0.1", "PORT": nobody.getsockname()[1]}
        monkeypatch.setattr(health, "connection", ConnectionHandler({"default": away})["default"])

        response = client.get("/ready")

    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
