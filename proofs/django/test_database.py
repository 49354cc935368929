"""database.md"""

from __future__ import annotations

import pytest
from conftest import BEFORE_6
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from proves import proves
from shop.models import Product, Supplier


@proves("`fetch_mode(FETCH_PEERS)` loads a missing relation")
@pytest.mark.skipif(BEFORE_6, reason="came with Django 6.1")
def test_fetch_modes(db, django_assert_num_queries):
    from django.core.exceptions import FieldFetchBlocked

    for name in "abc":
        Product.objects.create(sku=name, name=name, supplier=Supplier.objects.create(name=name))
    with django_assert_num_queries(2):
        assert [product.supplier.name for product in Product.objects.fetch_mode(models.FETCH_PEERS)] == ["a", "b", "c"]
    with pytest.raises(FieldFetchBlocked):
        assert Product.objects.fetch_mode(models.FETCH_RAISE)[0].supplier


@proves("`on_delete=DB_CASCADE` spares")
@pytest.mark.skipif(BEFORE_6, reason="came with Django 6.1")
def test_cascade_in_the_database(transactional_db):
    class Parent(models.Model):
        class Meta:
            app_label = "elsewhere"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.DB_CASCADE)

        class Meta:
            app_label = "elsewhere"

    with connection.schema_editor() as editor:
        editor.create_model(Parent)
        editor.create_model(Child)
    try:
        Child.objects.create(parent=Parent.objects.create())
        with CaptureQueriesContext(connection) as queries:
            Parent.objects.all().delete()
        assert [word for query in queries if (word := query["sql"].split()[0]) in ("SELECT", "DELETE")] == [
            "DELETE"
        ] and not Child.objects.exists()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Child)
            editor.delete_model(Parent)
