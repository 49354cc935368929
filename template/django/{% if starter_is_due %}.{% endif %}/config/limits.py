"""Middleware that rejects requests before they cost anything."""

import logging
from collections.abc import Callable
from threading import BoundedSemaphore
from time import monotonic

from django.http import HttpRequest, HttpResponse

from config.errors import problem, unavailable
from config.lifecycle import CONCURRENT_REQUESTS, PROBES

GetResponse = Callable[[HttpRequest], HttpResponse]


class ConcurrencyLimit:
    """While slow requests hold every slot, others get 503 immediately, and threads stay free for probes.

    Under mere load slots are released all the time, and requests wait for one as long as it takes.
    """

    PATIENCE = 1.0  # Seconds without any slot taken or released: the database hangs.

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.slots = BoundedSemaphore(CONCURRENT_REQUESTS)
        self.changed = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            return self.get_response(request)
        while not self.slots.acquire(timeout=max(0.0, self.changed + self.PATIENCE - monotonic())):
            if monotonic() > self.changed + self.PATIENCE:
                cause = f"{CONCURRENT_REQUESTS} slow requests are in progress"
                return unavailable("Too many requests are in progress.", cause=cause, level=logging.WARNING)
        self.changed = monotonic()
        try:
            return self.get_response(request)
        finally:
            self.changed = monotonic()
            self.slots.release()


def length_required(get_response: GetResponse) -> GetResponse:
    """Django reads no body without Content-Length: a chunked one would be silently lost."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "Transfer-Encoding" in request.headers:
            return problem(411, "Send the body with a Content-Length, not chunked.")
        return get_response(request)

    return middleware


def no_store(get_response: GetResponse) -> GetResponse:
    """Responses belong to one caller: a view whose response may be cached sets its own Cache-Control."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
