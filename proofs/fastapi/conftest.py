"""The real database with engines of both drivers, and clients of an application."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from postgresql.server import free_port, running
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

PSYCOPG, ASYNCPG = "postgresql+psycopg", "postgresql+asyncpg"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def db(server: str) -> Iterator[psycopg.Connection]:
    """A plain connection beside the code's own; what a test created is gone after it."""
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture
async def make_engine(server: str, db) -> AsyncIterator[Callable[..., AsyncEngine]]:
    made = []

    def make_engine(driver: str = PSYCOPG, **options: object) -> AsyncEngine:
        made.append(create_async_engine(server.replace("postgresql", driver, 1), **options))
        return made[-1]

    yield make_engine
    for engine in made:
        await engine.dispose()


@pytest.fixture
def engine(make_engine) -> AsyncEngine:
    return make_engine()


@pytest.fixture
def new_session(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest.fixture
def Base() -> type[DeclarativeBase]:
    """A registry for each test: tables of the same name do not meet."""

    class Base(DeclarativeBase):
        pass

    return Base


@pytest.fixture
def create(server: str) -> Callable[[type[DeclarativeBase]], None]:
    """Creates the tables of a declarative base."""

    def create(base: type[DeclarativeBase]) -> None:
        engine = create_engine(server.replace("postgresql", PSYCOPG, 1))
        base.metadata.create_all(engine)
        engine.dispose()

    return create


def client_of(app: FastAPI, **options: object) -> AsyncClient:
    transport = ASGITransport(app, **{"raise_app_exceptions": False} | options)
    return AsyncClient(transport=transport, base_url="http://test")


@contextmanager
def uvicorn(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Runs main.py of a folder: its process and port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        while "Uvicorn running" not in process.stdout.readline():
            assert process.poll() is None
        yield process, port
    finally:
        process.kill()
        process.wait()
