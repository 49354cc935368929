"""One format for every error, and each status in the document."""

import asyncio
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from support import MakeProduct, assert_problem

from app.core import middleware
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
    assert_problem(await client.request(method, path), status)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/products", "GET, POST, HEAD, OPTIONS"),
        ("/products/1", "GET, PATCH, DELETE, HEAD, OPTIONS"),
    ],
)
async def test_methods(client: AsyncClient, path: str, allowed: str) -> None:
    assert (await client.put(path)).headers["allow"] == allowed
    options = await client.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


async def test_head_is_get_without_body(client: AsyncClient) -> None:
    assert (await client.head("/health")).status_code == 200
    head, get = await client.head("/products"), await client.get("/products")
    assert head.status_code == 200
    assert head.headers["content-length"] == get.headers["content-length"]


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
    response = await client.post("/products", content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)


async def test_a_response_does_not_repeat_the_input(client: AsyncClient) -> None:
    response = await client.post("/products", json={"sku": "x" * 41, "name": ["secret"]})
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [
        ["body", "sku"],
        ["body", "name"],
    ]
    assert "secret" not in response.text


def fails_with(error: Exception, patch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise error

    patch.setattr(service, "get_product", fail)


async def test_a_bug_shows_nothing_of_the_inside(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(RuntimeError("password=hunter2"), monkeypatch)
    response = await client.get("/products/1", headers={"X-Request-ID": "abc"})
    assert_problem(response, 500)
    assert response.headers["x-request-id"] == "abc"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }


async def test_a_bug_reaches_the_server_and_telemetry(
    app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(RuntimeError("boom"), monkeypatch)
    transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://test") as strict:
        strict.headers = client.headers
        with pytest.raises(RuntimeError, match="boom"):
            await strict.get("/products/1")


async def test_a_database_that_fails_is_503_and_one_line(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = psycopg.OperationalError("server closed the connection\nmore")
    fails_with(OperationalError("SELECT 1", None, gone), monkeypatch)
    response = await client.get("/products/1")
    assert_problem(response, 503)
    assert response.headers["retry-after"] == "5"
    (record,) = [record for record in caplog.records if record.message == "unavailable"]
    assert vars(record)["cause"] == "OperationalError: server closed the connection"
    assert record.exc_info is None


async def test_a_locked_row_is_503(
    app: FastAPI, client: AsyncClient, new_product: MakeProduct
) -> None:
    product = await new_product()
    async with app.state.new_session() as other:
        await other.execute(
            text("SELECT 1 FROM products WHERE id = :id FOR UPDATE"), {"id": product["id"]}
        )
        response = await client.patch(f"/products/{product['id']}", json={"name": "Late"})
    assert_problem(response, 503)
    assert response.headers["retry-after"] == "5"


async def test_a_request_has_a_deadline(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.sleep(5)

    monkeypatch.setattr(middleware, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(service, "get_product", hang)
    response = await client.get("/products/1")
    assert_problem(response, 503)
    assert response.headers["retry-after"] == "5"


async def test_a_traceback_holds_no_values_of_the_row(app: FastAPI) -> None:
    row: dict[str, Any] = {"name": "n", "value": "hunter2"}
    async with app.state.new_session() as session:
        await session.execute(text("CREATE TEMPORARY TABLE t (value text UNIQUE) ON COMMIT DROP"))
        await session.execute(text("INSERT INTO t VALUES (:value)"), row)
        with pytest.raises(IntegrityError) as raised:
            await session.execute(text("INSERT INTO t VALUES (:value)"), row)
    assert "t_value_key" in str(raised.value)
    assert "hunter2" not in str(raised.value) + str(raised.value.orig)


def test_every_operation_documents_its_errors(app: FastAPI) -> None:
    document = app.openapi()
    assert {"/health", "/ready", "/products", "/products/{product_id}"} <= set(document["paths"])
    assert "Problem" in document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == [PROBLEM], operation["operationId"]
