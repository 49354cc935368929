"""What the tests need of PostgreSQL itself."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, connections


@contextmanager
def reserved_database(first: str) -> Iterator[str]:
    """The next name that no other run uses: an advisory lock says which are in use."""
    server = connections.create_connection("default")
    server.settings_dict = {**server.settings_dict, "NAME": "postgres"}
    with server.cursor() as cursor:
        for number in itertools.count(1):
            name = first if number == 1 else f"{first}_{number}"
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
            if cursor.fetchone() == (True,):
                break
    yield name
    server.close()


def database_gone() -> OperationalError:
    error = OperationalError("gone")
    error.__cause__ = psycopg.OperationalError("gone")  # as Django wraps it
    return error
