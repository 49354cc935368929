"""Configuration, logs, headers."""

import json
import logging
from pathlib import Path

import pytest
from httpx import AsyncClient
from pydantic import ValidationError

from app.core.config import Settings
from app.core.logging import JsonFormatter
from app.core.middleware import accepted_id


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_one_driver_however_the_url_is_written(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://app:p%40ss@db:5432/app")
    url = Settings().database_url.get_secret_value()
    assert url == "postgresql+psycopg://app:p%40ss@db:5432/app"


@pytest.mark.parametrize("url", ["", "secret", "mysql://app:secret@db/app"])
def test_a_wrong_url_stops_the_start_and_is_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # away from `.env`
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError) as raised:
        Settings()
    assert "database_url" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_every_variable_stands_in_the_example() -> None:
    lines = Path(".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.split("=")[0] for line in lines if "=" in line}
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("given", ["a-1.B_2", "x" * 64])
def test_a_valid_request_id_is_kept(given: str) -> None:
    assert accepted_id(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\nb", "é", "a\n"])
def test_another_is_replaced(given: str | None) -> None:
    assert accepted_id(given) not in (given, "")


async def test_headers_of_every_answer(client: AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-ID": "abc"})
    assert answer.headers["x-request-id"] == "abc"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_line_of_a_request(client: AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="app")
    caplog.handler.setFormatter(JsonFormatter())
    answer = await client.get("/products/1?token=secret", headers={"X-Request-ID": "abc"})
    (line,) = [json.loads(line) for line in caplog.text.splitlines()]
    assert (
        line.items()
        >= {
            "level": "info",
            "message": "request",
            "request_id": "abc",
            "method": "GET",
            "path": "/products/1",
            "route": "/products/{product_id}",
            "status": answer.status_code,
        }.items()
    )
    assert "secret" not in caplog.text
