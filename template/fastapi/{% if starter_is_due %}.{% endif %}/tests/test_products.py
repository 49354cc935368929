import asyncio

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from support import MakeProduct, assert_problem, counted_queries, unique

MISSING_ID = 2**63 - 1


async def test_create_returns_what_is_stored(client: AsyncClient) -> None:
    sku = unique()
    created = await client.post("/products", json={"sku": sku, "name": "Lamp"})
    assert created.status_code == 201
    product = created.json()
    assert (product["sku"], product["name"]) == (sku, "Lamp")
    assert product["created_at"] == product["updated_at"]
    assert created.headers["location"] == f"/products/{product['id']}"
    read = await client.get(created.headers["location"])
    assert (read.status_code, read.json()) == (200, product)


@pytest.mark.parametrize(
    "change",
    [
        {"sku": ""},
        {"sku": " "},
        {"sku": "lamp\n"},
        {"sku": " lamp"},
        {"name": "a\tb"},
        {"sku": "x" * 41},
        {"sku": "nul\x00"},
        {"sku": 12},
        {"sku": None},
        {"name": "x" * 201},
        {"unknown": 1},
        {"id": 1},
    ],
    ids=str,
)
async def test_invalid_values_are_refused(
    client: AsyncClient, new_product: MakeProduct, change: dict[str, object]
) -> None:
    body = {"sku": unique(), "name": "Lamp"} | change
    assert_problem(await client.post("/products", json=body), 422, "/problems/invalid-request")

    product = await new_product()
    path = f"/products/{product['id']}"
    assert_problem(await client.patch(path, json=change), 422, "/problems/invalid-request")
    assert (await client.get(path)).json() == product


async def test_a_taken_sku_is_a_conflict(client: AsyncClient, new_product: MakeProduct) -> None:
    one, other = await new_product(), await new_product()
    again = await client.post("/products", json={"sku": one["sku"], "name": "Lamp"})
    assert_problem(again, 409, "/problems/sku-taken")
    path = f"/products/{other['id']}"
    changed = await client.patch(path, json={"sku": one["sku"]})
    assert_problem(changed, 409, "/problems/sku-taken")
    assert (await client.get(path)).json() == other


async def test_two_identical_creates_at_once(client: AsyncClient) -> None:
    body = {"sku": unique(), "name": "Lamp"}
    responses = await asyncio.gather(*(client.post("/products", json=body) for _ in range(4)))
    assert sorted(response.status_code for response in responses) == [201, 409, 409, 409]


async def test_patch_changes_what_it_names(client: AsyncClient, new_product: MakeProduct) -> None:
    product = await new_product(name="Lamp")
    path = f"/products/{product['id']}"
    changed = await client.patch(path, json={"name": "Desk lamp"})
    assert changed.status_code == 200
    after = {"name": "Desk lamp", "updated_at": changed.json()["updated_at"]}
    assert changed.json() == product | after
    assert after["updated_at"] > product["updated_at"]
    assert (await client.get(path)).json() == changed.json()


async def test_patch_without_a_field_is_refused(
    client: AsyncClient, new_product: MakeProduct
) -> None:
    product = await new_product()
    path = f"/products/{product['id']}"
    assert_problem(await client.patch(path, json={}), 422, "/problems/invalid-request")
    assert (await client.get(path)).json() == product


async def test_concurrent_changes_of_two_fields_both_survive(
    client: AsyncClient, new_product: MakeProduct
) -> None:
    path = f"/products/{(await new_product())['id']}"
    for _ in range(5):
        sku, name = unique(), unique()
        await asyncio.gather(
            client.patch(path, json={"sku": sku}), client.patch(path, json={"name": name})
        )
        stored = (await client.get(path)).json()
        assert (stored["sku"], stored["name"]) == (sku, name)


async def test_delete(client: AsyncClient, new_product: MakeProduct) -> None:
    path = f"/products/{(await new_product())['id']}"
    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_problem(await client.get(path), 404, "/problems/product-not-found")
    assert_problem(await client.delete(path), 404, "/problems/product-not-found")


async def test_a_missing_product(client: AsyncClient) -> None:
    path = f"/products/{MISSING_ID}"
    for response in (
        await client.get(path),
        await client.patch(path, json={"name": "Lamp"}),
        await client.delete(path),
    ):
        assert_problem(response, 404, "/problems/product-not-found")


@pytest.mark.parametrize(
    "product_id", ["x", "0", "-1", "+1", "1.0", "%201", str(2**63), "1" * 5000, "%00"]
)
async def test_an_impossible_id(client: AsyncClient, product_id: str) -> None:
    response = await client.get(f"/products/{product_id}")
    assert_problem(response, 422, "/problems/invalid-request")


async def test_pages_follow_each_other(client: AsyncClient, new_product: MakeProduct) -> None:
    ids = [(await new_product())["id"] for _ in range(3)]
    first = (await client.get("/products", params={"after": ids[0] - 1, "limit": 2})).json()
    assert [item["id"] for item in first["items"]] == ids[:2]
    assert first["next_after"] == ids[1]
    last = (await client.get("/products", params={"after": ids[1], "limit": 100})).json()
    assert last["items"][0]["id"] == ids[2]
    assert last["next_after"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=1.0", "after=-1", f"after={2**63}", "page=2"]
)
async def test_an_impossible_page(client: AsyncClient, query: str) -> None:
    assert_problem(await client.get(f"/products?{query}"), 422, "/problems/invalid-request")


async def test_a_list_takes_as_many_queries_for_three_rows_as_for_none(
    app: FastAPI, client: AsyncClient, new_product: MakeProduct
) -> None:
    async def queries() -> int:
        with counted_queries(app.state.engine.sync_engine) as statements:
            assert (await client.get("/products")).status_code == 200
        return len(statements)

    before = await queries()
    for _ in range(3):
        await new_product()
    assert await queries() == before


async def test_location_has_the_prefix_of_a_proxy(app: FastAPI, client: AsyncClient) -> None:
    transport = ASGITransport(app, root_path="/api")
    async with AsyncClient(transport=transport, base_url="http://test/api") as behind:
        behind.headers = client.headers
        created = await behind.post("/products", json={"sku": unique(), "name": "Lamp"})
    assert created.headers["location"] == f"/api/products/{created.json()['id']}"
