"""template/shared/databases/mysql/operations.md"""

from __future__ import annotations

import time

import pymysql
import pytest
from proves import proves


@proves("A driver's timeout leaves the statement running")
def test_max_execution_time(connect):
    one = connect()
    one.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    one.run("INSERT INTO t VALUES (1, 0)")
    one.run("SET SESSION max_execution_time = 100")
    assert one.value("SELECT SLEEP(1)") == 1  # ended early
    started = time.monotonic()
    one.run("UPDATE t SET v = SLEEP(1)")
    assert time.monotonic() - started >= 1


@proves("A driver's timeout leaves the statement running")
def test_a_driver_timeout_leaves_the_statement(connect):
    impatient, watch = connect(read_timeout=1), connect()
    number = impatient.thread_id()
    with pytest.raises(pymysql.OperationalError):
        impatient.run("SELECT SLEEP(60)")
    running = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %s AND info LIKE 'SELECT SLEEP%%'"
    assert watch.value(running, number) == 1
    watch.run(f"KILL {number}")
