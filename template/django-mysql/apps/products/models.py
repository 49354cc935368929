from django.db import models


class Product(models.Model):
    # The default collation takes A, a and á for one value.
    sku = models.CharField(max_length=40, unique=True, db_collation="utf8mb4_bin")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.sku
