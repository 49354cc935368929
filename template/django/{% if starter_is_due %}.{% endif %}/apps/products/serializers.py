from apps.products.models import Product
from config.serializers import StrictModelSerializer


class ProductSerializer(StrictModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ("id", "sku", "name", "created_at", "updated_at")
        read_only_fields = ("created_at", "updated_at")
