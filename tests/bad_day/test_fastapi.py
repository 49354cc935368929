"""The FastAPI starter on a bad day: started as its image starts it, behind a proxy that fails on demand."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.server
import json
import os
import re
import signal
import subprocess
import threading
import time
import tomllib
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import starters
from bad_day.proxy import FaultProxy
from bad_day.server import Reply, Server, at_once, free_port, proxy_of, serving, through
from starters import Service, until

pytestmark = pytest.mark.xdist_group("bad-day-fastapi")

# The starter's own limits, in seconds, and what a slow machine may add to each.
REQUEST, READY, SLOW = 10, 2, 8
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def service(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With sign-in, installed and migrated, on a database of its own."""
    service = starters.generate(template, tmp_path_factory.mktemp("bad-day") / "shop", "fastapi-postgres", features=["auth"])
    with starters.database(service.folder) as url:
        service = service.with_database(url)
        service.expect("install", "migrate")
        service.commit()
        yield service


def shipped(service: Service) -> tuple[list[str], dict[str, str]]:
    """The image's command and environment."""
    text = (service.folder / "Dockerfile").read_text(encoding="utf-8")
    command = json.loads(re.findall(r"(?m)^CMD (\[.*\])$", text)[0])
    environment = dict(re.findall(r"(\w+)=(\S+)", re.findall(r"(?m)^ENV (.*)$", text)[-1]))
    return command, {name: value for name, value in environment.items() if name != "PATH"}


@contextlib.contextmanager
def started(service: Service, *options: str, url: str | None = None, **variables: str) -> Iterator[Server]:
    """As the image starts it, on a free port; `options` come after the image's own."""
    command, environment = shipped(service)
    port = free_port()
    command[0] = str(service.folder / ".venv/bin" / command[0])
    command[command.index("--host") + 1] = "127.0.0.1"
    command[command.index("--port") + 1] = str(port)
    environment = service.environment | environment | variables | ({"DATABASE_URL": url} if url else {})
    with serving(Server, [*command, *options], service.folder, environment, port) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[FaultProxy]:
    with proxy_of(service) as proxy:
        yield proxy
        proxy.resume()
        until(lambda: not proxy.connections, 10, "the service is gone and its connections are not")


@pytest.fixture(scope="module")
def shared(service: Service, proxy: FaultProxy) -> Iterator[Server]:
    with started(service, url=through(proxy, service.environment["DATABASE_URL"])) as running:
        yield running


@pytest.fixture
def running(shared: Server, proxy: FaultProxy) -> Iterator[Server]:
    """One service for many tests, each of which finds it healthy and its log empty."""
    proxy.resume()
    until(lambda: shared.call("DELETE", "/auth/token", Authorization="Bearer x").status == 401, 30, shared.log)
    os.truncate(shared.log_file, 0)
    yield shared
    proxy.resume()


def sql(service: Service) -> psycopg.Connection:
    return psycopg.connect(service.environment["DATABASE_URL"])


def add_user(service: Service) -> str:
    """By the command that README names; its e-mail address."""
    email = f"{uuid.uuid4().hex}@example.com"
    done = subprocess.run(
        [".venv/bin/python", "-m", "app.users", "add", email], cwd=service.folder, env=service.environment,
        input=PASSWORD + "\n", capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return email


@pytest.fixture(scope="module")
def user(service: Service) -> str:
    return add_user(service)


def sign_in(running: Server, email: str, password: str = PASSWORD, address: str = "203.0.113.1") -> Reply:
    return running.call("POST", "/auth/token", {"email": email, "password": password}, X_Forwarded_For=address)


def bearer(running: Server, email: str) -> dict[str, str]:
    reply = sign_in(running, email)
    assert reply.status == 201, reply
    return {"Authorization": f"Bearer {reply.json['token']}"}


@pytest.fixture
def signed_in(running: Server, user: str) -> dict[str, str]:
    return bearer(running, user)


def assert_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert int(reply.headers["retry-after"]) > 0
    assert reply.headers["content-type"] == "application/problem+json"


# --- the database


def test_a_hung_server_frees_the_request_within_its_deadline(running: Server, proxy: FaultProxy, signed_in: dict[str, str]) -> None:
    assert running.call("GET", "/products", **signed_in).status == 200
    proxy.pause()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(running.call, "GET", "/products", **signed_in) for _ in range(3)]
        ready = running.call("GET", "/ready")
        assert_unavailable(ready)
        assert ready.seconds < READY + SLOW / 2
        assert max(running.call("GET", "/health").seconds for _ in range(20)) < 1
        for reply in (found.result() for found in waiting):
            assert_unavailable(reply)
            assert reply.seconds < REQUEST + SLOW
    proxy.resume()
    until(lambda: running.call("GET", "/products", **signed_in).status == 200, SLOW, running.log)


