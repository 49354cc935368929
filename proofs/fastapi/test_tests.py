"""What tests do differently from production."""

import asyncio

import pytest
from conftest import ASYNCPG, PSYCOPG
from proves import proves
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = pytest.mark.anyio


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
