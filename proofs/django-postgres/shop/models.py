from django.db import models
from django.db.models.functions import Lower


class Customer(models.Model):
    email = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(Lower("email"), name="lower_email")]


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    total = models.IntegerField(default=0)
