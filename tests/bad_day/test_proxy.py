"""The proxy's faults are what they say."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from bad_day.proxy import FaultProxy
from starters import until


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the proxy resets
            while chunk := self.request.recv(1024):
                self.request.sendall(chunk)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FaultProxy(*server.server_address) as proxy:
            yield proxy
        server.shutdown()


def connected(proxy: FaultProxy) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    assert asked(connection) == b"hello"
    return connection


def asked(connection: socket.socket) -> bytes:
    connection.sendall(b"hello")
    return connection.recv(1024)


def test_pause_holds_back_and_resume_delivers(proxy: FaultProxy) -> None:
    with connected(proxy) as connection:
        proxy.pause()
        connection.sendall(b"later")
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1024)
        with socket.create_connection(("127.0.0.1", proxy.port)):
            proxy.resume()
            connection.settimeout(10)
            assert connection.recv(1024) == b"later"


def test_cut_resets_once(proxy: FaultProxy) -> None:
    with connected(proxy) as connection:
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            asked(connection)
    connected(proxy).close()


def test_refuse_until_resume(proxy: FaultProxy) -> None:
    with connected(proxy):
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port))
        proxy.resume()
        connected(proxy).close()


def test_delay(proxy: FaultProxy) -> None:
    with connected(proxy) as connection:
        proxy.delay(0.3)
        started = time.monotonic()
        assert asked(connection) == b"hello"
        assert time.monotonic() - started >= 0.6


def test_leaving_it_paused_prints_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with contextlib.ExitStack() as clients, FaultProxy(*server.server_address) as proxy:
            first = clients.enter_context(connected(proxy))
            proxy.pause()
            first.sendall(b"held back")
            second = clients.enter_context(socket.create_connection(("127.0.0.1", proxy.port)))
            second.sendall(b"held back")
            until(lambda: proxy.connections == 2, 10, "the proxy does not connect")
        server.shutdown()
    assert not caplog.records and not capfd.readouterr().err
    assert not proxy.connections


def test_resetting_a_connection_that_is_closed_already(proxy: FaultProxy) -> None:
    with connected(proxy):
        for writer in proxy._writers:
            writer.get_extra_info("socket")._sock.close()
        proxy.cut()
