"""Connections to the MySQL of TEST_MYSQL_URL, in a database that lives as long as the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import pymysql
import pytest

SERVER = urlsplit(os.environ.get("TEST_MYSQL_URL", "mysql://app:app@127.0.0.1:3306/app"))
DATABASE = f"test_proofs_mysql_{os.getpid()}"


class Connection(pymysql.Connection):
    def run(self, statement: str, *values: object) -> tuple:
        with self.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def value(self, statement: str, *values: object) -> object:
        return self.run(statement, *values)[0][0]


def open_connection(**options) -> Connection:
    where = {
        "host": SERVER.hostname,
        "port": SERVER.port or 3306,
        "user": unquote(SERVER.username or ""),
        "password": unquote(SERVER.password or ""),
    }
    return Connection(**where | {"autocommit": True, "connect_timeout": 10} | options)


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    server = open_connection()
    server.run(f"CREATE DATABASE {DATABASE}")
    yield DATABASE
    server.run(f"DROP DATABASE {DATABASE}")


@pytest.fixture
def connect(database: str) -> Iterator[Callable[..., Connection]]:
    """Opens connections to the empty database; closes them and drops its tables at the end."""
    opened = []

    def connect(**options) -> Connection:
        opened.append(open_connection(database=database, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        if connection.open:
            connection.close()
    cleaner = open_connection(database=database)
    cleaner.run("SET foreign_key_checks = 0")
    for (table,) in cleaner.run("SHOW TABLES"):
        cleaner.run(f"DROP TABLE `{table}`")
    cleaner.close()


@pytest.fixture
def db(connect) -> Connection:
    return connect()


@pytest.fixture
def error() -> Callable[..., int]:
    def error(call: Callable[..., object], *arguments: object) -> int:
        """The number of the MySQL error that the call raises."""
        with pytest.raises(pymysql.MySQLError) as caught:
            call(*arguments)
        return caught.value.args[0]

    return error
