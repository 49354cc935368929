"""What Django does on PostgreSQL and nowhere else."""

from __future__ import annotations

import socket
import threading

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, NotSupportedError, connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState
from proves import proves
from shop.models import Customer, Order, Product


def state() -> ProjectState:
    found = ProjectState()
    for model in (Customer, Product, Order):
        found.add_model(ModelState.from_model(model))
    return found


def apply(operation: migrations.operations.base.Operation, atomic: bool = True) -> None:
    """Run one operation as `migrate` does."""
    before = state()
    after = before.clone()
    operation.state_forwards("shop", after)
    with connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("shop", editor, before, after)



@proves("Rows inserted with their own ids leave the sequence behind, so the next insert fails: `sqlsequencereset`.")
def test_explicit_ids():
    Product.objects.create(pk=1, sku="a")
    with pytest.raises(IntegrityError):
        Product.objects.create(sku="b")


@proves("`iexact` and `icontains` compare `UPPER()`: an index on `Lower()` does not serve them.")
def test_case_insensitive_lookups():
    assert 'UPPER("shop_customer"."email"' in str(Customer.objects.filter(email__iexact="x").query)
    Customer.objects.bulk_create([Customer(email=f"{n}@example.com") for n in range(2000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shop_customer")
    from django.db.models.functions import Lower

    assert "lower_email" not in Customer.objects.filter(email__iexact="7@example.com").explain()
    assert "lower_email" in Customer.objects.annotate(lower=Lower("email")).filter(lower="7@example.com").explain()




@proves("The pool (`OPTIONS[\"pool\"]`, Django 5.1) refuses a `CONN_MAX_AGE`.")
def test_the_pool():
    from django.db.backends.postgresql.base import DatabaseWrapper

    settings = connection.settings_dict | {"OPTIONS": {"pool": {"min_size": 1, "max_size": 2, "timeout": 5}}, "CONN_MAX_AGE": 60}
    with pytest.raises(ImproperlyConfigured):
        _ = DatabaseWrapper(settings, "pooled").pool
    wrapper = DatabaseWrapper(settings | {"CONN_MAX_AGE": 0}, "pooled2")
    assert wrapper.pool.max_size == 2
    wrapper.close_pool()


@proves("`AddIndexConcurrently` needs `atomic = False`, alone in its file")
def test_add_index_concurrently():
    operation = AddIndexConcurrently("order", models.Index(fields=["total"], name="order_total"))
    with pytest.raises(NotSupportedError):
        apply(operation)
    apply(operation, atomic=False)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX order_total")


@proves("`AddConstraintNotValid` takes only a CHECK")
def test_constraints_not_valid():
    check = models.CheckConstraint(condition=models.Q(total__gte=0), name="total_positive")
    apply(AddConstraintNotValid("order", check))
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'total_positive'")
        assert cursor.fetchone() == (False,)
        apply(ValidateConstraint("order", "total_positive"))
        cursor.execute("ALTER TABLE shop_order DROP CONSTRAINT total_positive")
    with pytest.raises(TypeError):
        AddConstraintNotValid("product", models.UniqueConstraint(fields=["sku"], name="u"))


@proves("libpq has no read timeout: a hung server holds its thread.")
def test_a_hung_server():
    """A relay that stops forwarding is a server that hangs on a machine that still responds."""
    import psycopg

    settings, forward = connection.settings_dict, threading.Event()
    forward.set()
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            forward.wait(30)
            target.sendall(data)

    def relay() -> None:
        client, _ = listener.accept()
        server = socket.create_connection((settings["HOST"], settings["PORT"]))
        threading.Thread(target=pump, args=(client, server), daemon=True).start()
        threading.Thread(target=pump, args=(server, client), daemon=True).start()

    threading.Thread(target=relay, daemon=True).start()
    port = listener.getsockname()[1]
    who = {"user": settings["USER"], "password": settings["PASSWORD"], "dbname": settings["NAME"]}
    with psycopg.connect(host="127.0.0.1", port=port, tcp_user_timeout=500, options="-c statement_timeout=500", **who) as hung:
        forward.clear()
        waiting = threading.Thread(target=lambda: hung.execute("SELECT 1"), daemon=True)
        waiting.start()
        waiting.join(3)
        assert waiting.is_alive()
        forward.set()
        waiting.join(20)
        assert not waiting.is_alive()
