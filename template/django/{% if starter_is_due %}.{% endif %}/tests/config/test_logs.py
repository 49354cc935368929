from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("two words", False), ("x" * 65, False), ("", False)])
def test_request_id(given: str, kept: bool) -> None:
    returned = APIClient().get("/health", headers={"X-Request-ID": given})["X-Request-ID"]

    assert (returned == given) is kept
    assert returned


@pytest.mark.django_db
def test_log_line(client: APIClient, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    client.get("/products?token=secret", headers={"X-Request-ID": "abc-1"})
    client.get("/health")

    (line,) = log_lines()
    expected = {"level": "INFO", "request_id": "abc-1", "method": "GET", "path": "/products", "route": "products"}
    assert line | expected | {"status": 400} == line
    assert "secret" not in str(line)
