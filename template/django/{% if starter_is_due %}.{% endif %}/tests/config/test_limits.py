from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.lifecycle import CONCURRENT_REQUESTS
from config.limits import ConcurrencyLimit


def test_slow_requests_leave_room_for_probes_and_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConcurrencyLimit, "PATIENCE", 0.05)
    inside, end = Barrier(CONCURRENT_REQUESTS + 1, timeout=10), Event()

    def slow(request: HttpRequest) -> HttpResponse:
        if request.path == "/slow":
            inside.wait()
            end.wait(timeout=5)
        return HttpResponse()

    limit = ConcurrencyLimit(slow)
    request = RequestFactory().get
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as threads:
        running = [threads.submit(limit, request("/slow")) for _ in range(CONCURRENT_REQUESTS)]
        inside.wait()
        refused = limit(request("/products"))
        assert (refused.status_code, refused["Retry-After"]) == (503, "1")
        assert limit(request("/health")).status_code == 200
        end.set()
        assert {future.result().status_code for future in running} == {200}
    assert limit(request("/products")).status_code == 200
