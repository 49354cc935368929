"""What holds for the LTS release only; later ones have fixed it. SQLite is enough: the database has no part in it."""

from __future__ import annotations

from functools import partial

import django
import pytest
from django.conf import settings
from proves import proves

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402


class Product(models.Model):
    stock = models.IntegerField()
    name = models.CharField(max_length=9)

    class Meta:
        app_label = "shop"


@pytest.fixture(autouse=True)
def table():
    with connection.schema_editor() as editor:
        editor.create_model(Product)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Product)


def fails(number: int) -> None:
    raise KeyError(number)


@proves("`on_commit(partial(…), robust=True)` returns 500 for a stored change")
def test_a_partial_is_not_robust():
    with pytest.raises(AttributeError, match="__qualname__"), transaction.atomic():
        Product.objects.create(stock=1)
        transaction.on_commit(partial(fails, 7), robust=True)
    with transaction.atomic():
        transaction.on_commit(lambda: fails(7), robust=True)
    assert Product.objects.count() == 1


@proves('a field saved as `F("stock") - 1` is applied again')
def test_an_expression_stays_on_the_instance():
    product = Product.objects.create(stock=10)
    product.stock = models.F("stock") - 1
    product.save()
    product.name = "new"
    product.save()
    product.refresh_from_db()
    assert product.stock == 8
