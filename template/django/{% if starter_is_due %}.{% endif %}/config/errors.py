"""The one shape of every error: RFC 9457, application/problem+json."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from drf_spectacular.utils import inline_serializer
from rest_framework import exceptions, serializers, views

from apps.errors import Conflict, NotFound, Overloaded
from config.database import is_unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "1"
logger = logging.getLogger("errors")

Problem = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(),
        "errors": serializers.DictField(required=False, help_text="What is wrong, by field."),
    },
)


def problems(*statuses: int) -> dict[tuple[int, str], serializers.Serializer[Any]]:
    """The errors of an operation for `extend_schema`: these, and those that any operation may return."""
    return {(status, MEDIA_TYPE): Problem for status in (400, *statuses, 406, 411, 500, 503)}


def problem(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    errors: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JsonResponse:
    kind = HTTPStatus(status)
    body = {
        "type": f"urn:problem:{code or kind.name.lower()}",
        "title": kind.phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return JsonResponse(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def unavailable(detail: str, *, cause: str, level: int = logging.ERROR) -> JsonResponse:
    """503, with its cause in one log line and no traceback: nothing in the code is wrong."""
    logger.log(level, "unavailable", extra={"cause": cause})
    return _logged(problem(503, detail, headers={"Retry-After": RETRY_AFTER}))


def _logged(response: JsonResponse) -> JsonResponse:
    response._has_been_logged = True  # type: ignore[attr-defined]  # else Django adds a line that tells less
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """What is raised inside a DRF view; what is not known here goes on to `server_error`, and with it the traceback."""
    views.set_rollback()  # for whoever sets ATOMIC_REQUESTS
    if isinstance(error, DatabaseError) and is_unavailable(error):
        return unavailable("The database is not available.", cause=repr(error))
    if isinstance(error, Overloaded):
        return unavailable(str(error), cause=repr(error), level=logging.WARNING)
    if isinstance(error, RequestDataTooBig):
        return problem(413, "The body is too large.")
    if isinstance(error, UnreadablePostError):
        return problem(408, "The body did not arrive in time.")
    if isinstance(error, NotFound):
        error = exceptions.NotFound(str(error))
    if isinstance(error, Conflict):
        return problem(409, str(error), code=error.code)
    # DRF's own handler knows the rest, and the headers that go with it.
    response = views.exception_handler(error, context)
    if response is None:
        return None
    headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
    code = getattr(error, "default_code", None)
    if isinstance(error, exceptions.ValidationError):
        errors = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        return problem(400, "The request is not valid.", code=code, errors=errors, headers=headers)
    problem_response = problem(response.status_code, str(response.data["detail"]), code=code, headers=headers)
    if problem_response.status_code < 500:
        return problem_response
    logger.error(str(error), exc_info=error)
    return _logged(problem_response)


# What is raised outside DRF: urls.py names these as Django's own handlers.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(400, "The request is not valid.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(403, "This is not allowed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(404, "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(500, "The request failed.")