def test_database_down_is_503_and_one_short_line(running: Server, proxy: FaultProxy, signed_in: dict[str, str]) -> None:
    proxy.refuse()
    reply = running.call("GET", "/products", **signed_in, X_Request_ID="the-one")
    assert_unavailable(reply)
    assert_unavailable(running.call("GET", "/ready"))
    assert running.call("GET", "/health").status == 200
    (line,) = [line for line in running.lines() if line.get("correlation_id") == "the-one" and line["message"] != "request"]
    assert re.match(r"\w+: \S", line["cause"]) and line["levelname"] == "WARNING"
    assert "Traceback" not in running.log()
    proxy.resume()
    until(lambda: running.call("GET", "/products", **signed_in).status == 200, SLOW, running.log)
    assert running.call("GET", "/ready").status == 200


def test_a_cut_connection_is_503_once(running: Server, proxy: FaultProxy, signed_in: dict[str, str]) -> None:
    proxy.cut()
    statuses = [running.call("GET", "/products", **signed_in).status for _ in range(5)]
    assert statuses[1:] == [200] * 4 and statuses[0] in (200, 503)


def test_200_connections_on_a_full_pool_are_503_and_the_instance_stays_ready(service: Service, running: Server, signed_in: dict[str, str]) -> None:
    with sql(service) as holder:
        holder.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(200) as pool:
            waiting = [pool.submit(running.call, "GET", "/products", **signed_in) for _ in range(200)]
            time.sleep(1)
            ready = running.call("GET", "/ready")
            replies = [found.result() for found in waiting]
    assert ready.status == 200, ready
    assert Counter(reply.status for reply in replies) == {503: 200}
    assert max(reply.seconds for reply in replies) < REQUEST + SLOW
    assert "Traceback" not in running.log()
    causes = Counter(line["cause"].split(":")[0] for line in running.lines() if "cause" in line)
    assert set(causes) == {"LockNotAvailable", "TimeoutError"}, causes
    assert running.call("GET", "/products", **signed_in).status == 200


def test_clients_that_hang_up_release_their_connections(running: Server, proxy: FaultProxy, signed_in: dict[str, str]) -> None:
    proxy.pause()
    request = f"GET /products HTTP/1.1\r\nHost: x\r\nAuthorization: {signed_in['Authorization']}\r\n\r\n"
    clients = [running.connect(request) for _ in range(10)]
    time.sleep(1)
    for client in clients:
        client.close()

    def ended() -> list[dict[str, Any]]:
        return [line for line in running.lines() if line.get("status") == 499]

    until(lambda: len(ended()) == 10, REQUEST, running.log)
    assert max(line["duration_ms"] for line in ended()) < (REQUEST - 1) * 1000


# --- sign-in


def test_60_anonymous_sign_ins_at_once(service: Service, user: str) -> None:
    with started(service) as running:
        signed_in = bearer(running, user)
        before = running.peak_memory()
        others: list[Reply] = []
        flooded = threading.Event()

        def other() -> None:
            while not flooded.is_set():
                others.append(running.call("GET", "/products", **signed_in))

        caller = threading.Thread(target=other)
        caller.start()
        replies = at_once(60, lambda n: sign_in(running, f"{n}@example.com", "wrong", f"198.51.100.{n}"))
        flooded.set()
        caller.join()
        # Two hashes take 38 MiB; all 60 at once take more than 1 GiB.
        assert running.peak_memory() < before + 38 + 50
        assert set(Counter(reply.status for reply in replies)) <= {401, 503}
        assert Counter(reply.status for reply in others) == {200: len(others)}
        assert max(reply.seconds for reply in others) < 5
        assert "Traceback" not in running.log()


