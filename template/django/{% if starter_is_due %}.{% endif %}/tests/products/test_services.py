from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from apps.errors import NotFound
from apps.products import services
from apps.products.models import Product
from tests.products.conftest import Create


@pytest.mark.django_db
def test_a_sku_is_taken_once(create: Create, products: QuerySet[Product]) -> None:
    create(sku="A-1", name="Chair")

    with pytest.raises(services.SkuTaken):
        create(sku="A-1", name="Table")
    # The transaction of the caller goes on.
    assert products.get(sku="A-1").name == "Chair"


@pytest.mark.django_db
def test_skus_tell_case_accents_and_spaces_apart(create: Create, products: QuerySet[Product]) -> None:
    for sku in ("a", "A", "á", "a "):
        create(sku=sku, name=f"Chair {sku}")

    assert products.get(sku="A").name == "Chair A"


@pytest.mark.django_db
def test_an_update_leaves_other_fields_alone(product: Product, products: QuerySet[Product]) -> None:
    changed = services.update_product(products, product.id, name="Table")

    stored = products.get(id=product.id)
    assert (stored.sku, stored.name, stored.updated_at) == ("A-1", "Table", changed.updated_at)
    assert stored.updated_at > product.updated_at


@pytest.mark.django_db
def test_what_the_queryset_lacks_cannot_be_changed(product: Product, products: QuerySet[Product]) -> None:
    with pytest.raises(NotFound):
        services.update_product(products.none(), product.id, name="Table")
    with pytest.raises(NotFound):
        services.delete_product(products.none(), product.id)
    assert products.get(id=product.id).name == "Chair"


def call_and_close(call: Callable[[], Any]) -> Any:
    try:
        return call()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_concurrent_identical_creates(create: Create, products: QuerySet[Product]) -> None:
    start = Barrier(2)

    def create_one(name: str) -> str:
        start.wait(timeout=5)
        try:
            return create(sku="A-1", name=name).name
        except services.SkuTaken:
            return "taken"

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda name: call_and_close(lambda: create_one(name)), ["Chair", "Table"]))

    assert sorted(results) == sorted(["taken", products.get(sku="A-1").name])


@pytest.mark.django_db(transaction=True)
def test_concurrent_updates_of_two_fields_both_stay(product: Product, products: QuerySet[Product]) -> None:
    meets_the_lock = Event()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "FOR UPDATE" in sql or sql.startswith("UPDATE"):
            meets_the_lock.set()
        return execute(sql, params, many, context)

    def rename() -> None:
        with connection.execute_wrapper(watch):
            services.update_product(products, product.id, name="Table")

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            locked = products.select_for_update().get(id=product.id)
            renamed = threads.submit(call_and_close, rename)
            assert meets_the_lock.wait(timeout=10)
            locked.sku = "B-1"
            locked.save()
        renamed.result(timeout=10)

    stored = products.get(id=product.id)
    assert (stored.sku, stored.name) == ("B-1", "Table")
