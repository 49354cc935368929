from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from apps.errors import NotFound
from apps.products import selectors, services
from apps.products.models import Product


@pytest.mark.django_db
def test_lists_in_the_order_of_creation() -> None:
    made = [services.create_product(sku=sku, name="Chair") for sku in ("B", "A")]

    assert [product for product in selectors.list_products() if product in made] == made


@pytest.mark.django_db
def test_a_sku_is_taken_once() -> None:
    services.create_product(sku="A-1", name="Chair")

    with pytest.raises(services.SkuTaken):
        services.create_product(sku="A-1", name="Table")
    # The transaction of the caller goes on.
    assert Product.objects.get(sku="A-1").name == "Chair"


@pytest.mark.django_db
def test_skus_tell_case_and_accents_apart() -> None:
    for sku in ("a", "A", "á"):
        services.create_product(sku=sku, name=f"Chair {sku}")

    assert Product.objects.get(sku="A").name == "Chair A"


@pytest.mark.django_db
def test_an_update_leaves_other_columns_alone() -> None:
    product = services.create_product(sku="A-1", name="Chair")

    changed = services.update_product(product.id, name="Table")

    stored = selectors.get_product(product.id)
    assert (stored.sku, stored.name, stored.updated_at) == ("A-1", "Table", changed.updated_at)
    assert stored.updated_at > product.updated_at


@pytest.mark.django_db
def test_what_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(NotFound):
        services.update_product(0, name="Table")
    with pytest.raises(NotFound):
        services.delete_product(0)


@pytest.mark.django_db(transaction=True)
def test_two_identical_creates_at_once() -> None:
    start = Barrier(2)

    def create(name: str) -> str:
        try:
            start.wait(timeout=5)
            return services.create_product(sku="A-1", name=name).name
        except services.SkuTaken:
            return "taken"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(create, ["Chair", "Table"]))

    assert sorted(results) == sorted(["taken", Product.objects.get(sku="A-1").name])