def test_two_workers_share_tokens_and_counters(service: Service, user: str) -> None:
    with started(service, "--workers", "2") as running:
        signed_in = bearer(running, user)
        replies = [running.call("GET", "/products", **signed_in) for _ in range(30)]
        assert Counter(reply.status for reply in replies) == {200: 30}
        wrong = at_once(14, lambda _: sign_in(running, "nobody@example.com", "wrong", "203.0.113.7"))
        assert Counter(reply.status for reply in wrong) == {401: 10, 429: 4}


def test_a_stranger_cannot_lock_an_account(service: Service, running: Server) -> None:
    email = add_user(service)
    wrong = [sign_in(running, email, "wrong", "203.0.113.8").status for _ in range(11)]
    assert wrong == [401] * 10 + [429]
    assert sign_in(running, email, address="203.0.113.9").status == 201
    (line, *_) = [line for line in running.lines() if line["message"] == "sign-in failed"]
    assert (line["email"], line["address"]) == (email, "203.0.113.8")


def test_the_command_that_adds_users_checks_its_input(service: Service, user: str) -> None:
    for arguments in ([], ["add", "not an email"], ["add", user], ["disable", "nobody@example.com"]):
        done = subprocess.run(
            [".venv/bin/python", "-m", "app.users", *arguments], cwd=service.folder, env=service.environment,
            input=PASSWORD + "\n", capture_output=True, text=True, start_new_session=True,
        )  # fmt: skip
        assert done.returncode and done.stderr.strip() and "Traceback" not in done.stderr, done


def test_another_user_gets_404_and_a_disabled_one_nothing(service: Service, running: Server, signed_in: dict[str, str]) -> None:
    email = add_user(service)
    other = bearer(running, email)
    path = running.call("POST", "/products", {"sku": uuid.uuid4().hex, "name": "Lamp"}, **signed_in).headers["location"]
    replies = [running.call(method, path, body, **other) for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None))]
    assert [reply.status for reply in replies] == [404] * 3
    assert running.call("GET", "/products", **other).json["items"] == []
    assert running.call("GET", path, **signed_in).status == 200
    command = [".venv/bin/python", "-m", "app.users", "disable", email]
    subprocess.run(command, cwd=service.folder, env=service.environment, check=True)
    assert running.call("GET", "/products", **other).status == 401
    assert sign_in(running, email).status == 401


# --- start and stop


