"""What the tests need of MySQL itself."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connections


@contextmanager
def reserved_database(first: str) -> Iterator[str]:
    """The next name that no other run uses: a named lock says which are in use."""
    server = connections.create_connection("default")
    server.settings_dict = {**server.settings_dict, "NAME": ""}
    with server.cursor() as cursor:
        for number in itertools.count(1):
            name = first if number == 1 else f"{first}_{number}"
            cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
            if cursor.fetchone() == (1,):
                break
    yield name
    server.close()


def database_gone() -> OperationalError:
    return OperationalError(2013, "gone")
