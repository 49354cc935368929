import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx import ASGITransport, AsyncClient

from app.core import health
from app.main import create_app


@asynccontextmanager
async def client_of(url: str, patch: pytest.MonkeyPatch) -> AsyncIterator[AsyncClient]:
    """A client of an application whose database is at `url`."""
    patch.setenv("DATABASE_URL", url)
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


async def test_healthy_and_ready(client: AsyncClient) -> None:
    for path in ("/health", "/ready"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_with_the_database_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of("postgresql://nobody@127.0.0.1:1/none", monkeypatch) as client:
        assert (await client.get("/health")).status_code == 200
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_with_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        async with client_of(url, monkeypatch) as client:
            assert (await client.get("/ready")).status_code == 503
