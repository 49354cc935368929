"""The Django starter on a bad day: gunicorn with the starter's own settings, a real database, and faults between them."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
import starters
from bad_day.proxy import FaultProxy
from bad_day.server import Reply, Server, at_once, free_port, proxy_of, serving, through
from starters import Service, until


@dataclass(frozen=True)
class Engine:
    """What differs by the database: how a table is locked, what a lock timeout is called, its limits in config/database.py."""

    scheme: str
    lock_table: str
    lock_timeout: str
    limits: str


ENGINES = {
    "django-mysql": Engine("mysql", "LOCK TABLES products_product WRITE", "1205", "max_execution_time = 5000, "),
    "django-postgres": Engine("postgresql", "LOCK TABLE products_product", "lock timeout", "-c statement_timeout=5s "),
}

PHRASE = "correct horse battery staple"
SECRET = "a-long-random-value-of-this-test-0123456789-abcdefghijklmnopqrstuvwxyz"
# What the starter promises, and how much slower a busy machine may be.
FREED = 11  # connect_timeout + read_timeout
PROBE = 4
GRACE = 30
SLACK = 6


@dataclass
class Gunicorn(Server):
    def calls(self, count: int, method: str, path: str, body: object = None) -> list[Reply]:
        """So many at the same time."""
        return at_once(count, lambda _: self.call(method, path, body))

    def sign_in(self, password: str = PHRASE, username: str = "ann", address: str = "198.51.100.1") -> Reply:
        return self.call("POST", "/auth/tokens", {"username": username, "password": password}, X_Forwarded_For=address)

    def lines_of(self, request_id: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["request_id"] == request_id]

    def expect_ready(self) -> None:
        until(lambda: self.call("GET", "/ready").status == 200, 20, "not ready again")


@pytest.fixture(scope="module", params=[pytest.param(stack, marks=pytest.mark.xdist_group(f"bad-day-{stack}")) for stack in ENGINES])
def service(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = starters.generate(template, tmp_path_factory.mktemp("bad-day") / "shop", request.param, features=["auth"])
    with starters.database(service.folder) as url:
        service = service.with_database(url)
        service.environment["SECRET_KEY"] = SECRET
        service.expect("install", "migrate")
        service.commit()
        user = f"from apps.users.models import User; User.objects.create_user('ann', password='{PHRASE}')"
        assert not (failure := service.failure(f'.venv/bin/python manage.py shell -c "{user}"')), failure
        yield service


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[FaultProxy]:
    with proxy_of(service) as proxy:
        yield proxy


@contextlib.contextmanager
def started(service: Service, proxy: FaultProxy | None = None, workers: int = 1, **variables: str) -> Iterator[Gunicorn]:
    """The service as its image starts it."""
    environment = service.environment | {"WEB_CONCURRENCY": str(workers), **variables}
    if proxy:
        environment["DATABASE_URL"] = through(proxy, environment["DATABASE_URL"])
    port = free_port()
    command = [".venv/bin/gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with serving(Gunicorn, command, service.folder, environment, port, variables.get("SCRIPT_NAME", "") + "/health") as server:
        yield server


@pytest.fixture(scope="module")
def shared(service: Service, proxy: FaultProxy) -> Iterator[Gunicorn]:
    """One server for the cases that leave it as it was: two workers behind the proxy."""
    with started(service, proxy, workers=2, NUM_PROXIES="1") as server:
        reply = server.sign_in()
        assert reply.status == 201, reply.text
        server.token = reply.json["token"]
        yield server


@pytest.fixture
def server(shared: Gunicorn, proxy: FaultProxy) -> Iterator[Gunicorn]:
    proxy.resume()
    shared.expect_ready()
    yield shared
    proxy.resume()


@contextlib.contextmanager
def transaction(service: Service, *statements: str) -> Iterator[None]:
    """Of another client, open meanwhile."""
    url = urllib.parse.urlsplit(service.environment["DATABASE_URL"])
    if ENGINES[service.stack].scheme == "postgresql":
        with psycopg.connect(url.geturl()) as connection:
            for statement in statements:
                connection.execute(statement)
            yield
            connection.rollback()
        return
    client = pymysql.connect(host=url.hostname, port=url.port or 3306, user=url.username, password=url.password or "", database=url.path[1:])
    with client, client.cursor() as cursor:
        for statement in ("BEGIN", *statements):
            cursor.execute(statement)
        yield


@pytest.fixture
def product(server: Gunicorn) -> str:
    """Its path."""
    return server.call("POST", "/products", {"sku": os.urandom(8).hex(), "name": "Chair"}).headers["Location"]


def assert_unavailable(server: Gunicorn, reply: Reply, cause: str) -> None:
    """503 as a client wants it, and one log line that tells why."""
    assert reply.status == 503, reply.text
    assert int(reply.headers["Retry-After"]) > 0
    assert reply.headers["Content-Type"] == "application/problem+json"
    (line,) = (line for line in server.lines_of(reply.headers["X-Request-ID"]) if line["level"] != "INFO")
    assert re.search(cause, line["cause"]), line
    assert "traceback" not in line


# --- the database


def test_database_gone(server: Gunicorn, proxy: FaultProxy) -> None:
    proxy.refuse()

    assert_unavailable(server, server.call("GET", "/products"), "OperationalError")
    assert_unavailable(server, server.call("POST", "/products", {"sku": "B", "name": "Chair"}), "OperationalError")
    server.token, token = None, server.token
    assert_unavailable(server, server.sign_in(), "OperationalError")
    server.token = token
    until(lambda: server.call("GET", "/ready").status == 503, 5, "ready without its database")
    time.sleep(1)  # it asks once in a second
    assert_unavailable(server, server.call("GET", "/ready"), "OperationalError")
    assert server.call("GET", "/health").status == 200

    proxy.resume()
    assert server.call("GET", "/products").status == 200
    server.expect_ready()


def test_connections_were_cut(server: Gunicorn, proxy: FaultProxy) -> None:
    server.calls(10, "GET", "/products")
    proxy.cut()

    assert {reply.status for reply in server.calls(10, "GET", "/products")} == {200}


def test_hung_database(server: Gunicorn, proxy: FaultProxy) -> None:
    server.calls(20, "GET", "/products")  # connections to hang on
    proxy.pause()
    with ThreadPoolExecutor(41) as threads:
        hanging = [threads.submit(server.call, "GET", "/products") for _ in range(40)]
        time.sleep(1)
        for _ in range(5):
            reply = server.call("GET", "/health")
            assert (reply.status, reply.seconds < PROBE) == (200, True), reply
            reply = server.call("GET", "/ready")
            assert (reply.status, reply.seconds < PROBE + SLACK) == (503, True), reply
        replies = [future.result() for future in hanging]

    for reply in replies:
        assert reply.seconds < FREED + SLACK
        assert_unavailable(server, reply, "OperationalError|slow requests")
    proxy.resume()
    server.expect_ready()
    assert {reply.status for reply in server.calls(10, "GET", "/products")} == {200}


def test_slow_database(server: Gunicorn, proxy: FaultProxy) -> None:
    proxy.delay(0.05)

    assert server.call("GET", "/products").status == 200
    assert server.call("GET", "/ready").status == 200


def test_locked_row(service: Service, server: Gunicorn, product: str) -> None:
    with transaction(service, f"SELECT * FROM products_product WHERE id = {product.split('/')[-1]} FOR UPDATE"):
        reply = server.call("PATCH", product, {"name": "Table"})

        assert_unavailable(server, reply, ENGINES[service.stack].lock_timeout)
        assert reply.seconds < 3 + SLACK
        assert server.call("GET", product).json["name"] == "Chair"
    assert server.call("PATCH", product, {"name": "Table"}).status == 200


def test_locked_table(service: Service, server: Gunicorn, product: str) -> None:
    with transaction(service, ENGINES[service.stack].lock_table):
        reply = server.call("GET", product)

        assert_unavailable(server, reply, ENGINES[service.stack].lock_timeout)
        assert reply.seconds < 3 + SLACK


# --- clients


def test_200_connections(server: Gunicorn) -> None:
    with ThreadPoolExecutor(1) as threads:
        flood = threads.submit(server.calls, 200, "GET", "/products")
        probes = []
        while not flood.done():
            probes.append(server.call("GET", "/ready"))
            time.sleep(0.2)

    replies = flood.result()
    assert {reply.status for reply in replies} <= {200, 503}
    assert sum(reply.status == 200 for reply in replies) > 150
    for reply in replies:
        if reply.status == 503:
            assert_unavailable(server, reply, "slow requests")
    assert {probe.status for probe in probes} == {200}, "load alone makes it unready"


def test_clients_that_send_nothing_or_half(server: Gunicorn) -> None:
    half = "POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
    half += f"Authorization: Bearer {server.token}\r\n\r\n{{"
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(server.connect())
        stalled = [stack.enter_context(server.connect(half)) for _ in range(10)]
        time.sleep(0.5)

        assert server.call("GET", "/health").seconds < PROBE
        assert server.call("GET", "/ready").status == 200
        assert server.call("GET", "/products").status in (200, 503)
        assert all(connection.recv(12) in (b"HTTP/1.1 408", b"HTTP/1.1 503") for connection in stalled)


def test_idle_connections_are_kept(server: Gunicorn) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        for pause in (0, 5):  # a balancer's 60 s would make this test slow: see the figure below
            time.sleep(pause)
            connection.request("GET", "/health")
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            assert response.getheader("Connection") != "close"


def test_keep_alive_is_longer_than_a_balancers(service: Service) -> None:
    settings = service.run(".venv/bin/gunicorn --print-config config.wsgi").stdout

    assert int(re.findall(r"keepalive\s+= (\d+)", settings)[0]) > 60


def test_chunked_body_is_not_lost(server: Gunicorn, product: str) -> None:
    head = f"PATCH {product} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {server.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect(head + '10\r\n{"name":"Table"}\r\n0\r\n\r\n') as connection:
        assert connection.recv(12) == b"HTTP/1.1 411"


def test_no_query_string_in_the_log(server: Gunicorn) -> None:
    marker = "tell-nobody"
    for line in (
        f"GET /products?token={marker} HTTP/1.1",
        f"GET /nothing?token={marker} HTTP/1.1",
        f"GET  /products?token={marker} HTTP/1.1",
        f"GET /products?token={marker} HTTP/9.9",
        f"GET /products?token={marker}\x01 HTTP/1.1",
        f"GET /products?token={marker} {marker} HTTP/1.1",
    ):
        with server.connect(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n") as connection:
            assert connection.recv(100)

    assert marker not in server.log()


def test_behind_a_prefix(service: Service) -> None:
    with started(service, SCRIPT_NAME="/api") as server:
        server.token = server.call("POST", "/api/auth/tokens", {"username": "ann", "password": PHRASE}).json["token"]
        location = server.call("POST", "/api/products", {"sku": os.urandom(8).hex(), "name": "Chair"}).headers["Location"]

        assert location.startswith("/api/products/")
        assert server.call("GET", location).status == 200
        assert server.call("GET", "/api/ready").status == 200
        page = server.call("GET", "/api/products?page_size=1").json
        assert page["next"] is None or page["next"].startswith("/api/products?")


# --- sign-in


def wait_for_a_new_minute() -> None:
    """Attempts are counted by the minute: the case needs some seconds of one."""
    if (left := 60 - time.time() % 60) < 20:
        time.sleep(left)


def test_flood_of_sign_ins(service: Service) -> None:
    wait_for_a_new_minute()
    with started(service, workers=2) as server:
        reply = server.sign_in()
        server.token = reply.json["token"]
        server.calls(30, "GET", "/products")  # its connections exist
        with ThreadPoolExecutor(2) as threads:
            flood = threads.submit(server.calls, 60, "POST", "/auth/tokens", {"username": "bob", "password": "wrong"})
            others = []
            while not flood.done():
                others.append(server.call("GET", "/products"))
        statuses = [reply.status for reply in flood.result()]

        # One address, two processes, one limit for both: at most 10 get as far as hashing.
        assert set(statuses) <= {401, 429, 503}
        assert 0 < statuses.count(401) <= 10
        causes = [line["cause"] for line in server.lines() if line["message"] == "unavailable"]
        assert statuses.count(429) > 40, causes
        assert {reply.status for reply in others} == {200}
        assert max(reply.seconds for reply in others) < 5


def test_hashing_is_bounded(service: Service) -> None:
    """From as many addresses as there are attempts, so that no limit but the one on hashing holds."""
    with started(service, NUM_PROXIES="1") as server:
        server.sign_in("wrong")
        before = server.peak_memory()
        replies = at_once(60, lambda at: server.sign_in("wrong", address=f"203.0.113.{at}"))

        assert {reply.status for reply in replies} <= {401, 503}
        assert any(reply.status == 401 for reply in replies)
        assert server.peak_memory() < before + 38 + 40  # all eight threads would keep 152 MiB


def test_a_stranger_locks_nobody_out(server: Gunicorn) -> None:
    wait_for_a_new_minute()
    for _ in range(12):
        refused = server.sign_in("wrong", address="203.0.113.1")
    assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)

    assert server.sign_in(address="203.0.113.2").status == 201
    (line, *_) = (line for line in server.lines() if line["message"] == "sign-in failed")
    assert (line["username"], line["address"]) == ("ann", "203.0.113.1")


def test_an_unknown_name_takes_as_long_as_a_wrong_password(server: Gunicorn) -> None:
    seconds: dict[str, list[float]] = {"ann": [], "nobody": []}
    for at in range(15):
        for username, taken in seconds.items():
            reply = server.sign_in("wrong", username, f"203.0.113.{100 + at}")
            assert reply.status == 401
            taken.append(reply.seconds)

    known, unknown = (sorted(taken)[7] for taken in seconds.values())
    assert 0.4 < known / unknown < 2.5, (known, unknown)


def test_a_token_holds_in_every_process(server: Gunicorn) -> None:
    assert {reply.status for reply in server.calls(20, "GET", "/products")} == {200}


@pytest.mark.parametrize("value", ["", "django-insecure-for-development-only"])
def test_no_start_without_a_secret(service: Service, value: str) -> None:
    environment = {name: text for name, text in service.environment.items() if name != "SECRET_KEY"} | ({"SECRET_KEY": value} if value else {})
    done = subprocess.run(
        [".venv/bin/gunicorn", "config.wsgi", "--bind", "127.0.0.1:0"], cwd=service.folder, env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


# --- SIGTERM


def test_sigterm(service: Service) -> None:
    with started(service, workers=2, NUM_PROXIES="1") as server, contextlib.ExitStack() as stack:
        server.token = server.sign_in(address="198.51.100.2").json["token"]
        product = server.call("POST", "/products", {"sku": os.urandom(8).hex(), "name": "Chair"}).headers["Location"]
        for text in ("", "GET /hea", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"):
            for _ in range(3):
                stack.enter_context(server.connect(text))
        threads = stack.enter_context(ThreadPoolExecutor(1))
        lock = f"SELECT * FROM products_product WHERE id = {product.split('/')[-1]} FOR UPDATE"
        with transaction(service, lock):
            in_flight = threads.submit(server.call, "PATCH", product, {"name": "Table"})
            time.sleep(0.5)
            asked = time.monotonic()
            server.process.terminate()
            time.sleep(1)
            # Balancers still send: /ready says no, and all others are served.
            assert server.call("GET", "/ready").status == 503
            assert server.call("GET", "/products").status == 200
        assert in_flight.result().status == 200
        assert server.process.wait(GRACE + SLACK) == 0
        assert time.monotonic() - asked < GRACE + SLACK
        assert "Traceback" not in server.log()


# --- its own tests


def test_tests_without_a_database_say_how_to_start_it(service: Service) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        done = service.with_database(f"{ENGINES[service.stack].scheme}://app:app@127.0.0.1:{nobody.getsockname()[1]}/app").run(".venv/bin/pytest -q")

    assert done.returncode != 0
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert "docker compose up -d --wait" in lines[-1]
    assert len(lines) <= 5, lines


# What the starter's own tests must notice: (file, what is there, what replaces it, the tests that fail).
MUTANTS = {
    "without the row lock": ("apps/products/services.py", ".select_for_update()", "", "products"),
    "without the owner scope": ("apps/products/selectors.py", ".filter(owner=owner)", ".all()", "products"),
    "without the session's limits": ("config/database.py", "LIMITS", "", "config"),
    "without the driver's limits": ("config/database.py", '    "read_timeout": 8,\n', "", "config"),
    "without the traceback in the log": ("config/logs.py", '"django.request": {"level": "ERROR"}', '"django.request": {"level": "CRITICAL"}', "config"),
    "without the cause in the log": ("config/errors.py", 'extra={"cause": cause}', "extra={}", "config"),
    "without threads for probes": ("config/limits.py", "if request.path_info in PROBES:", "if request.path == '':", "config"),
    "without the limit of sign-ins": ("apps/users/limits.py", "attempts > limit", "attempts < 0", "users"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_starters_tests_kill(service: Service, mutant: str) -> None:
    path, old, new, tests = MUTANTS[mutant]
    with service.edited((path, ENGINES[service.stack].limits if old == "LIMITS" else old, new)):
        assert service.failure(f".venv/bin/pytest -q -x tests/{tests}"), mutant


def test_the_starters_tests_pass_without_a_mutant(service: Service) -> None:
    assert not (failure := service.failure(".venv/bin/pytest -q")), failure
