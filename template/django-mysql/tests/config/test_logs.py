import json
import logging
from typing import Any

import pytest
from rest_framework.test import APIClient

from config.logs import JSONFormatter


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("two words", False), ("x" * 65, False), ("", False)])
def test_request_id(client: APIClient, given: str, kept: bool) -> None:
    answer = client.get("/health", headers={"X-Request-ID": given})["X-Request-ID"]

    assert (answer == given) is kept
    assert answer


def test_log_line(client: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(JSONFormatter())
    with caplog.at_level(logging.INFO, "requests"):
        client.get("/health?token=secret", headers={"X-Request-ID": "abc-1"})

    line: dict[str, Any] = json.loads(caplog.text)
    assert line | {"request_id": "abc-1", "method": "GET", "path": "/health", "status": 200} == line
    assert "secret" not in caplog.text
