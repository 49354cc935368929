"""A schema of its own on the PostgreSQL of TEST_POSTGRES_URL for each test, and connections to it."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest


@pytest.fixture
def connect() -> Iterator[Callable[..., psycopg.Connection]]:
    """`connect()` opens a connection whose tables live in the test's own schema; autocommit unless told otherwise."""
    url = os.environ["TEST_POSTGRES_URL"]
    schema = f"proof_{uuid.uuid4().hex[:12]}"
    opened: list[psycopg.Connection] = []

    def _connect(autocommit: bool = True) -> psycopg.Connection:
        connection = psycopg.connect(url, options=f"-c search_path={schema} -c lock_timeout=20s", autocommit=autocommit)
        opened.append(connection)
        return connection

    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {schema}")
        try:
            yield _connect
        finally:
            for connection in opened:
                connection.close()
            admin.execute(f"DROP SCHEMA {schema} CASCADE")


def together(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads of their own; their results, or the exceptions they raised."""
    results: list[object] = [None] * len(calls)

    def run(at: int) -> None:
        try:
            results[at] = calls[at]()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