@pytest.mark.parametrize("value", ["", "mysql://app:hunter2@db/app", "hunter2"])
def test_a_missing_or_invalid_variable_is_named_at_startup(service: Service, value: str) -> None:
    command, _ = shipped(service)
    command[0] = str(service.folder / ".venv/bin" / command[0])
    done = subprocess.run(command, cwd=service.folder, env=service.environment | {"DATABASE_URL": value}, capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert "DATABASE_URL" in done.stderr and "Traceback" not in done.stderr and "hunter2" not in done.stderr, done.stderr


def test_sigterm_with_idle_half_sent_and_running_requests(service: Service, user: str) -> None:
    with started(service) as running, sql(service) as holder:
        signed_in = bearer(running, user)
        silent = running.connect()
        idle = running.connect("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        authorization = signed_in["Authorization"]
        half = running.connect(f"POST /products HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{")
        holder.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as pool:
            in_flight = pool.submit(running.call, "GET", "/products", **signed_in)
            time.sleep(0.5)
            stopped = time.monotonic()
            os.kill(running.process.pid, signal.SIGTERM)
            until(lambda: running.call("GET", "/ready").status == 503, 3, running.log)
            assert running.call("GET", "/health").status == 200, "a new request after SIGTERM"
            holder.rollback()
            assert in_flight.result().status == 200
        assert running.process.wait(30 - (time.monotonic() - stopped)) in (0, -signal.SIGTERM)
        assert half.recv(4096).startswith(b"HTTP/1.1 408")
        assert "Traceback" not in running.log()
        silent.close()


def test_keep_alive_outlasts_a_load_balancer(service: Service) -> None:
    command, _ = shipped(service)
    assert float(command[command.index("--timeout-keep-alive") + 1]) > 60


# --- logs and telemetry


@contextlib.contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Takes telemetry; its address, and what was sent."""
    sent: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


def test_a_bug_is_one_line_with_traceback_and_request_id_and_telemetry_sees_it(service: Service, user: str) -> None:
    bug = ("app/products/service.py", '    """Products by id, and whether more follow."""\n', '    raise RuntimeError("boom")\n')
    trace = uuid.uuid4().hex
    often = {"OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_BSP_SCHEDULE_DELAY": "300"}
    with service.edited(bug), collector() as (url, sent), started(service, OTEL_EXPORTER_OTLP_ENDPOINT=url, **often) as running:
        parent = f"00-{trace}-00f067aa0ba902b7-01"
        reply = running.call("GET", "/products", **bearer(running, user), X_Request_ID="the-one", traceparent=parent)
        assert (reply.status, reply.headers["x-request-id"]) == (500, "the-one")
        assert "boom" not in reply.text and reply.headers["x-content-type-options"] == "nosniff"
        until(lambda: "exc_info" in running.log(), SLOW, running.log)
        (line,) = [line for line in running.lines() if "exc_info" in line]
        assert line["correlation_id"] == "the-one" and "RuntimeError: boom" in line["exc_info"]
        assert "Traceback" not in "".join(line for line in running.log().splitlines() if not line.startswith("{"))

        def arrived(found: bytes) -> bool:
            return any(found in body for body in sent)

        for found in (b"RuntimeError", b"/products", bytes.fromhex(trace), b"http.server.request.duration"):
            until(partial(arrived, found), 15, f"no {found!r} in the telemetry")


def test_no_query_string_in_any_log(running: Server) -> None:
    key = base64.b64encode(b"0123456789abcdef").decode()
    handshake = f"GET /ws?token=hunter2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    with running.connect(handshake) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 403")
    assert running.call("GET", "/products?token=hunter2").status == 401
    until(lambda: "WebSocket" in running.log(), SLOW, running.log)
    assert "hunter2" not in running.log()


# --- HTTP


def test_a_prefix_of_the_proxy_in_front(service: Service, user: str) -> None:
    with started(service, "--root-path", "/api", DOCS="true") as running:
        for path in ("/health", "/ready", "/docs"):
            assert running.call("GET", path).status == 200
        assert "cdn.jsdelivr.net" in running.call("GET", "/docs").headers["content-security-policy"]
        created = running.call("POST", "/products", {"sku": uuid.uuid4().hex, "name": "Lamp"}, **bearer(running, user))
        assert created.headers["location"] == f"/api/products/{created.json['id']}"
        logged = [line["path"] for line in running.lines() if line["message"] == "request"]
        assert not [path for path in logged if path.endswith(("/health", "/ready"))]


def test_methods(running: Server, signed_in: dict[str, str]) -> None:
    assert running.call("HEAD", "/health").status == 200
    head = running.call("HEAD", "/products", **signed_in)
    assert (head.status, head.text) == (200, "")
    for method, status in (("PUT", 405), ("OPTIONS", 204)):
        reply = running.call(method, "/products", **signed_in)
        assert (reply.status, reply.headers["allow"]) == (status, "GET, POST, HEAD, OPTIONS")


def test_nothing_is_lost_silently(running: Server, signed_in: dict[str, str]) -> None:
    def create(**fields: object) -> Reply:
        return running.call("POST", "/products", {"sku": uuid.uuid4().hex, "name": "Lamp"} | fields, **signed_in)

    created = create()
    assert created.json["created_at"] == created.json["updated_at"]
    path = created.headers["location"]
    for fields in ({"sku": " "}, {"sku": "lamp\n"}, {"name": "\n\t"}, {"name": "\ud800"}, {"nmae": "Lamp"}):
        assert create(**fields).status == 422, fields
        assert running.call("PATCH", path, fields, **signed_in).status == 422, fields
    assert running.call("PATCH", path, {}, **signed_in).status == 422
    number = path.rsplit("/", 1)[1]
    for spelling in (f"{number}.0", f"+{number}", f"%20{number}"):
        assert running.call("GET", f"/products/{spelling}", **signed_in).status == 422, spelling
    assert sign_in(running, "\ud800").status == 422
    # In chunks, without Content-Length.
    headers = f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {signed_in['Authorization']}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with running.connect(headers + '11\r\n{"name": "Chunk"}\r\n0\r\n\r\n') as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert running.call("GET", path, **signed_in).json["name"] == "Chunk"


# --- the project


def test_one_version_of_python(service: Service) -> None:
    def text(path: str) -> str:
        return (service.folder / path).read_text(encoding="utf-8")

    version = text(".python-version").strip()
    assert set(re.findall(r"(?m)^FROM python:([\d.]+)-", text("Dockerfile"))) == {version}
    least = re.fullmatch(r">=3\.(\d+),<4", tomllib.loads(text("pyproject.toml"))["project"]["requires-python"])
    assert least and int(least[1]) <= int(version.split(".")[1])
    assert not re.search(r"python-version: ", text(".github/workflows/ci.yml"))


def test_without_a_database_one_line_says_how_to_start_it(service: Service) -> None:
    away = service.with_database("postgresql://nobody@127.0.0.1:1/none")
    done = away.run(service.typed("test"))
    assert done.returncode == 1
    assert "No database at 127.0.0.1:1. Start it: docker compose up -d --wait" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


SERVICE, USERS = "app/products/service.py", "app/users/service.py"
OWNER = "owned_by(caller), "
# What is left out: the edit, and the tests of the starter that have to notice (pytest's `-k`).
MUTANTS = {
    "the limits of a session": ("app/core/database.py", '" ".join(f"-c {name}={value}" for name, value in SESSION.items())', '""', "limits"),
    "the traceback in the log": ("app/core/logging.py", "    handler.setFormatter(", '    handler.addFilter(lambda record: not setattr(record, "exc_info", None))\n    handler.setFormatter(', "line"),
    "the owner's scope in a list": (SERVICE, f"where({OWNER}Product.id > ", "where(Product.id > ", "another_user"),
    "the owner's scope in a read": (SERVICE, f"select(Product).where({OWNER}Product.id == ", "select(Product).where(Product.id == ", "another_user"),
    "the owner's scope in a change": (SERVICE, f"        .where({OWNER}", "        .where(", "another_user"),
    "the owner's scope in a delete": (SERVICE, f"delete(Product).where({OWNER}", "delete(Product).where(", "another_user"),
    "one statement for a change": (
        SERVICE, "    statement = (\n        update(Product)",
        '    stored = await get_product(session, caller, product_id)\n    body = body.model_copy(update={"sku": stored.sku, "name": stored.name} | body.model_dump(exclude_unset=True))\n'
        "    statement = (\n        update(Product)",
        "concurrent",
    ),
    "the limit of hashes": (USERS, "max_workers=2", "max_workers=8", "hashes"),
    "the count of attempts": (USERS, "SignInAttempts.attempts + 1", "1", "guessing"),
    "the hash of an unknown user": (USERS, "stored or dummy_hash()", 'stored or "x"', "unknown"),
    "the deadline": ("app/core/middleware.py", "asyncio.timeout(REQUEST_SECONDS)", "asyncio.timeout(None)", "deadline"),
    "raising a bug again": ("app/main.py", "    app.exception_handler(Exception)(handle_bug)\n", "", "bug"),
    "one head": ("migrations/versions/0002_create_products.py", 'down_revision: str | Sequence[str] | None = "0001"', "down_revision: str | Sequence[str] | None = None", "migration"),
}  # fmt: skip


@pytest.mark.parametrize("missing", MUTANTS)
def test_the_starters_own_tests_notice_what_is_missing(service: Service, missing: str) -> None:
    path, old, new, tests = MUTANTS[missing]
    with service.edited((path, old, new)):
        done = service.run(f"timeout 60 .venv/bin/pytest -q -x -k {tests}")
    assert "failed" in done.stdout or "error" in done.stdout, done.stdout + done.stderr
    assert done.returncode not in (0, 5), done.stdout
