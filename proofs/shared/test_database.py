"""Transactions, constraints, pagination, migrations, jobs: on a real database, without a framework."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from conftest import together
from proves import proves
from psycopg import errors


@proves("An invariant is a database constraint: a check in code alone loses to concurrent requests.", "Catch the violation and return 409.")
def test_a_check_in_code_loses(connect):
    connect().execute("CREATE TABLE users (email text)")
    barrier = threading.Barrier(2)

    def register(connection: psycopg.Connection) -> None:
        found = connection.execute("SELECT 1 FROM users WHERE email = 'a@example.com'").fetchone()
        barrier.wait(10)  # both have looked
        if not found:
            connection.execute("INSERT INTO users VALUES ('a@example.com')")

    together(lambda: register(connect()), lambda: register(connect()))
    assert connect().execute("SELECT count(*) FROM users").fetchone() == (2,)
    connect().execute("TRUNCATE users; ALTER TABLE users ADD UNIQUE (email)")
    outcomes = together(lambda: register(connect()), lambda: register(connect()))
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [errors.UniqueViolation]  # this is the 409


@proves("External calls, queue messages and files stay outside it: they cannot be rolled back, and they hold its locks.", "One operation is one transaction")
def test_a_call_inside_a_transaction_holds_locks_and_is_not_rolled_back(connect):
    one, other, sent = connect(), connect(), []
    one.execute("CREATE TABLE stock (id int PRIMARY KEY, n int); INSERT INTO stock VALUES (1, 5)")
    with pytest.raises(RuntimeError), one.transaction():
        one.execute("UPDATE stock SET n = 4 WHERE id = 1")
        sent.append("mail")  # the external call, during which another request wants the row
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            other.execute("UPDATE stock SET n = 3 WHERE id = 1")
        raise RuntimeError
    assert sent == ["mail"] and other.execute("SELECT n FROM stock").fetchone() == (5,)


@proves("Read-modify-write loses updates: use one conditional UPDATE, a version column or a row lock")
def test_lost_update(connect):
    connect().execute("CREATE TABLE stock (n int); INSERT INTO stock VALUES (10)")
    barrier = threading.Barrier(2)

    def take(connection: psycopg.Connection) -> None:
        (n,) = connection.execute("SELECT n FROM stock").fetchone()
        barrier.wait(10)
        connection.execute("UPDATE stock SET n = %s", [n - 1])

    together(lambda: take(connect()), lambda: take(connect()))
    assert connect().execute("SELECT n FROM stock").fetchone() == (9,)  # one of two is lost
    connect().execute("UPDATE stock SET n = 1")
    rows = together(*[lambda: connect().execute("UPDATE stock SET n = n - 1 WHERE n > 0").rowcount] * 2)
    assert sorted(rows) == [0, 1]


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


@proves("Pool size × processes × instances stays below the server's `max_connections`")
def test_connections_beyond_the_limit_are_refused(connect):
    admin, role = connect(), f"proof_{time.monotonic_ns()}"
    admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2")
    host = {"host": admin.info.host, "port": admin.info.port, "dbname": admin.info.dbname, "user": role}
    pool = [psycopg.connect(**host), psycopg.connect(**host)]
    try:
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            psycopg.connect(**host)
    finally:
        for connection in pool:
            connection.close()
        for _ in range(50):
            if not admin.execute("SELECT 1 FROM pg_stat_activity WHERE usename = %s", [role]).fetchone():
                break
            time.sleep(0.1)
        admin.execute(f"DROP ROLE {role}")


@proves("is sorted by a unique last column: otherwise rows repeat or go missing between pages.", "Growing lists use keyset pagination.")
def test_pages_of_an_order_with_ties(connect):
    db = connect()
    db.execute("CREATE TABLE products (id int, price int, name text)")
    db.execute("INSERT INTO products SELECT i, i % 5, repeat('x', 200) FROM generate_series(1, 2000) i")

    def pages(order: str) -> list[int]:
        return [row[0] for at in range(0, 2000, 50) for row in db.execute(f"SELECT id FROM products ORDER BY {order} LIMIT 50 OFFSET {at}")]

    assert len(set(pages("price"))) < 2000
    assert len(set(pages("price, id"))) == 2000
    first = [row[0] for row in db.execute("SELECT id FROM products ORDER BY id LIMIT 50")]
    db.execute("DELETE FROM products WHERE id = 1")  # between two pages: offset skips a row, the key does not
    assert db.execute("SELECT id FROM products ORDER BY id LIMIT 50 OFFSET 50").fetchone() == (first[-1] + 2,)
    assert db.execute("SELECT id FROM products WHERE id > %s ORDER BY id LIMIT 50", [first[-1]]).fetchone() == (first[-1] + 1,)


@proves("A POST that clients retry takes an `Idempotency-Key`: key, request hash and response are stored under a unique constraint in the transaction of the work.")
def test_an_idempotency_key_in_the_same_transaction(connect):
    connect().execute("CREATE TABLE keys (key text PRIMARY KEY, response text); CREATE TABLE charges (id serial)")

    def charge(connection: psycopg.Connection) -> None:
        with connection.transaction():
            connection.execute("INSERT INTO keys VALUES ('k', 'charged')")
            connection.execute("INSERT INTO charges DEFAULT VALUES")

    outcomes = together(*[lambda: charge(connect())] * 4)
    assert [type(outcome) for outcome in outcomes].count(errors.UniqueViolation) == 3
    assert connect().execute("SELECT count(*) FROM charges").fetchone() == (1,)


@proves("`If-Match` or a version column prevents the lost update (412 or 409)")
def test_a_version_column(connect):
    connect().execute("CREATE TABLE pages (text text, version int); INSERT INTO pages VALUES ('a', 1)")
    save = "UPDATE pages SET text = %s, version = version + 1 WHERE version = %s"
    assert sorted(together(lambda: connect().execute(save, ["b", 1]).rowcount, lambda: connect().execute(save, ["c", 1]).rowcount)) == [0, 1]


@proves("Enqueue after the commit: a worker can start before it and find no row.")
def test_a_worker_does_not_see_an_uncommitted_row(connect):
    worker = connect()
    request = connect(autocommit=False)
    worker.execute("CREATE TABLE orders (id int)")
    request.execute("INSERT INTO orders VALUES (1)")
    assert worker.execute("SELECT 1 FROM orders").fetchone() is None
    request.commit()
    assert worker.execute("SELECT 1 FROM orders").fetchone()


@proves("A job may run twice: it claims its work in the database first.")
def test_a_claim_lets_one_delivery_work(connect):
    connect().execute("CREATE TABLE jobs (id int, claimed bool DEFAULT false); INSERT INTO jobs VALUES (1)")
    claim = "UPDATE jobs SET claimed = true WHERE id = 1 AND NOT claimed"
    assert sorted(together(*[lambda: connect().execute(claim).rowcount] * 3)) == [0, 0, 1]


@proves("It carries ids and reads the current row.")
def test_a_copy_in_a_job_is_stale(connect):
    db = connect()
    db.execute("CREATE TABLE users (id int, email text); INSERT INTO users VALUES (1, 'old@example.com')")
    job = {"id": 1, "email": db.execute("SELECT email FROM users").fetchone()[0]}
    db.execute("UPDATE users SET email = 'new@example.com'")  # between enqueueing and running
    assert job["email"] != db.execute("SELECT email FROM users WHERE id = %s", [job["id"]]).fetchone()[0]


@proves("What must not be lost is an outbox row in the transaction.", "after the commit a crash loses the event, before it the event may announce what never happened.")
def test_only_an_outbox_row_shares_the_fate_of_the_work(connect):
    db = connect()
    db.execute("CREATE TABLE orders (id int); CREATE TABLE outbox (event text)")
    published = []

    def place(crash: str) -> None:
        with db.transaction():
            db.execute("INSERT INTO orders VALUES (1)")
            db.execute("INSERT INTO outbox VALUES ('placed')")
            if crash == "rollback":
                published.append("before the commit")
                raise RuntimeError
        if crash == "process":
            raise RuntimeError
        published.append("after the commit")

    for crash, orders, outbox, announced in (("rollback", 0, 0, 1), ("process", 1, 1, 1)):
        with pytest.raises(RuntimeError):
            place(crash)
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("orders", "outbox")]
        assert (*counts, len(published)) == (orders, outbox, announced)


@proves("Incoming webhooks: verify the signature over the raw body and its timestamp, store the event id under a unique constraint")
def test_a_signature_is_over_the_raw_body(connect):
    import hashlib
    import hmac
    import json

    raw = b'{"id": "e1",  "amount": 10.0}'
    signature = hmac.new(b"key", raw, hashlib.sha256).hexdigest()
    again = json.dumps(json.loads(raw)).encode()
    assert hmac.new(b"key", again, hashlib.sha256).hexdigest() != signature
    db = connect()
    db.execute("CREATE TABLE events (id text PRIMARY KEY); INSERT INTO events VALUES ('e1')")
    with pytest.raises(errors.UniqueViolation):
        db.execute("INSERT INTO events VALUES ('e1')")


@proves("Invalidate after the commit, not before: a concurrent reader otherwise puts the old value back.")
def test_invalidation_before_the_commit(connect):
    reader, writer, cache = connect(), connect(autocommit=False), {}
    reader.execute("CREATE TABLE prices (p int); INSERT INTO prices VALUES (1)")

    def read() -> int:
        return cache.setdefault("p", reader.execute("SELECT p FROM prices").fetchone()[0])

    read()
    writer.execute("UPDATE prices SET p = 2")
    cache.clear()  # before the commit
    read()
    writer.commit()
    assert read() == 1  # stale, and nothing will clear it
    cache.clear()
    assert read() == 2


@proves("A schema change waits for running queries, and later queries queue behind its lock")
def test_queries_queue_behind_a_waiting_alter(connect):
    report, migration, request = connect(autocommit=False), connect(), connect()
    migration.execute("CREATE TABLE orders (id int)")
    report.execute("SELECT * FROM orders")  # a long transaction
    altering = threading.Thread(target=lambda: migration.execute("ALTER TABLE orders ADD COLUMN note text"))
    altering.start()
    while not request.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass").fetchone():
        time.sleep(0.02)
    request.execute("SET lock_timeout = '200ms'")
    with pytest.raises(errors.LockNotAvailable):
        request.execute("SELECT * FROM orders")  # a mere read
    report.rollback()
    altering.join(20)
    assert request.execute("SELECT count(*) FROM orders").fetchone() == (0,)


@proves("During a rollout old code runs on the new schema: add (nullable or with a default), backfill, switch the code, drop a release later.")
def test_old_code_on_the_new_schema(connect):
    db = connect()
    db.execute("CREATE TABLE orders (id int, state text)")
    old_code = "INSERT INTO orders (id, state) VALUES (1, 'open')"
    db.execute("ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'open'")
    db.execute(old_code)
    db.execute("ALTER TABLE orders ALTER COLUMN status DROP DEFAULT")
    with pytest.raises(errors.NotNullViolation):
        db.execute(old_code)
    db.execute("ALTER TABLE orders DROP COLUMN state")
    with pytest.raises(errors.UndefinedColumn):
        db.execute(old_code)


@proves("A committed migration is never changed: an edit reaches only new databases.", "Write the next one.")
@proves("Read what was generated before you run it: a rename comes out as drop and add, which loses the data.")
@proves("what a console or an ORM's sync at startup created exists in one database, and the next migration fails on it")
def test_migrations_by_alembic(connect, tmp_path):
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    connection = connect()
    schema = connection.execute("SHOW search_path").fetchone()[0]
    url = sa.URL.create("postgresql+psycopg", connection.info.user, None, connection.info.host, connection.info.port, connection.info.dbname)
    with sa.create_engine(url, connect_args={"options": f"-c search_path={schema}"}).connect() as db:
        run: list[str] = []

        def migrate(revisions: dict[str, str]) -> None:
            """As migration tools do: what is recorded does not run again."""
            for name, sql in revisions.items():
                if name not in run:
                    db.execute(sa.text(sql))
                    run.append(name)

        migrate({"1": "CREATE TABLE items (id int, name text)"})
        migrate({"1": "CREATE TABLE items (id int, name text, price int)"})  # edited after it ran
        assert {column["name"] for column in sa.inspect(db).get_columns("items")} == {"id", "name"}

        metadata = sa.MetaData()
        sa.Table("items", metadata, sa.Column("id", sa.Integer), sa.Column("title", sa.Text))  # name was renamed
        found = compare_metadata(MigrationContext.configure(db), metadata)
        assert sorted(change[0] for change in found) == ["add_column", "remove_column"]

        metadata.create_all(db)
        db.execute(sa.text("CREATE TABLE carts (id int)"))  # by hand in a console
        with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
            Operations(MigrationContext.configure(db)).create_table("carts", sa.Column("id", sa.Integer))


@proves("A race needs two connections that really commit: inside one rolled-back transaction it cannot happen, and the test passes vacuously.")
def test_a_race_in_one_transaction_passes_vacuously(connect):
    db = connect(autocommit=False)
    db.execute("CREATE TABLE users (email text)")  # no constraint: two connections would both register, see above
    for _ in range(2):
        if not db.execute("SELECT 1 FROM users WHERE email = 'a@example.com'").fetchone():
            db.execute("INSERT INTO users VALUES ('a@example.com')")
    assert db.execute("SELECT count(*) FROM users").fetchone() == (1,)
    db.rollback()


@proves("Every query for a row by id also filters by its owner or tenant, for writes too, and returns 404 to anyone else")
@proves("SQL injection: values are bound parameters; column and sort names come from a fixed list.")
def test_owner_filter_and_parameters(connect):
    db = connect()
    db.execute("CREATE TABLE notes (id int, owner int, text text); INSERT INTO notes VALUES (1, 7, 'private')")
    assert db.execute("SELECT text FROM notes WHERE id = 1").fetchone()  # whoever asks
    assert db.execute("SELECT text FROM notes WHERE id = 1 AND owner = 8").fetchone() is None
    assert db.execute("UPDATE notes SET text = '' WHERE id = 1 AND owner = 8").rowcount == 0
    typed = "x' OR '1'='1"
    assert db.execute(f"SELECT text FROM notes WHERE text = '{typed}'").fetchone()
    assert db.execute("SELECT text FROM notes WHERE text = %s", [typed]).fetchone() is None
    db.execute("INSERT INTO notes VALUES (2, 7, 'a')")
    by_parameter = db.execute("SELECT id FROM notes ORDER BY %s::text, id", ["text"]).fetchall()  # a constant, no column
    assert by_parameter == [(1,), (2,)] != db.execute("SELECT id FROM notes ORDER BY text, id").fetchall()


@proves("The event store is append-only with a unique `(stream_id, version)`; on a violation reload, decide again, append.")
@proves("A command (CQRS) loads its stream, decides and appends in one transaction")
def test_two_commands_on_one_stream(connect):
    connect().execute("CREATE TABLE events (stream_id int, version int, UNIQUE (stream_id, version))")
    barrier = threading.Barrier(2)

    def command(db: psycopg.Connection, wait: bool) -> None:
        with db.transaction():
            (version,) = db.execute("SELECT coalesce(max(version), 0) FROM events WHERE stream_id = 1").fetchone()
            if wait:
                barrier.wait(10)
            db.execute("INSERT INTO events VALUES (1, %s)", [version + 1])

    outcomes = together(*[lambda: command(connect(), True)] * 2)
    assert [type(outcome) for outcome in outcomes].count(errors.UniqueViolation) == 1
    command(connect(), False)  # loaded again
    assert connect().execute("SELECT max(version) FROM events").fetchone() == (2,)


@proves("A projection writes its rows and its checkpoint in one transaction, is idempotent, and can be rebuilt")
def test_a_projection_without_its_checkpoint_counts_twice(connect):
    db = connect()
    db.execute("CREATE TABLE totals (n int); INSERT INTO totals VALUES (0); CREATE TABLE checkpoint (at int); INSERT INTO checkpoint VALUES (0)")

    def project(atomic: bool, crash: bool) -> None:
        if db.execute("SELECT at FROM checkpoint").fetchone()[0] >= 1:
            return
        with db.transaction() if atomic else db.pipeline():
            db.execute("UPDATE totals SET n = n + 1")
            if crash:
                if not atomic:
                    db.execute("SELECT 1")
                raise RuntimeError
            db.execute("UPDATE checkpoint SET at = 1")

    for atomic, total in ((False, 2), (True, 1)):
        db.execute("UPDATE totals SET n = 0; UPDATE checkpoint SET at = 0")
        with pytest.raises(RuntimeError):
            project(atomic, crash=True)
        project(atomic, crash=False)
        assert db.execute("SELECT n FROM totals").fetchone() == (total,)


@proves("Charges and transfers are idempotent by key and lock the accounts in key order.", "lock several rows in key order")
def test_locks_in_key_order_do_not_deadlock(connect):
    connect().execute("CREATE TABLE accounts (id int PRIMARY KEY); INSERT INTO accounts VALUES (1), (2)")

    def transfer(first: int, second: int) -> None:
        db = connect(autocommit=False)
        db.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [first])
        time.sleep(0.3)
        db.execute("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", [second])
        db.commit()

    outcomes = together(lambda: transfer(1, 2), lambda: transfer(2, 1))
    assert any(isinstance(outcome, errors.DeadlockDetected) for outcome in outcomes)
    assert together(lambda: transfer(1, 2), lambda: transfer(1, 2)) == [None, None]
