"""What tests do differently from production."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from conftest import ASYNCPG, PSYCOPG, client_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from proves import proves
from sqlalchemy import event, select
from sqlalchemy.exc import InterfaceError
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = pytest.mark.anyio


@pytest.fixture
def app():
    @asynccontextmanager
    async def lifespan(app):
        app.state.started = True
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def handler():
        raise RuntimeError("a bug")

    return app


@proves("`ASGITransport` runs no lifespan")
async def test_lifespan(app):
    async with client_of(app) as client:
        await client.get("/")
    TestClient(app, raise_server_exceptions=False).get("/")
    assert not hasattr(app.state, "started")
    async with app.router.lifespan_context(app):
        assert app.state.started


@proves("Both raise the exception where a client gets a 500")
async def test_exceptions_of_the_application(app):
    async with client_of(app, raise_app_exceptions=True) as client:
        with pytest.raises(RuntimeError):
            await client.get("/")
    with pytest.raises(RuntimeError):
        TestClient(app).get("/")
    async with client_of(app) as client:
        assert (await client.get("/")).status_code == 500
    assert TestClient(app, raise_server_exceptions=False).get("/").status_code == 500


@proves("to count queries listen to `engine.sync_engine`")
async def test_counted_queries(engine):
    with pytest.raises(NotImplementedError):
        event.listen(engine, "before_cursor_execute", print)
    counted = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *words: counted.append(words[2]))
    async with engine.connect() as connection:
        await connection.execute(select(1))
    assert "SELECT 1" in counted


@proves("Fixtures and tests share one event loop")
@pytest.mark.parametrize(("driver", "fails"), [(PSYCOPG, False), (ASYNCPG, True)])
def test_pool_in_a_second_event_loop(server, driver, fails):
    engine = create_async_engine(server.replace("postgresql", driver, 1))

    async def query():
        async with engine.connect() as connection:
            await connection.execute(select(1))

    asyncio.run(query())
    if fails:
        with pytest.raises((RuntimeError, InterfaceError)):
            asyncio.run(query())
    else:
        asyncio.run(query())
