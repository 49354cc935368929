"""The one shape of every error: RFC 9457, application/problem+json."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import inline_serializer
from rest_framework import exceptions, serializers, views

from apps.errors import Conflict, NotFound

MEDIA_TYPE = "application/problem+json"


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
    """The errors of an operation for `extend_schema`: these, and those that any operation may answer."""
    return {(status, MEDIA_TYPE): Problem for status in (400, *statuses, 406, 500)}


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


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what is raised inside a DRF view; what is not known here goes on to `server_error`."""
    if isinstance(error, NotFound):
        error = exceptions.NotFound(str(error))
    if isinstance(error, Conflict):
        views.set_rollback()
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
    return problem(response.status_code, str(response.data["detail"]), code=code, headers=headers)


# What is raised outside DRF: urls.py names these as Django's own handlers.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(400, "The request is not valid.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(403, "This is not allowed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(404, "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(500, "The request could not be answered.")
