"""Requests, responses and errors."""

import contextlib

import pytest
from conftest import client_of
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from proves import proves
from pydantic import BaseModel, StrictBool, StrictInt, ValidationError

pytestmark = pytest.mark.anyio


@proves("Unexpected errors are answered by a handler for `Exception`")
async def test_handler_of_exception_is_outside_middleware():
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])

    @app.exception_handler(Exception)
    async def handle(request, error):
        return JSONResponse({"mine": True}, 500)

    @app.middleware("http")
    async def add_id(request, call_next):
        response = await call_next(request)
        response.headers["x-request-id"] = "1"
        return response

    @app.get("/")
    async def handler():
        raise RuntimeError

    async with client_of(app) as client:
        response = await client.get("/", headers={"origin": "https://a.example"})
    assert (response.status_code, response.json()) == (500, {"mine": True})
    assert not {"x-request-id", "access-control-allow-origin"} & set(response.headers)


@proves("Unexpected errors are answered by a handler for `Exception`")
@pytest.mark.parametrize(("answered_in", "seen"), [("middleware", 0), ("handler", 1)])
async def test_what_telemetry_sees(answered_in, seen):
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    app = FastAPI(telemetry={"logger_provider": provider})

    @app.get("/")
    async def handler():
        raise RuntimeError

    if answered_in == "middleware":

        @app.middleware("http")
        async def catch(request, call_next):
            with contextlib.suppress(RuntimeError):
                return await call_next(request)
            return JSONResponse({}, 500)

    else:

        @app.exception_handler(Exception)
        async def handle(request, error):
            return JSONResponse({}, 500)

    async with client_of(app) as client:
        assert (await client.get("/")).status_code == 500
    assert len(exporter.get_finished_logs()) == seen


class Accepting(BaseModel):
    featured: bool
    stock: int


class Strict(BaseModel):
    featured: StrictBool
    stock: StrictInt


@proves('Pydantic accepts `"yes"` as a bool')
def test_what_pydantic_coerces():
    body = '{"featured": "yes", "stock": "12"}'
    assert Accepting.model_validate_json(body).model_dump() == {"featured": True, "stock": 12}
    with pytest.raises(ValidationError, match="2 validation errors"):
        Strict.model_validate_json(body)
