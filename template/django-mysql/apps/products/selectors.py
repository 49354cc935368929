from django.db.models import QuerySet

from apps.errors import NotFound
from apps.products.models import Product


def list_products() -> QuerySet[Product]:
    return Product.objects.order_by("id")


def get_product(product_id: int) -> Product:
    try:
        return Product.objects.get(id=product_id)
    except Product.DoesNotExist:
        raise NotFound("There is no such product.") from None
