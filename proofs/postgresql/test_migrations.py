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


def valid(db):
    return db.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass").fetchone()[0]


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
