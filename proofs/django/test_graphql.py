"""graphql.md"""

import strawberry
import strawberry_django
from django.db import connection
from django.test.utils import CaptureQueriesContext
from proves import proves
from shop.models import Product, Supplier
from strawberry import auto
from strawberry_django.optimizer import DjangoOptimizerExtension


@strawberry_django.type(Supplier)
class SupplierType:
    name: auto

    @classmethod
    def get_queryset(cls, queryset, info, **_):
        return queryset.filter(name="mine")


@strawberry_django.type(Product)
class ProductType:
    sku: auto
    supplier: SupplierType | None


@strawberry.type
class Query:
    products: list[ProductType] = strawberry_django.field()


PLAIN = strawberry.Schema(Query)
OPTIMIZED = strawberry.Schema(Query, extensions=[DjangoOptimizerExtension])


@proves("without `DjangoOptimizerExtension` relations are N+1")
def test_relations(transactional_db):
    for name in ("mine", "theirs"):
        Product.objects.create(sku=name, name=name, supplier=Supplier.objects.create(name=name))
    found = {}
    for schema in (PLAIN, OPTIMIZED):
        with CaptureQueriesContext(connection) as queries:
            result = schema.execute_sync("{ products { sku supplier { name } } }")
        found[schema] = (len(queries), [product["supplier"] for product in result.data["products"]])
    assert found == {PLAIN: (3, [{"name": "mine"}, {"name": "theirs"}]), OPTIMIZED: (2, [{"name": "mine"}, None])}
