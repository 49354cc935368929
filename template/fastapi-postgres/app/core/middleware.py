"""Around every request. Plain ASGI: BaseHTTPMiddleware hides context variables."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import internal_error
from app.core.logging import request_id

MAX_BODY_BYTES = 1024 * 1024
PROBES = ("/health", "/ready")
# /docs is HTML whose scripts come from a CDN; everything else is data.
DOCS_CSP = (
    "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; "
    "img-src data: https://fastapi.tiangolo.com; "
    "script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src https://cdn.jsdelivr.net"
)
DATA_CSP = "default-src 'none'; frame-ancestors 'none'"

logger = logging.getLogger(__name__)


def accepted_id(given: str | None) -> str:
    """The caller's request id if it is harmless in a log, else a new one."""
    if given and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given):
        return given
    return uuid.uuid4().hex


class RequestMiddleware:
    """Request id, one log line, security headers, and the answer to what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        current = accepted_id(Headers(scope=scope).get("x-request-id"))
        token = request_id.set(current)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = current
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Strict-Transport-Security"] = "max-age=31536000"
                headers["Content-Security-Policy"] = (
                    DOCS_CSP if scope["path"] == "/docs" else DATA_CSP
                )
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            # Not in a handler of `Exception`: that runs outside, without id and headers.
            logger.exception("unhandled error")
            if status:
                raise
            await internal_error()(scope, receive, send_with_headers)
        finally:
            route = scope.get("route")
            logger.log(
                logging.DEBUG if scope["path"] in PROBES else logging.INFO,
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "route": getattr(route, "path", None),
                    "status": status,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            request_id.reset(token)


class BodyLimitMiddleware:
    """413 in our format. That of `FastAPI(max_body_size=…)` is plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self.app(scope, counted if scope["type"] == "http" else receive, send)
