"""Queries with SQLAlchemy."""

import asyncio
from datetime import datetime
from enum import Enum

import pytest
from conftest import ASYNCPG, PSYCOPG
from proves import proves
from sqlalchemy import BigInteger, DateTime, func, select, update
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

pytestmark = pytest.mark.anyio


@pytest.fixture
def Item(Base, create):
    class Item(Base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        n: Mapped[int]

    create(Base)
    return Item


@pytest.fixture
async def stale(Item, new_session):
    """A session that holds an item of n=1, and another one has stored n=2 since."""
    async with new_session() as session, new_session() as other:
        item = Item(id=1, n=1)
        session.add(item)
        await session.commit()
        await other.execute(update(Item).values(n=2))
        await other.commit()
        yield session, item


@proves("A session keeps the values it loaded")
@pytest.mark.parametrize("read", ["select", "select for update", "get for update", "returning"])
async def test_what_keeps_old_values(stale, Item, read):
    session, item = stale
    match read:
        case "select":
            await session.scalars(select(Item))
        case "select for update":
            await session.scalars(select(Item).with_for_update())
        case "get for update":
            await session.get(Item, 1, with_for_update=True)
        case "returning":
            upsert = postgresql.insert(Item).values(id=1, n=3)
            upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"n": 3})
            await session.scalars(upsert.returning(Item))
    assert item.n == 1


@proves("A session keeps the values it loaded")
@pytest.mark.parametrize("read", ["populate_existing", "get", "refresh"])
async def test_what_brings_new_values(stale, Item, read):
    session, item = stale
    match read:
        case "populate_existing":
            query = select(Item).with_for_update().execution_options(populate_existing=True)
            await session.scalars(query)
        case "get":
            await session.get(Item, 1, with_for_update=True, populate_existing=True)
        case "refresh":
            await session.refresh(item, with_for_update=True)
    assert item.n == 2


class State(Enum):
    PAID = "paid"


def types_of(db, model):
    found = db.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
        [model.__tablename__],
    )
    return [kind for _, kind in found.fetchall()], db.execute("SELECT enum_range(NULL::state)::text").fetchone()[0]


@proves("`Mapped[int]` is int4")
def test_column_types(Base, create, db):
    class T(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(primary_key=True)
        at: Mapped[datetime]
        state: Mapped[State]

    create(Base)
    assert types_of(db, T) == (["integer", "timestamp without time zone", "state"], "{PAID}")


@proves("`Mapped[int]` is int4")
def test_better_column_types(Base, create, db):
    class T(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
        state: Mapped[State] = mapped_column(SQLEnum(State, values_callable=lambda states: [s.value for s in states]))

    create(Base)
    assert types_of(db, T) == (["bigint", "timestamp with time zone", "state"], "{paid}")


@proves("never share one in `asyncio.gather`")
@pytest.mark.parametrize("driver", [PSYCOPG, ASYNCPG])
async def test_one_session_in_gather(make_engine, driver):
    async def gather(session):
        queries = (session.execute(select(func.pg_sleep(0.05))) for _ in range(3))
        results = await asyncio.gather(*queries, return_exceptions=True)
        return [isinstance(result, Exception) for result in results]

    async with AsyncSession(make_engine(driver)) as session:
        assert True in await gather(session)
    async with AsyncSession(make_engine(driver)) as session:
        await session.execute(select(1))
        assert True not in await gather(session)
