"""Who may do what, and what leaks."""

import pytest
from conftest import client_of
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from proves import proves

pytestmark = pytest.mark.anyio


@proves("`app.routes` omits included routers")
async def test_included_and_hidden_routes():
    app, router = FastAPI(openapi_url=None), APIRouter()

    @router.get("/x")
    async def handler(): ...

    @router.get("/hidden", include_in_schema=False)
    async def hidden(): ...

    app.include_router(router, prefix="/v1")
    assert [route for route in app.routes if getattr(route, "path", "").startswith("/v1")] == []
    assert list(app.openapi()["paths"]) == ["/v1/x"]
    assert [route.path for route in iter_route_contexts(app.routes)] == ["/v1/x", "/v1/hidden"]


@proves("Request bodies have no size limit")
@pytest.mark.parametrize(("options", "status"), [({}, 200), ({"max_body_size": 1_000_000}, 413)])
async def test_body_size(options, status):
    app = FastAPI(**options)

    @app.post("/")
    async def handler(request: Request):
        return len(await request.body())

    async with client_of(app) as client:
        assert (await client.post("/", content=b"x" * 50_000_000)).status_code == status
