"""What the proofs are tried on."""

from django.db import models


class Supplier(models.Model):
    name = models.CharField(max_length=100)


class Product(models.Model):
    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    supplier = models.ForeignKey(Supplier, models.CASCADE, null=True, related_name="products")
    price = models.DecimalField(max_digits=10, decimal_places=2, default=0)
