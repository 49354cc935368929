"""security.md"""

from __future__ import annotations

from proves import proves
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from shop.models import Product

REQUESTS = APIRequestFactory()


class Nobody(permissions.BasePermission):
    def has_object_permission(self, request, view, obj) -> bool:
        return False


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ["id"]


class Products(viewsets.ModelViewSet):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    permission_classes = [Nobody]

    @action(detail=True, methods=["post"])
    def cancel(self, request, pk):
        return Response({"id": Product.objects.get(pk=pk).pk})


@proves("DRF checks object permissions in `get_object()` only")
def test_object_permissions_run_in_get_object_only(db):
    pk = Product.objects.create(sku="A", name="a").pk
    of = lambda **actions: Products.as_view(actions)  # noqa: E731
    assert of(get="retrieve")(REQUESTS.get("/"), pk=pk).status_code == 403
    assert of(get="list")(REQUESTS.get("/")).data == [{"id": pk}]
    assert of(post="cancel")(REQUESTS.post("/"), pk=pk).data == {"id": pk}
