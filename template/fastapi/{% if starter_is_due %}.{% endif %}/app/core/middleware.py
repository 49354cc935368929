"""Around every request. Plain ASGI: BaseHTTPMiddleware hides context variables."""

import asyncio
import logging
import re
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Problem, ProblemResponse, UnavailableError, unavailable

# Until the response starts. Longer than waiting for a connection and one statement can take.
REQUEST_SECONDS = 10.0
MAX_BODY_BYTES = 1024 * 1024
PROBES = ("/health", "/ready")
# /docs is HTML whose scripts come from a CDN; everything else is data.
DOCS_CSP = (
    "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; "
    "img-src data: https://fastapi.tiangolo.com; "
    "script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src https://cdn.jsdelivr.net"
)
DATA_CSP = "default-src 'none'; frame-ancestors 'none'"
CLIENT_CLOSED_REQUEST = 499

logger = logging.getLogger(__name__)


def route_of(scope: Scope) -> str | None:
    """The template of the path, which knows no `--root-path` and no ids."""
    return getattr(scope.get("route"), "path", None)


def add_security_headers(headers: MutableHeaders) -> None:
    is_html = headers.get("content-type", "").startswith("text/html")
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Strict-Transport-Security"] = "max-age=31536000"
    headers["Content-Security-Policy"] = DOCS_CSP if is_html else DATA_CSP


async def handle_bug(request: Request, error: Exception) -> ProblemResponse:
    """For `Exception`. Starlette sends it outside every middleware, hence the headers here, and
    raises again: telemetry sees the exception, and uvicorn logs its traceback."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    response = ProblemResponse(Problem(title=status.phrase, status=status))
    add_security_headers(response.headers)
    response.headers["X-Request-ID"] = correlation_id.get() or ""
    return response


def too_late(reading: bool) -> ProblemResponse:
    if reading:
        # The rest of the body must not be taken for the next request.
        status = HTTPStatus.REQUEST_TIMEOUT
        return ProblemResponse(Problem(title=status.phrase, status=status), {"Connection": "close"})
    return unavailable(UnavailableError(f"No response within {REQUEST_SECONDS:g} seconds."))


class RequestMiddleware:
    """Limits of time and size, security headers, HEAD, and one log line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = time.perf_counter()
        deadline = asyncio.timeout(REQUEST_SECONDS)
        status = size = 0
        reading = client_is_gone = False
        method = scope["method"]
        if method == "HEAD":  # the server leaves out the body
            scope = {**scope, "method": "GET"}

        async def receive_with_limit() -> Message:
            nonlocal size, reading
            reading = True
            message = await receive()
            reading = False
            size += len(message.get("body", b""))
            # Not by FastAPI's `max_body_size`, whose response is plain text without these headers.
            if size > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if not deadline.expired():
                    deadline.reschedule(None)
                add_security_headers(MutableHeaders(scope=message))
            await send(message)

        async def end_at_hangup() -> None:
            nonlocal client_is_gone
            while (await receive())["type"] != "http.disconnect":
                pass
            if not status:
                client_is_gone = True
                deadline.reschedule(asyncio.get_running_loop().time())

        # Reads only: a write may be past the point where it can be cancelled.
        watch = asyncio.create_task(end_at_hangup()) if scope["method"] == "GET" else None
        try:
            async with deadline:
                await self.app(scope, receive_with_limit, send_with_headers)
        except TimeoutError:
            if not deadline.expired() or status:
                raise
            if client_is_gone:
                status = CLIENT_CLOSED_REQUEST
            else:
                await too_late(reading)(scope, receive, send_with_headers)
        finally:
            if watch:
                watch.cancel()
            route = route_of(scope)
            logger.log(
                logging.DEBUG if route in PROBES else logging.INFO,
                "request",
                extra={
                    "method": method,
                    "path": scope["path"],
                    "route": route,
                    "status": status or 500,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )


def is_probe(scope: MutableMapping[str, Any]) -> bool:
    return str(scope["path"]).endswith(PROBES)


# The first is outermost.
MIDDLEWARE = [
    Middleware(
        CorrelationIdMiddleware,
        validator=lambda given: bool(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given)),
    ),
    Middleware(RequestMiddleware),
]
