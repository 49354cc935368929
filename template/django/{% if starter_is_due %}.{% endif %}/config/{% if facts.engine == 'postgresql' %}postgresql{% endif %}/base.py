"""Django's PostgreSQL backend, whose connections do not wait for a server that hangs.

libpq has no read timeout: a server that stops responding while its machine still does holds a request for as long as
it likes. `read_timeout` in OPTIONS is in seconds; without it nothing changes.
"""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class Connection(psycopg.Connection[Any]):
    read_timeout: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.read_timeout if timeout is None else timeout)
        except psycopg.OperationalError:
            self.pgconn.finish()  # what the server sends later belongs to no query of ours
            raise


# psycopg, but for the class of its connections.
database = ModuleType("psycopg")
database.__dict__.update(vars(psycopg) | {"connect": Connection.connect})


class DatabaseWrapper(base.DatabaseWrapper):
    Database = database

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        self.read_timeout = params.pop("read_timeout", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.read_timeout = self.read_timeout
        return connection
