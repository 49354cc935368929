from typing import Any

from apps.products.models import Product
from config.serializers import StrictModelSerializer


class ProductSerializer(StrictModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ("id", "sku", "name", "created_at", "updated_at")
        # The constraint answers 409: the validator would ask before the write and lose a race.
        extra_kwargs: dict[str, Any] = {"sku": {"validators": []}}
