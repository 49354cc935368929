"""What the tests need of MySQL itself."""

from django.db import OperationalError
from django.db.backends.utils import CursorWrapper

NO_DATABASE = ""  # to connect to the server itself


def reserve(cursor: CursorWrapper, name: str) -> bool:
    """A named lock, held until the connection closes; false if another one holds it."""
    cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
    (reserved,) = cursor.fetchone()
    return bool(reserved)


def database_gone() -> OperationalError:
    return OperationalError(2013, "gone")
