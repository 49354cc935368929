"""What is PostgreSQL's own: options of a connection, error codes, the collation of identifiers."""

import psycopg
from django.db import Error
from django.db.models import CharField, Func

ENGINE = "config.postgresql"
# Compares bytes, whatever the locale of the database.
EXACT = "C"

# Seconds until a server that hangs is given up: a request is free again after connect_timeout + read_timeout, which
# config.postgresql adds. The server's own limits are lower, so that a slow statement is named as such; they are off by
# default. PgBouncer refuses `options`: set them there by ALTER ROLE app SET statement_timeout = '5s', and so on.
SERVICE_OPTIONS = {
    "connect_timeout": 3,
    "read_timeout": 8,
    "options": "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s",
}
# A migration or a backfill may run long; but while it waits for a table, all later queries queue behind it.
COMMAND_OPTIONS = {"connect_timeout": 3, "options": "-c lock_timeout=5s"}
PROBE_OPTIONS = {"connect_timeout": 2, "read_timeout": 2}

# What may succeed later, by SQLSTATE or its class: connection, serialization, deadlock, read-only, resources, lock,
# statement timeout and shutdown.
UNAVAILABLE = ("08", "40001", "40P01", "25006", "25P03", "53", "55P03", "57")


class SHA256(Func):
    """Django's function of this name needs the extension pgcrypto; the server's own does not."""

    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    output_field = CharField()


def is_duplicate(error: Error) -> bool:
    return isinstance(error.__cause__, psycopg.errors.UniqueViolation)


def is_unavailable(error: Error) -> bool:
    """Whether the same request may succeed later. Without a code the connection itself has failed."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return False
    if cause.sqlstate is None:
        return isinstance(cause, psycopg.InterfaceError | psycopg.OperationalError)
    return cause.sqlstate.startswith(UNAVAILABLE)
