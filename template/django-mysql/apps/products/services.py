from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from apps.errors import Conflict, NotFound
from apps.products.models import Product

DUPLICATE_ENTRY = 1062


class SkuTaken(Conflict):
    code = "sku_taken"


@contextmanager
def _sku_unique() -> Iterator[None]:
    """The constraint decides: a check before the write loses to a second request."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if error.args[0] != DUPLICATE_ENTRY:
            raise
        raise SkuTaken("Another product has this sku.") from None


def create_product(*, sku: str, name: str) -> Product:
    with _sku_unique():
        return Product.objects.create(sku=sku, name=name)


def update_product(product_id: int, **changes: str) -> Product:
    with _sku_unique():
        try:
            product = Product.objects.select_for_update().get(id=product_id)
        except Product.DoesNotExist:
            raise NotFound("There is no such product.") from None
        for field, value in changes.items():
            setattr(product, field, value)
        product.save(update_fields=[*changes, "updated_at"])
    return product


def delete_product(product_id: int) -> None:
    deleted, _ = Product.objects.filter(id=product_id).delete()
    if not deleted:
        raise NotFound("There is no such product.")
