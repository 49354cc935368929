"""Queries and columns."""

import pytest
from proves import proves
from psycopg import errors


@proves("`FOR UPDATE` on a parent row blocks inserts of its children")
def test_for_update_blocks_inserting_children(connect):
    holder, other = connect(), connect(options="-c lock_timeout=200ms")
    holder.execute("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p)")
    holder.execute("INSERT INTO p VALUES (1)")
    with holder.transaction():
        holder.execute("SELECT FROM p FOR UPDATE")
        with pytest.raises(errors.LockNotAvailable):
            other.execute("INSERT INTO c VALUES (1)")
    with holder.transaction():
        holder.execute("SELECT FROM p FOR NO KEY UPDATE")
        other.execute("INSERT INTO c VALUES (1)")


@proves("PostgreSQL 18: generated columns without `STORED` are virtual")
def test_generated_columns_are_virtual(db):
    db.execute("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2))")
    kind = "SELECT attgenerated FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'"
    assert db.execute(kind).fetchone() == ("v",)
    with pytest.raises(errors.FeatureNotSupported):
        db.execute("CREATE INDEX ON t (b)")
