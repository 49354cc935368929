"""Every error is returned in one format: `application/problem+json` (RFC 9457)."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

logger = logging.getLogger(__name__)


class InvalidField(BaseModel):
    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """Clients branch on `type`, which is stable; the wording may change."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[InvalidField] | None = None


class ServiceError(Exception):
    """What the business layer raises. A subclass is one kind of failure."""

    status: ClassVar[HTTPStatus]
    type: ClassVar[str] = "about:blank"
    title: ClassVar[str | None] = None
    headers: Mapping[str, str] = {}

    def problem(self) -> Problem:
        return Problem(
            type=self.type,
            title=self.title or self.status.phrase,
            status=self.status,
            detail=str(self) or None,
        )


class NotFoundError(ServiceError):
    status = HTTPStatus.NOT_FOUND


class ConflictError(ServiceError):
    status = HTTPStatus.CONFLICT


class UnavailableError(ServiceError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: Mapping[str, str] = {"Retry-After": "5"}


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.model_dump(exclude_none=True), problem.status, headers)

    def render(self, content: Any) -> bytes:
        # A client's key may hold a lone surrogate, which has no UTF-8.
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def unavailable(error: Exception) -> ProblemResponse:
    """503, and one line for whoever is on call: the cause in short, no traceback."""
    cause = getattr(error, "orig", None) or error.__cause__ or error
    text = f"{type(cause).__name__}: {cause}".splitlines()[0]
    logger.warning("unavailable", extra={"cause": text})
    shown = error if isinstance(error, UnavailableError) else UnavailableError()
    return ProblemResponse(shown.problem(), shown.headers)


# Handlers are `async`: others run in a thread each.
async def _unavailable(request: Request, error: Exception) -> ProblemResponse:
    return unavailable(error)


async def _database_error(request: Request, error: DBAPIError) -> ProblemResponse:
    # Cancelled, deadlocked, refused, gone; 25006 is what a demoted primary says to writes.
    gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    if gone or getattr(error.orig, "sqlstate", None) == "25006":
        return unavailable(error)
    raise error


async def _service_error(request: Request, error: ServiceError) -> ProblemResponse:
    if error.status >= 500:
        logger.error("failed", exc_info=error)
    return ProblemResponse(error.problem(), error.headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code >= 500:
        logger.error("failed", exc_info=error)
    if error.status_code == 405:
        # The router names the methods of the first route alone.
        headers["Allow"] = ", ".join(_allowed(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != phrase else None
    return ProblemResponse(Problem(title=phrase, status=error.status_code, detail=detail), headers)


def _allowed(request: Request) -> list[str]:
    found = [
        method
        for method in METHODS
        for scope in [{**request.scope, "method": method}]
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]
    return [*found, *(["HEAD"] if "GET" in found else []), "OPTIONS"]


async def _invalid_request(request: Request, error: RequestValidationError) -> ProblemResponse:
    # `loc` and `msg` only: the rest repeats the input, passwords included.
    errors = [InvalidField(loc=list(e["loc"]), msg=e["msg"]) for e in error.errors()]
    return ProblemResponse(
        Problem(
            type="/problems/invalid-request",
            title="Invalid request",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            errors=errors,
        )
    )


def add_error_handlers(app: FastAPI) -> None:
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(UnavailableError)(_unavailable)
    app.exception_handler(PoolTimeoutError)(_unavailable)
    app.exception_handler(DBAPIError)(_database_error)
    # Starlette's class, not FastAPI's: the router raises its own 404 and 405.
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(RequestValidationError)(_invalid_request)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents these statuses: FastAPI by itself knows 200 and 422 alone."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": Problem(title=HTTPStatus(status).phrase, status=status).model_dump(
                        exclude_none=True
                    ),
                }
            },
        }
        for status in statuses
    }


class DocumentedFastAPI(FastAPI):
    """Adds the schema that `problems` refers to."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= schema.pop("$defs") | {"Problem": schema}
        return document
