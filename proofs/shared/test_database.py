"""Transactions, jobs, migrations and owners: on a real database, without a framework."""

from __future__ import annotations

import time

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from conftest import together
from proves import proves
from psycopg import errors


@proves("After a deadlock or serialization failure retry the whole outermost transaction")
def test_only_the_whole_transaction_can_be_retried(connect):
    setup = connect()
    setup.execute("CREATE TABLE accounts (id int PRIMARY KEY, n int); INSERT INTO accounts VALUES (1, 0), (2, 0)")
    one, other = connect(autocommit=False), connect(autocommit=False)
    one.execute("UPDATE accounts SET n = n + 1 WHERE id = 1")
    other.execute("UPDATE accounts SET n = n + 1 WHERE id = 2")
    outcomes = together(
        lambda: one.execute("UPDATE accounts SET n = n + 1 WHERE id = 2"), lambda: (time.sleep(0.2), other.execute("UPDATE accounts SET n = n + 1 WHERE id = 1"))
    )
    assert [isinstance(outcome, errors.DeadlockDetected) for outcome in outcomes].count(True) == 1
    victim = (one, other)[0 if isinstance(outcomes[0], errors.DeadlockDetected) else 1]
    with pytest.raises(errors.InFailedSqlTransaction):  # its last statement alone cannot be repeated
        victim.execute("UPDATE accounts SET n = n + 1 WHERE id = 1")


@proves("Charges and transfers are idempotent by a key from the caller")
def test_a_repeated_transfer_is_made_once(connect):
    connect().execute("CREATE TABLE transfers (id serial, key text UNIQUE); CREATE TABLE ledger (id serial)")

    def transfer(key: str | None) -> None:
        db = connect(autocommit=False)
        db.execute("INSERT INTO transfers (key) VALUES (%s)", [key])
        db.execute("INSERT INTO ledger DEFAULT VALUES")
        db.commit()

    together(*[lambda: transfer(None)] * 2)  # the client's retry, without a key
    assert connect().execute("SELECT count(*) FROM ledger").fetchone() == (2,)
    outcomes = together(*[lambda: transfer("k")] * 4)
    assert [type(outcome) for outcome in outcomes].count(errors.UniqueViolation) == 3
    assert connect().execute("SELECT count(*) FROM ledger").fetchone() == (3,)


@proves("Enqueue after the commit; a crash in between loses the message")
def test_only_an_outbox_row_shares_the_fate_of_the_work(connect):
    db, worker = connect(), connect()
    db.execute("CREATE TABLE orders (id int); CREATE TABLE outbox (message text)")
    queue, found = [], []

    def place(crash: str) -> None:
        with db.transaction():
            db.execute("INSERT INTO orders VALUES (1)")
            db.execute("INSERT INTO outbox VALUES ('placed')")
            if crash == "rollback":
                queue.append("before the commit")
                found.append(worker.execute("SELECT 1 FROM orders").fetchone())
                raise RuntimeError
        if crash == "process":
            raise RuntimeError
        queue.append("after the commit")

    for crash, stored, sent in (("rollback", 0, ["before the commit"]), ("process", 1, [])):
        queue.clear()
        with pytest.raises(RuntimeError):
            place(crash)
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("orders", "outbox")]
        assert (counts, queue) == ([stored] * 2, sent)
    assert found == [None]  # a worker that starts before the commit finds no row


@proves("A committed migration is never changed: an edit reaches only new databases.")
def test_an_edited_migration_does_not_run_again(connect, tmp_path):
    info, schema = connect().info, connect().execute("SHOW search_path").fetchone()[0]
    url = sa.URL.create("postgresql+psycopg", info.user, info.password or None, info.host, info.port, info.dbname)
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(
        "from alembic import context\n"
        "context.configure(connection=context.config.attributes['connection'])\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    config = Config()
    config.set_main_option("script_location", str(tmp_path))

    def migrate(database: sa.Engine, columns: str) -> set[str]:
        (tmp_path / "versions/one.py").write_text(f"from alembic import op\nrevision, down_revision = 'one', None\n\ndef upgrade():\n    op.execute('CREATE TABLE items ({columns})')\n")
        with database.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return {column["name"] for column in sa.inspect(connection).get_columns("items")}

    engine = sa.create_engine(url, connect_args={"options": f"-c search_path={schema}"}, poolclass=sa.NullPool)
    assert migrate(engine, "id int") == {"id"}
    assert migrate(engine, "id int, price int") == {"id"}  # edited after it ran
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE items, alembic_version"))
    assert migrate(engine, "id int, price int") == {"id", "price"}  # a new database


@proves("every query for a row by id, writes too, also filters by its owner or tenant")
def test_a_row_by_id_is_anyones(connect):
    db: psycopg.Connection = connect()
    db.execute("CREATE TABLE notes (id int, owner int, text text); INSERT INTO notes VALUES (1, 7, 'private')")
    assert db.execute("SELECT text FROM notes WHERE id = 1").fetchone()  # whoever asks
    assert db.execute("SELECT text FROM notes WHERE id = 1 AND owner = 8").fetchone() is None
    assert db.execute("UPDATE notes SET text = '' WHERE id = 1 AND owner = 8").rowcount == 0
