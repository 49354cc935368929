"""Configuration, migrations, logs, headers."""

import json
import logging
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import SESSION
from app.core.logging import configure_logging


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_one_driver_however_the_url_is_written(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://app:p%40ss@db:5432/app")
    url = Settings.load().database_url.get_secret_value()
    assert url == "postgresql+psycopg://app:p%40ss@db:5432/app"


@pytest.mark.parametrize("url", ["", "secret", "mysql://app:secret@db/app"])
def test_an_invalid_url_fails_startup_and_is_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # away from `.env`
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit, match="DATABASE_URL") as raised:
        Settings.load()
    assert "secret" not in str(raised.value)


def test_the_example_names_every_variable() -> None:
    example = Path(".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)^(?:# )?([A-Z_]+)=", example))
    assert {name.upper() for name in Settings.model_fields} <= named


def test_migrations_fit_the_schema_before_them_and_the_models(database: None) -> None:
    config = Config(toml_file="pyproject.toml")
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_heads()) == 1
    command.downgrade(config, "base")
    for script in reversed(list(scripts.walk_revisions())):
        command.upgrade(config, script.revision)
        command.downgrade(config, "-1")
        command.upgrade(config, script.revision)
    command.check(config)  # and at head they match the models


async def test_every_session_has_limits(app: FastAPI) -> None:
    async with app.state.new_session() as session:
        query = text("SELECT current_setting(:name)")
        assert {name: await session.scalar(query, {"name": name}) for name in SESSION} == SESSION


@pytest.mark.parametrize("given", ["a-1.B_2", "x" * 64])
async def test_a_valid_request_id_is_kept(client: AsyncClient, given: str) -> None:
    response = await client.get("/nowhere", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb"])
async def test_another_is_replaced(client: AsyncClient, given: str) -> None:
    response = await client.get("/nowhere", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] not in (given, "")


@pytest.mark.parametrize("path", ["/health", "/nowhere"])
async def test_headers_of_every_response(client: AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def log_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """To that of this test: the handler was made with another."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure_logging()


async def test_the_line_of_a_request(
    client: AsyncClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_to_stdout(monkeypatch)
    response = await client.get("/products/1?token=secret", headers={"X-Request-ID": "abc"})
    output = capsys.readouterr().out
    (line,) = [json.loads(line) for line in output.splitlines()]
    assert (
        line.items()
        >= {
            "levelname": "INFO",
            "message": "request",
            "correlation_id": "abc",
            "method": "GET",
            "path": "/products/1",
            "route": "/products/{product_id}",
            "status": response.status_code,
        }.items()
    )
    assert "secret" not in output


def test_the_line_of_a_bug_and_of_a_websocket(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_to_stdout(monkeypatch)
    uvicorn = logging.getLogger("uvicorn.error")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        uvicorn.exception("Exception in ASGI application")
    uvicorn.info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/ws?token=secret")
    output = capsys.readouterr().out
    bug, websocket = [json.loads(line) for line in output.splitlines()]
    assert "RuntimeError: boom" in bug["exc_info"]
    assert "/ws" in websocket["message"]
    assert "secret" not in output
