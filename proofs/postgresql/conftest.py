"""Connections to a server of this run's own; what a test created is gone after it."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from postgresql.server import running

Connect = Callable[..., psycopg.Connection]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def connect(server: str) -> Iterator[Connect]:
    """Opens connections with autocommit on."""
    opened = []

    def connect(**options: str) -> psycopg.Connection:
        opened.append(psycopg.connect(server, autocommit=True, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
    with psycopg.connect(server, autocommit=True) as cleaner:
        cleaner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture
def db(connect: Connect) -> psycopg.Connection:
    return connect()
