import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx import ASGITransport, AsyncClient
from support import assert_problem

from app.core import health
from app.core.config import Settings
from app.main import create_app


@asynccontextmanager
async def client_with(patch: pytest.MonkeyPatch, **variables: str) -> AsyncIterator[AsyncClient]:
    """A client of an application that is configured so."""
    for name, value in variables.items():
        patch.setenv(name, value)
    app = create_app(Settings.load())
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


async def test_healthy_and_ready(client: AsyncClient) -> None:
    for path in ("/health", "/ready"):
        response = await client.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_with_the_database_away(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    async with client_with(monkeypatch, DATABASE_URL=url) as client:
        assert (await client.get("/health")).status_code == 200
        assert_problem(await client.get("/ready"), 503)


async def test_with_a_database_that_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        async with client_with(monkeypatch, DATABASE_URL=url) as client:
            assert_problem(await client.get("/ready"), 503)


async def test_docs_have_a_switch(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, status in (("true", 200), ("false", 404)):
        async with client_with(monkeypatch, DOCS=value) as client:
            for path in ("/docs", "/openapi.json"):
                assert (await client.get(path)).status_code == status
