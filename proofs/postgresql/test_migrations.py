"""Changes of the schema."""

from proves import proves


def rewritten(db, change):
    """Whether ALTER TABLE t … writes a new file for the table."""
    file = "SELECT relfilenode FROM pg_class WHERE relname = 't'"
    before = db.execute(file).fetchone()
    db.execute(f"ALTER TABLE t {change}")
    return db.execute(file).fetchone() != before


@proves("A volatile default (`gen_random_uuid()`) or an identity column rewrites the table")
def test_what_rewrites_the_table(db):
    db.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
    assert rewritten(db, "ADD a uuid DEFAULT gen_random_uuid()")
    assert rewritten(db, "ADD b bigint GENERATED ALWAYS AS IDENTITY")
    assert not rewritten(db, "ADD c timestamptz NOT NULL DEFAULT now()")
    assert not rewritten(db, "ADD d uuid")
    assert not rewritten(db, "ALTER d SET DEFAULT gen_random_uuid()")
