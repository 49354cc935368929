"""What the tests need of PostgreSQL itself."""

import psycopg
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper

NO_DATABASE = "postgres"  # to connect to the server itself


def reserve(cursor: CursorWrapper, name: str) -> bool:
    """An advisory lock, held until the connection closes; false if another one holds it."""
    cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
    (reserved,) = cursor.fetchone()
    return bool(reserved)


def database_gone() -> OperationalError:
    error = OperationalError("gone")
    error.__cause__ = psycopg.OperationalError("gone")  # as Django wraps it
    return error
