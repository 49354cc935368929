from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from apps.products.models import Product
from tests.products.conftest import Create

pytestmark = pytest.mark.django_db


def test_create(client: APIClient) -> None:
    response = client.post("/products", {"sku": "A-1", "name": "Chair"})

    body = response.json()
    assert response.status_code == 201
    assert set(body) == {"id", "sku", "name", "created_at", "updated_at"}
    assert body["created_at"] == body["updated_at"]
    assert response["Location"] == f"/products/{body['id']}"
    assert client.get(response["Location"]).json() == body
    assert Product.objects.get(id=body["id"]).sku == "A-1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Chair"}, "sku"),
        ({"sku": "A-1", "name": None}, "name"),
        ({"sku": "A-1", "name": "\n\t"}, "name"),
        ({"sku": "x" * 41, "name": "Chair"}, "sku"),
        ({"sku": 1, "name": "Chair"}, "sku"),
        ({"sku": "A\0", "name": "Chair"}, "sku"),
        ({"sku": "A-1", "name": "Chair", "price": 1}, "price"),
        ({"sku": "A-1", "name": "Chair", "id": 1}, "id"),
        ([], "non_field_errors"),
    ],
)
def test_create_refuses(client: APIClient, body: Any, field: str) -> None:
    before = list(Product.objects.values_list("id"))

    response = client.post("/products", body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert list(Product.objects.values_list("id")) == before


@pytest.mark.parametrize(
    "body", [b'{"sku": ', b"\xff", b'{"sku": NaN}', b'{"sku": "\\ud800", "name": "Chair"}', b"[" * 100_000]
)
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=rot13"])
def test_create_refuses_a_broken_body(client: APIClient, body: bytes, content_type: str) -> None:
    assert client.post("/products", body, content_type=content_type).status_code == 400


def test_create_refuses_another_content_type(client: APIClient) -> None:
    response = client.post("/products", b"sku=A-1", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 415


def test_create_refuses_a_huge_body(client: APIClient) -> None:
    response = client.post("/products", {"sku": "A-1", "name": "x" * 3_000_000})

    assert response.status_code == 413


def test_create_with_a_taken_sku(client: APIClient, product: Product) -> None:
    response = client.post("/products", {"sku": product.sku, "name": "Table"})

    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem:sku_taken"
    assert Product.objects.get(sku=product.sku).name == "Chair"


def test_list_by_pages(client: APIClient, create: Create) -> None:
    skus = [create(sku=sku, name="Chair").sku for sku in ("C", "A", "B")]

    listed = []
    url = "/products?page_size=2"
    while url:
        page = client.get(url).json()
        assert len(page["results"]) <= 2
        listed += [product["sku"] for product in page["results"] if product["sku"] in skus]
        url = page["next"]
    assert listed == skus


@pytest.mark.parametrize("rows", [2, 3])
def test_list_costs_the_same_for_each_row(
    client: APIClient, create: Create, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        create(sku=f"A-{number}", name="Chair")

    with django_assert_num_queries(1):
        client.get("/products")


@pytest.mark.parametrize(
    "query",
    [
        *({"page_size": size} for size in ("101", "0", "", "+1", "1.0", "1_0", "0x1")),
        *({"after": after} for after in ("-1", "one", "1" * 30)),
        {"color": "red"},
    ],
)
def test_list_refuses(client: APIClient, query: dict[str, Any]) -> None:
    assert client.get("/products", query).status_code == 400


def test_update(client: APIClient, product: Product) -> None:
    response = client.patch(f"/products/{product.id}", {"name": "Table"})

    assert response.status_code == 200
    assert response.json()["name"] == "Table"
    product.refresh_from_db()
    assert (product.sku, product.name) == ("A-1", "Table")


@pytest.mark.parametrize(
    "body", [{}, {"name": None}, {"name": ""}, {"price": 1}, {"created_at": "2020-01-01T00:00:00Z"}]
)
def test_update_refuses(client: APIClient, product: Product, body: dict[str, Any]) -> None:
    assert client.patch(f"/products/{product.id}", body).status_code == 400
    assert Product.objects.get(id=product.id).updated_at == product.updated_at


def test_update_to_a_taken_sku(client: APIClient, create: Create, product: Product) -> None:
    other = create(sku="A-2", name="Table")

    assert client.patch(f"/products/{other.id}", {"sku": product.sku}).status_code == 409


def test_delete(client: APIClient, product: Product) -> None:
    response = client.delete(f"/products/{product.id}")

    assert (response.status_code, response.content) == (204, b"")
    assert not Product.objects.filter(id=product.id).exists()


@pytest.mark.parametrize("name", ["0", "1" + "0" * 30, "1" * 5000, "one", "+1", "0x1", "1.0", "%201"])
def test_not_found(client: APIClient, name: str) -> None:
    url = f"/products/{name}"

    assert client.get(url).status_code == 404
    assert client.patch(url, {"name": "Table"}).status_code == 404
    assert client.delete(url).status_code == 404
