from rest_framework.test import APIClient


def test_openapi_and_its_page(client: APIClient) -> None:
    document = client.get("/openapi.json").json()

    assert {"/health", "/ready", "/products", "/products/{id}"} <= set(document["paths"])
    assert client.get("/docs").status_code == 200
