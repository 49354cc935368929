"""Changes of the schema."""

import pytest
from proves import proves
from psycopg import errors


def rewritten(db, change):
    """Whether ALTER TABLE t … writes a new file for the table."""
    file = "SELECT relfilenode FROM pg_class WHERE relname = 't'"
    before = db.execute(file).fetchone()
    db.execute(f"ALTER TABLE t {change}")
    return db.execute(file).fetchone() != before


def scans(db, change):
    """How often ALTER TABLE t … reads the whole table: the counters of its transaction tell."""
    count = "SELECT pg_stat_get_xact_numscans('t'::regclass)"
    with db.transaction():
        before = db.execute(count).fetchone()[0]
        db.execute(f"ALTER TABLE t {change}")
        return db.execute(count).fetchone()[0] - before


def valid(db):
    return db.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass").fetchone()[0]


@proves("add constraints `NOT VALID` (PostgreSQL 18: NOT NULL too)")
@pytest.mark.parametrize("constraint", ["CHECK (x > 0)", "FOREIGN KEY (x) REFERENCES p", "NOT NULL x"])
def test_constraint_not_valid(connect, constraint):
    db, other = connect(), connect(options="-c lock_timeout=1s")
    db.execute("CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1)")
    db.execute("CREATE TABLE t (x int); INSERT INTO t VALUES (-1), (NULL)")
    with pytest.raises(errors.IntegrityError):
        db.execute(f"ALTER TABLE t ADD CONSTRAINT c {constraint}")
    assert scans(db, f"ADD CONSTRAINT c {constraint} NOT VALID") == 0
    with pytest.raises(errors.IntegrityError):  # it holds for new rows
        db.execute("INSERT INTO t SELECT x FROM t")
    db.execute("UPDATE t SET x = 1")
    with db.transaction():
        db.execute("ALTER TABLE t VALIDATE CONSTRAINT c")
        other.execute("UPDATE t SET x = 1")  # writes go on meanwhile


@proves("A volatile default (`gen_random_uuid()`) or an identity column rewrites the table")
def test_what_rewrites_the_table(db):
    db.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
    assert rewritten(db, "ADD a uuid DEFAULT gen_random_uuid()")
    assert rewritten(db, "ADD b bigint GENERATED ALWAYS AS IDENTITY")
    assert not rewritten(db, "ADD c timestamptz NOT NULL DEFAULT now()")
    assert not rewritten(db, "ADD d uuid")
    assert not rewritten(db, "ALTER d SET DEFAULT gen_random_uuid()")


@proves("A failed `CREATE INDEX CONCURRENTLY` (`lock_timeout` ends it too)")
def test_failed_concurrent_index(connect):
    reader, db = connect(), connect(options="-c lock_timeout=200ms")
    db.execute("CREATE TABLE t (x int); CREATE TABLE other (x int)")
    with reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM other")
        with pytest.raises(errors.LockNotAvailable):
            db.execute("CREATE INDEX CONCURRENTLY i ON t (x)")
    assert not valid(db)
    db.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)")
    assert not valid(db)
    db.execute("DROP INDEX i")
    db.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)")
    assert valid(db)


@proves("A value added to an enum cannot be used in its transaction")
def test_new_enum_value(db):
    db.execute("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood)")
    with pytest.raises(errors.UnsafeNewEnumValueUsage), db.transaction():
        db.execute("ALTER TYPE mood ADD VALUE 'ok'")
        db.execute("INSERT INTO t VALUES ('ok')")
    assert errors.UnsafeNewEnumValueUsage.sqlstate == "55P04"
