"""Queries with SQLAlchemy."""

import asyncio
from datetime import datetime
from decimal import Decimal
from enum import Enum

import pytest
from conftest import ASYNCPG, PSYCOPG
from proves import proves
from sqlalchemy import BigInteger, DateTime, ForeignKey, Numeric, func, select, update
from sqlalchemy import Enum as SQLEnum
from sqlalchemy import exc as sa_exc
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

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


@proves("a session keeps the values it loaded")
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


@proves("a session keeps the values it loaded")
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


@proves("`Mapped[Decimal]` has no scale")
def test_decimals(Base, create, db):
    class T(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(primary_key=True)
        plain: Mapped[Decimal]
        scaled: Mapped[Decimal] = mapped_column(Numeric(19, 2))

    create(Base)
    db.execute("INSERT INTO t VALUES (1, 1.005, 1.005), (2, 'NaN', 'NaN')")
    one, two = db.execute("SELECT plain, scaled FROM t ORDER BY id").fetchall()
    assert [str(value) for value in one] == ["1.005", "1.01"]
    assert two[0].is_nan() and two[1].is_nan()


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


@proves('Relationships with `lazy="raise"` make an N+1 query fail')
async def test_lazy_raise(Base, create, new_session):
    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(lazy="raise")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    create(Base)
    async with new_session() as session:
        session.add(Parent(id=1, children=[Child()]))
        await session.commit()
    async with new_session() as session:
        parent = (await session.scalars(select(Parent))).one()
        with pytest.raises(sa_exc.InvalidRequestError, match="lazy='raise'"):
            parent.children  # noqa: B018
    async with new_session() as session:
        query = select(Parent).options(selectinload(Parent.children))
        assert len((await session.scalars(query)).one().children) == 1
