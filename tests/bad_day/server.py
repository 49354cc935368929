"""A service that runs as it ships, requests to it, and what it logged: what the suites of bad days share."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bad_day.proxy import FaultProxy
from starters import Service, get, tail, until

Result = TypeVar("Result")
Kind = TypeVar("Kind", bound="Server")


@dataclass
class Reply:
    """`headers` are found in any case; `seconds` until the body was there."""

    status: int
    headers: http.client.HTTPMessage
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Server:
    """A service that was started, on 127.0.0.1; a `token` is sent with each request."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path
    token: str | None = None

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One request on a connection of its own; a header X-Request-ID is given as X_Request_ID. Raises OSError or
        http.client.HTTPException if there is no response within a minute."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        started = time.monotonic()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read().decode(), time.monotonic() - started)

    def connect(self, sent: str = "") -> socket.socket:
        """A connection on which that much was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(sent.encode())
        return connection

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """What it logged as JSON."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def peak_memory(self) -> int:
        """Of its processes together, in MiB."""
        pid = self.process.pid
        pids = [pid, *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return sum(int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) for pid in pids) // 1024


@contextlib.contextmanager
def serving(kind: type[Kind], command: list[str], folder: Path, environment: dict[str, str], port: int, ready: str = "/health") -> Iterator[Kind]:
    """What `command` starts on `port`, once `ready` answers 200; killed at the end."""
    # Appended to, so that a test may truncate it.
    with tempfile.NamedTemporaryFile("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        server = kind(port, process, Path(log.name))
        try:
            until(lambda: process.poll() is not None or get(f"http://127.0.0.1:{port}{ready}")[0] == 200, 60, lambda: tail(server.log()))
            assert process.poll() is None, tail(server.log())
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def proxy_of(service: Service) -> Iterator[FaultProxy]:
    """In front of the service's database."""
    url = urllib.parse.urlsplit(service.environment["DATABASE_URL"])
    assert url.hostname and url.port
    with FaultProxy(url.hostname, url.port) as proxy:
        yield proxy


def through(proxy: FaultProxy, url: str) -> str:
    """The same database, by way of the proxy."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}").geturl()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def at_once(count: int, call: Callable[[int], Result]) -> list[Result]:
    """What `call` returns for each number below `count`, all at the same time."""
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(call, range(count)))
