"""What is MySQL's own: options of a connection, error numbers, the collation of identifiers."""

from django.db import Error, InterfaceError
from django.db.models.functions import SHA256 as SHA256

ENGINE = "django.db.backends.mysql"
# MySQL's default collation takes A, a and á for one value; this one compares bytes.
EXACT = "utf8mb4_0900_bin"

# The driver's timeouts, in seconds, are for a server that hangs: a request fails after connect_timeout + read_timeout.
# The server's own are lower, so that its error says what was slow: milliseconds for a SELECT, seconds for a row lock
# and for a table lock (its defaults: none, 50 and a year).
SERVICE_OPTIONS = {
    "connect_timeout": 3,
    "read_timeout": 8,
    "write_timeout": 8,
    "init_command": "SET SESSION max_execution_time = 5000, innodb_lock_wait_timeout = 3, lock_wait_timeout = 3",
}
# A migration or a backfill may run long; but while it waits for a table lock, later queries queue behind it.
COMMAND_OPTIONS = {"connect_timeout": 3, "init_command": "SET SESSION lock_wait_timeout = 5"}
PROBE_OPTIONS = {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2}

DUPLICATE_ENTRY = 1062
# Transient: too many connections, shutdown, network, lock or statement timeout, deadlock, read-only, killed.
UNAVAILABLE = {
    *(1040, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1290, 1317, 1836),
    *(2002, 2003, 2005, 2006, 2012, 2013, 2026, 2027, 2055, 3024, 3572, 4031),
}


def _number(error: Error) -> object:
    return error.args[0] if error.args else None


def is_duplicate(error: Error) -> bool:
    return _number(error) == DUPLICATE_ENTRY


def is_unavailable(error: Error) -> bool:
    """Whether the same request may succeed later. InterfaceError: the connection is closed already."""
    return isinstance(error, InterfaceError) or _number(error) in UNAVAILABLE
