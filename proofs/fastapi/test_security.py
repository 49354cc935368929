"""Who may do what, and what leaks."""

import pytest
from conftest import client_of
from fastapi import APIRouter, FastAPI, Request
from proves import proves

pytestmark = pytest.mark.anyio


@proves("`app.routes` omits included routers")
async def test_included_routes_are_not_in_app_routes():
    app, router = FastAPI(), APIRouter()

    @router.get("/x")
    async def handler(): ...

    app.include_router(router)
    assert "/x" not in [getattr(route, "path", None) for route in app.routes]
    assert list(app.openapi()["paths"]) == ["/x"]


@proves("Request bodies have no size limit")
@pytest.mark.parametrize(("options", "status"), [({}, 200), ({"max_body_size": 1_000_000}, 413)])
async def test_body_size(options, status):
    app = FastAPI(**options)

    @app.post("/")
    async def handler(request: Request):
        return len(await request.body())

    async with client_of(app) as client:
        assert (await client.post("/", content=b"x" * 50_000_000)).status_code == status
