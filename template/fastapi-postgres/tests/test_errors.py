"""One format for every error, and each status in the document."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.middleware import MAX_BODY_BYTES
from app.products import service

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/products/", 404), ("PUT", "/products", 405)],
)
async def test_what_no_route_serves(
    client: AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"sku": "\\ud800", "name": "b"}', "application/json", 422),
        (b'{"\\ud800": 1}', "application/json", 422),
        (b"[1]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"sku": "a", "name": "b"}', "text/plain", 422),
        (b'{"sku": "a", "name": "b"}', "", 422),
        (b" " * (MAX_BODY_BYTES + 1), "application/json", 413),
    ],
)
async def test_a_body_that_cannot_be_read(
    client: AsyncClient, content: bytes, content_type: str, status: int
) -> None:
    headers = {"content-type": content_type}
    answer = await client.post("/products", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


async def test_an_answer_does_not_repeat_the_input(client: AsyncClient) -> None:
    answer = await client.post("/products", json={"sku": "x" * 41, "name": ["secret"]})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [
        ["body", "sku"],
        ["body", "name"],
    ]
    assert "secret" not in answer.text


async def test_a_bug_shows_nothing_of_the_inside(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(service, "get_product", broken)
    answer = await client.get("/products/1", headers={"X-Request-ID": "abc"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert answer.headers["x-request-id"] == "abc"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }


def test_every_operation_documents_its_errors(app: FastAPI) -> None:
    document = app.openapi()
    assert {"/health", "/ready", "/products", "/products/{product_id}"} <= set(document["paths"])
    assert "Problem" in document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == [PROBLEM], operation["operationId"]
