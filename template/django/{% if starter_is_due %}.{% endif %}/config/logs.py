"""One JSON object per line, with the id of the request it belongs to."""

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.core import RESERVED_ATTRS

from config.lifecycle import PROBES

VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
logger = logging.getLogger("requests")


class RequestLog:
    """Names each request, in its log lines and in its response, and logs its end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if VALID_ID.fullmatch(given) else uuid4().hex
        request_id.set(name)
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = name
        fields = {
            "method": request.method,
            "path": request.path,
            "route": request.resolver_match and request.resolver_match.route,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - started) * 1000, 1),
        }
        quiet = request.path_info in PROBES and response.status_code == 200
        logger.log(logging.DEBUG if quiet else logging.INFO, "request", extra=fields)
        return response


# Not at the end of the middleware: Django logs some errors after it.
request_finished.connect(lambda **_: request_id.set(None), weak=False)


def is_about_the_service(record: logging.LogRecord) -> bool:
    """Drops gunicorn's lines about malformed requests: any client can cause them, and they quote the query string."""
    return not record.getMessage().startswith(("Invalid request", "Socket error processing request"))


def add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "django.utils.log.CallbackFilter", "callback": add_request_id},
        "service": {"()": "django.utils.log.CallbackFilter", "callback": is_about_the_service},
    },
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "levelname,name,message,request_id",
            "style": ",",
            "timestamp": "time",
            "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "traceback"},
            # Django passes the request as an extra: as text it is the path with its query string.
            "reserved_attrs": [*RESERVED_ATTRS, "request"],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}},
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "django": {"level": "INFO", "handlers": []},
        "django.request": {"level": "ERROR"},  # a 4xx is in the line of its request
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # so is this 400, which anybody can cause
        "django.server": {"level": "CRITICAL"},  # runserver's own line per request
        "environ": {"level": "WARNING"},  # says so where there is no .env
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True, "filters": ["service"]},
    },
}
