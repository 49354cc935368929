"""api.md"""

from __future__ import annotations

import base64
from io import BytesIO

import django_filters
import pytest
from django.core.exceptions import ValidationError
from django.core.handlers.wsgi import WSGIRequest
from proves import proves
from rest_framework import generics, pagination, serializers
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIRequestFactory
from shop.models import Product

REQUESTS = APIRequestFactory()


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ["id", "sku", "name"]


# --- input


@proves("DRF drops them, and read-only ones")
def test_unknown_fields_are_dropped(db):
    serializer = ProductSerializer(data={"sku": "A", "name": "a", "id": 7, "nmae": "typo"})
    assert serializer.is_valid() and serializer.validated_data == {"sku": "A", "name": "a"}


@proves("WSGI reads no body without `Content-Length`")
def test_a_chunked_body_arrives_empty():
    environ = {
        "REQUEST_METHOD": "PATCH",
        "PATH_INFO": "/",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
    }
    body = b'{"name": "new"}'
    chunked = environ | {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    assert WSGIRequest(chunked).body == b""
    assert WSGIRequest(environ | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}).body == body


# --- lists


class Products(generics.ListAPIView):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer


def cursor(position: str) -> str:
    return base64.b64encode(f"p={position}".encode()).decode()


@proves("A forged cursor is a 500")
def test_a_forged_cursor_is_a_500(db):
    class Pages(pagination.CursorPagination):
        ordering = ("price", "pk")
        page_size = 2

    view = Products.as_view(pagination_class=Pages)
    statuses = {text: view(REQUESTS.get("/", {"cursor": text})).status_code for text in ("%%%", "abc")}
    assert statuses == {"%%%": 200, "abc": 404}
    with pytest.raises(ValidationError) as raised:
        view(REQUESTS.get("/", {"cursor": cursor("forged")}))
    assert not isinstance(raised.value, ValueError)


@proves("django-filter ignores unknown parameters")
def test_an_unknown_filter_returns_everything(db):
    class Filters(django_filters.FilterSet):
        class Meta:
            model = Product
            fields = ["sku"]

    Product.objects.create(sku="A", name="a")
    assert Filters({"sku": "B"}, Product.objects.all()).qs.count() == 0
    assert Filters({"skuu": "B"}, Product.objects.all()).qs.count() == 1


@proves("`CursorPagination` compares only the first column")
def test_many_rows_with_the_same_value(db):
    class Pages(pagination.CursorPagination):
        ordering = ("price", "pk")
        page_size = 500

    Product.objects.bulk_create([Product(sku=str(number), name="n", price=1) for number in range(2100)])
    view, url, seen = Products.as_view(pagination_class=Pages), "/", []
    for _ in range(12):  # five would do
        page = view(REQUESTS.get(url)).data
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert url and len(seen) == 6000 and len(set(seen)) < 2100


@proves("With `SessionAuthentication` listed first")
def test_an_unauthenticated_caller_gets_403(db):
    def status(*classes: type) -> int:
        view = Products.as_view(authentication_classes=classes, permission_classes=[IsAuthenticated])
        return view(REQUESTS.get("/")).status_code

    assert status(SessionAuthentication, BasicAuthentication) == 403
    assert status(BasicAuthentication, SessionAuthentication) == 401
