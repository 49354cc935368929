"""Every error leaves as one format: `application/problem+json` (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class InvalidField(BaseModel):
    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """Clients branch on `type`, which is stable; the words may change."""

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
        # A key of the client's may hold half a surrogate pair, which has no UTF-8.
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def internal_error() -> ProblemResponse:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return ProblemResponse(Problem(title=status.phrase, status=status))


def _service_error(request: Request, error: ServiceError) -> ProblemResponse:
    return ProblemResponse(error.problem(), error.headers)


def _http_error(request: Request, error: HTTPException) -> ProblemResponse:
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != phrase else None
    problem = Problem(title=phrase, status=error.status_code, detail=detail)
    return ProblemResponse(problem, error.headers)


def _invalid_request(request: Request, error: RequestValidationError) -> ProblemResponse:
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
