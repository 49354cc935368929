import importlib
from collections.abc import Iterator

import pytest
from django.urls import clear_url_caches, set_script_prefix
from pytest_django import Settings
from rest_framework.test import APIClient

from config import urls


@pytest.fixture(params=[True, False])
def docs(request: pytest.FixtureRequest, settings: Settings) -> Iterator[bool]:
    settings.DOCS = request.param
    importlib.reload(urls)
    clear_url_caches()
    yield request.param
    settings.DOCS = False
    importlib.reload(urls)
    clear_url_caches()


def test_the_document_and_its_page_have_a_switch(docs: bool) -> None:
    status = 200 if docs else 404

    assert APIClient().get("/docs").status_code == status
    response = APIClient().get("/openapi.json")
    assert response.status_code == status
    if docs:
        assert {"/health", "/ready", "/products", "/products/{id}"} <= set(response.json()["paths"])


@pytest.mark.django_db
def test_behind_a_prefix(client: APIClient) -> None:
    set_script_prefix("/api/")
    try:
        response = client.post("/products", {"sku": "A-1", "name": "Chair"})
    finally:
        set_script_prefix("/")

    assert response["Location"] == f"/api/products/{response.json()['id']}"
