"""The NestJS starter on a bad day: the service as it ships, a real database, and a proxy between them that fails."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import starters
from bad_day.proxy import FaultProxy
from bad_day.server import Reply, Server, free_port, proxy_of, serving, through
from conftest import git
from starters import Service, tail, until

pytestmark = pytest.mark.xdist_group("node")

# What README promises: 3 s for a connection, 6 s for a result; the rest is for a slow machine.
FREED = 9 + 6
# 2 s for /ready.
READY = 2 + 4


# --- the service as it ships, and requests to it


@dataclass
class Shipped(Server):
    """`node dist/main.js`, as the image starts it."""

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, **headers)

    def lines_of(self, request_id: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("req", {}).get("id") == request_id]

    def stop(self, seconds: float = 30) -> tuple[int, float]:
        """SIGTERM; the exit code, and how long it took."""
        started = time.monotonic()
        self.process.terminate()
        return self.process.wait(seconds), time.monotonic() - started


def assert_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert reply.headers.get("retry-after", "").isdigit(), reply
    assert reply.headers["content-type"].startswith("application/problem+json"), reply
    assert "detail" not in reply.json, reply


@dataclass
class Starter:
    service: Service
    url: str
    proxy: FaultProxy

    @contextlib.contextmanager
    def shipped(self, ready: str = "/ready", **environment: str) -> Iterator[Shipped]:
        """Started on a free port, with the proxy in front of its database; ready."""
        port = free_port()
        url = through(self.proxy, self.url)
        env = self.service.environment | {"DATABASE_URL": url, "PORT": str(port), "SHUTDOWN_DELAY_SECONDS": "0"} | environment
        with serving(Shipped, ["node", "dist/main.js"], self.service.folder, env, port, ready) as shipped:
            yield shipped

    @contextlib.contextmanager
    def edited(self, *edits: tuple[str, str, str]) -> Iterator[None]:
        """As of the service, and what is built at the end is as committed, too."""
        try:
            with self.service.edited(*edits):
                yield
        finally:
            assert not (failure := self.service.failure("npm run build")), failure

    def e2e(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Some of the starter's own end-to-end tests."""
        return self.service.run(f"npm run test:e2e -- {' '.join(words)}")

    def expect_killed(self, *words: str) -> None:
        ran = self.e2e(*words)
        assert ran.returncode and re.search(r"Tests +[1-9]\d* failed|Failed Suites", ran.stdout + ran.stderr), tail(ran.stdout + ran.stderr)

    def databases(self) -> int:
        """How many the starter's tests have left behind."""
        name = urllib.parse.urlsplit(self.url).path[1:]
        with psycopg.connect(self.url) as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE %s", [f"{name}\\_%"]).fetchall()
            return int(count)


@contextlib.contextmanager
def generated(template: Path, folder: Path, modules: Path | None, features: list[str]) -> Iterator[Starter]:
    """Generated, installed, built and migrated, on a database of its own behind a proxy."""
    service = starters.generate(template, folder / "service", "nestjs-prisma", features=features)
    service.environment["NO_COLOR"] = "1"
    with starters.database(service.folder) as url:
        service = service.with_database(url)
        if modules:
            shutil.copytree(modules, service.folder / "node_modules", symlinks=True)
        else:
            service.expect("install")
            service.commit()  # with the lock file
        service.expect("generate", "migrate")
        assert not (failure := service.failure("npm run build")), failure
        with proxy_of(service) as proxy:
            yield Starter(service, url, proxy)


@pytest.fixture(scope="module")
def with_auth(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with generated(template, tmp_path_factory.mktemp("auth"), None, ["auth"]) as starter:
        yield starter


@pytest.fixture(scope="module")
def starter(template: Path, tmp_path_factory: pytest.TempPathFactory, with_auth: Starter) -> Iterator[Starter]:
    """Without features, so that every path is open."""
    with generated(template, tmp_path_factory.mktemp("plain"), with_auth.service.folder / "node_modules", []) as starter:
        yield starter


@pytest.fixture(scope="module")
def shared(starter: Starter) -> Iterator[Shipped]:
    """One process for the tests that leave it as it was."""
    with starter.shipped() as shipped:
        yield shipped


@pytest.fixture(autouse=True)
def _no_fault(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in ("starter", "with_auth"):
        if name in request.fixturenames:
            request.getfixturevalue(name).proxy.resume()


def sku() -> str:
    return os.urandom(8).hex()


def product(shipped: Shipped) -> dict[str, Any]:
    response = shipped.call("POST", "/products", {"sku": sku(), "name": "Chair"})
    assert response.status == 201, response
    return dict(response.json)


def added_user(starter: Starter) -> tuple[str, str]:
    """E-mail address and password."""
    email = f"{sku()}@example.com"
    ran = starter.service.run(f"node dist/auth/users.js add {email}")
    assert ran.returncode == 0, ran.stderr
    return email, ran.stdout.strip()


# --- faults of the database


def expect_one_error_line(shipped: Shipped, request_id: str, cause: str) -> None:
    until(lambda: shipped.lines_of(request_id), 10, lambda: tail(shipped.log()))
    (line,) = shipped.lines_of(request_id)
    assert line["level"] == "error" and line["res"]["statusCode"] == 503, line
    assert re.search(cause, line["err"]["message"]) and "\n    at " in line["err"]["stack"], line


def test_a_database_that_is_gone(starter: Starter, shared: Shipped) -> None:
    starter.proxy.refuse()
    response = shared.get("/products", X_Request_ID="gone-1")
    assert_unavailable(response)
    expect_one_error_line(shared, "gone-1", "reach database|Connection terminated|closed the connection")
    assert shared.get("/health").status == 200
    until(lambda: shared.get("/ready").status == 503, 5, "/ready does not notice")
    starter.proxy.resume()
    until(lambda: shared.get("/ready").status == 200, 10, "/ready does not recover")
    assert shared.get("/products").status == 200


def test_a_hung_server_frees_the_request(starter: Starter, shared: Shipped) -> None:
    assert shared.get("/products").status == 200
    starter.proxy.pause()
    with ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(shared.get, "/products", X_Request_ID=f"hung-{number}") for number in range(25)]
        time.sleep(0.5)
        assert shared.get("/health").seconds < 2
        ready = shared.get("/ready")
        assert (ready.status, ready.seconds < READY) == (503, True), ready
        for number, response in enumerate(request.result() for request in waiting):
            assert_unavailable(response)
            assert response.seconds < FREED
            expect_one_error_line(shared, f"hung-{number}", "Query read timeout|timeout exceeded|Connection terminated")
    starter.proxy.resume()
    until(lambda: shared.get("/products").status == 200, 20, "it does not recover")


def test_a_connection_that_is_cut(starter: Starter, shared: Shipped) -> None:
    assert shared.get("/products").status == 200
    starter.proxy.cut()
    time.sleep(0.3)
    until(lambda: shared.get("/products").status == 200, 10, "idle connections that were cut are used again")


def test_a_lock_and_a_statement_timeout(starter: Starter, shared: Shipped) -> None:
    with psycopg.connect(starter.url) as connection:
        connection.execute("LOCK TABLE products")
        response = shared.get("/products", X_Request_ID="lock-1")
        assert_unavailable(response)
        assert response.seconds < FREED
    expect_one_error_line(shared, "lock-1", "lock timeout")


def test_a_full_pool(starter: Starter) -> None:
    """200 connections against it: answered, or told to come back; load alone takes no instance out of rotation."""
    with starter.shipped(DATABASE_POOL_SIZE="1") as shipped, ThreadPoolExecutor(200) as pool:
        for _ in range(2):
            responses = list(pool.map(lambda _: shipped.get("/products"), range(200)))
            for response in responses:
                if response.status != 200:
                    assert_unavailable(response)
        with psycopg.connect(starter.url) as connection:
            connection.execute("LOCK TABLE products")
            blocked = [pool.submit(shipped.get, "/products") for _ in range(20)]
            time.sleep(0.5)
            ready = shipped.get("/ready")
            assert (ready.status, ready.seconds < READY) == (200, True), ready
            for waiting in blocked:
                assert_unavailable(waiting.result())
        until(lambda: shipped.get("/products").status == 200, 10, "the pool does not recover")


def test_pgbouncer_gets_no_startup_options(starter: Starter) -> None:
    received = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def accept() -> None:
            while server.fileno() != -1:
                with contextlib.suppress(OSError):
                    connection = server.accept()[0]
                    connection.settimeout(5)
                    received.append(connection.recv(4096))
                    connection.close()

        threading.Thread(target=accept, daemon=True).start()
        url = f"postgresql://app:x@127.0.0.1:{server.getsockname()[1]}/app"
        environment = starter.service.environment | {"DATABASE_URL": url}
        script = (
            "const { PrismaService } = await import('./dist/prisma/prisma.service.js');"
            "const { validateConfig } = await import('./dist/config/config.js');"
            "const settings = validateConfig(process.env);"
            "const prisma = new PrismaService({ ...settings, get: (name) => settings[name] });"
            "await prisma.$connect().then(() => prisma.$queryRaw`SELECT 1`).catch(() => {}); process.exit();"
        )
        subprocess.run(["node", "--input-type=module", "-e", script], cwd=starter.service.folder, env=environment, timeout=60)
    packets = [packet[8:].split(b"\0") for packet in received if packet]
    assert packets
    for packet in packets:
        # What PgBouncer knows; it refuses anything else.
        assert set(packet[:-2:2]) <= {b"user", b"database", b"client_encoding", b"application_name"}, packet


# --- SIGTERM


def test_sigterm_with_idle_half_sent_and_running_requests(starter: Starter) -> None:
    with starter.shipped(SHUTDOWN_DELAY_SECONDS="2") as shipped, contextlib.ExitStack() as clients, ThreadPoolExecutor(4) as pool:
        product(shipped)
        idle, half, kept = (clients.enter_context(shipped.connect()) for _ in range(3))
        half.sendall(b"POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        kept.settimeout(10)
        head = kept.recv(4096).decode()
        timeout = re.search(r"(?i)keep-alive: timeout=(\d+)", head)
        assert timeout and int(timeout[1]) > 60, head
        with psycopg.connect(starter.url) as connection:
            connection.execute("LOCK TABLE products")
            running = pool.submit(shipped.get, "/products")
            time.sleep(0.5)
            stopping = pool.submit(shipped.stop, 40)
            time.sleep(0.5)
            # Load balancers catch up: /ready says no, and what still comes is served.
            assert shipped.get("/ready").status == 503
            assert shipped.get("/health").status == 200
            connection.rollback()
        assert running.result().status == 200
        code, seconds = stopping.result()
        assert code == 0 and 2 <= seconds < 2 + 10 + 8, (code, seconds, tail(shipped.log()))
        assert idle.fileno() > 0


def test_sigterm_with_a_hung_database(starter: Starter) -> None:
    with starter.shipped() as shipped:
        assert shipped.get("/products").status == 200
        starter.proxy.pause()
        code, seconds = shipped.stop(40)
        assert code == 0 and seconds < 10, (code, seconds)


# --- what is started


def test_a_fault_that_only_the_compiled_service_shows(starter: Starter) -> None:
    """Two services that inject each other: types, lint, unit tests and build pass."""
    other = "src/products/prices.service.ts"
    edits = [
        ("src/products/products.service.ts", "import { Injectable } from '@nestjs/common';", "import { forwardRef, Inject, Injectable } from '@nestjs/common';\nimport { PricesService } from './prices.service.js';"),
        ("src/products/products.service.ts", "constructor(private readonly prisma: PrismaService) {}", "constructor(\n    private readonly prisma: PrismaService,\n    @Inject(forwardRef(() => PricesService)) readonly prices: PricesService,\n  ) {}"),
        ("src/products/products.module.ts", "providers: [ProductsService]", "providers: [ProductsService, PricesService]"),
        ("src/products/products.module.ts", "import { ProductsService }", "import { PricesService } from './prices.service.js';\nimport { ProductsService }"),
    ]
    assert starter.e2e("shipped").returncode == 0
    with starter.edited(*edits):
        (starter.service.folder / other).write_text(
            "import { forwardRef, Inject, Injectable } from '@nestjs/common';\nimport { ProductsService } from './products.service.js';\n\n"
            "@Injectable()\nexport class PricesService {\n  constructor(\n    @Inject(forwardRef(() => ProductsService))\n    readonly products: ProductsService,\n  ) {}\n}\n"
        )
        starter.service.expect("typecheck", "lint")
        starter.expect_killed("shipped")


@pytest.mark.parametrize(
    ("environment", "named"),
    [({"DATABASE_URL": ""}, "DATABASE_URL"), ({"PORT": "http"}, "PORT"), ({"NODE_ENV": "production", "DATABASE_URL": "postgresql://app:app@db/app"}, "DATABASE_URL")],
    ids=["missing", "invalid", "example in production"],
)
def test_the_start_names_a_wrong_variable(starter: Starter, environment: dict[str, str], named: str) -> None:
    ran = subprocess.run(["node", "dist/main.js"], cwd=starter.service.folder, env=starter.service.environment | environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode and named in ran.stdout + ran.stderr
    assert "app:app" not in ran.stdout + ran.stderr


def test_api_docs_have_a_switch(starter: Starter) -> None:
    with starter.shipped(API_DOCS="false") as shipped:
        assert [shipped.get(path).status for path in ("/docs", "/openapi.json")] == [404, 404]


def test_a_global_prefix(starter: Starter) -> None:
    service = starter.service
    with starter.edited(("src/app.setup.ts", "  // A global prefix belongs here.", "  app.setGlobalPrefix('api');")):
        assert not (failure := service.failure("npm run openapi") or service.failure("npm run build")), failure
        written = json.loads((service.folder / "openapi.json").read_text())
        with starter.shipped(ready="/api/ready") as shipped:
            assert shipped.get("/openapi.json").json == written
            assert "/api/products" in written["paths"]
            made = shipped.call("POST", "/api/products", {"sku": sku(), "name": "Chair"})
            assert made.headers["location"] == f"/api/products/{made.json['id']}"
            assert shipped.get(made.headers["location"]).status == 200
            for path in ("/nowhere", "/api/nowhere", "/products"):
                missing = shipped.get(path)
                assert (missing.status, missing.headers["content-type"].split(";")[0]) == (404, "application/problem+json"), path
            assert shipped.call("PUT", "/api/products").headers["allow"] == "GET, POST, HEAD, OPTIONS"


# --- the end-to-end tests


def test_a_migration_that_runs_alone(starter: Starter) -> None:
    """CREATE INDEX CONCURRENTLY behind a SET passes `migrate deploy`, so it passes here; a failed run leaves nothing."""
    folder = starter.service.folder / "prisma/migrations/9_index"
    with starter.service.edited(("prisma/schema.prisma", '  @@map("products")', '  @@index([name])\n  @@map("products")')):
        folder.mkdir()
        (folder / "migration.sql").write_text("SET lock_timeout = '5s';\n\nCREATE INDEX CONCURRENTLY \"products_name_idx\" ON \"products\"(\"name\");\n")
        ran = starter.e2e("health")
        assert ran.returncode == 0, tail(ran.stdout + ran.stderr)
        (folder / "migration.sql").write_text("CREATE INDEX ON nothing (nothing);\n")
        assert starter.e2e("health").returncode
    assert starter.databases() == 0


def test_without_a_database_one_line_says_how_to_start_it(starter: Starter) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = starter.service.with_database(f"postgresql://app@127.0.0.1:{free.getsockname()[1]}/app")
        ran = nowhere.run(nowhere.typed("test_e2e"))
    assert ran.returncode and ran.stderr.count("docker compose up -d --wait") == 1
    assert " at " not in ran.stderr and len(ran.stderr.strip().splitlines()) <= 3, ran.stderr


def test_a_changed_api_needs_its_document(starter: Starter) -> None:
    committed = starter.service.folder / "openapi.json"
    starter.service.environment["CI"] = "true"
    try:
        committed.unlink(missing_ok=True)
        starter.expect_killed("openapi")
        starter.service.expect("api_docs")
        assert starter.e2e("openapi").returncode == 0
        with starter.service.edited(("src/products/dto/create-product.dto.ts", "@Text(200)", "@Text(100)")):
            starter.expect_killed("openapi")
    finally:
        del starter.service.environment["CI"]
        committed.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "fault",
    ["if (this.list({ after: 0, limit: 1 })) return;", "[1].forEach(async (id) => { await this.get(id); });", "process.on('exit', async () => { await this.get(1); });"],
    ids=["condition", "callback", "event handler"],
)
def test_lint_sees_a_promise_that_nobody_awaits(starter: Starter, fault: str) -> None:
    with starter.service.edited(("src/products/products.service.ts", "  constructor(", f"  fault(): void {{\n    {fault}\n  }}\n\n  constructor(")):
        assert starter.service.failure(starter.service.commands["lint"])


def test_types_see_an_index_that_may_miss(starter: Starter) -> None:
    with starter.service.edited(("src/products/products.service.ts", "  constructor(", "  fault(names: string[]): string {\n    return names[0].trim();\n  }\n\n  constructor(")):
        assert starter.service.failure(starter.service.commands["typecheck"])


# --- input


@pytest.mark.parametrize("text", ["", " ", "\n\t", "a\n", " a", "a\0", "\ud800", "a\ud801"])
def test_text_that_would_be_lost(shared: Shipped, text: str) -> None:
    for body in ({"sku": text, "name": "Chair"}, {"sku": sku(), "name": text}):
        assert shared.call("POST", "/products", body).status == 400, body


@pytest.mark.parametrize("spelling", ["0x{:x}", "%20{}", "+{}", "{}.0", "{}e0", "0{}", "{}%20"])
def test_ids_have_one_spelling(shared: Shipped, spelling: str) -> None:
    assert shared.get("/products/" + spelling.format(product(shared)["id"])).status == 400


def test_a_patch_that_changes_nothing(shared: Shipped) -> None:
    made = product(shared)
    path = f"/products/{made['id']}"
    for body in ({}, {"color": "red"}, {"name": None}):
        assert shared.call("PATCH", path, body).status == 400, body
    assert shared.get(path).json == made


def test_head_options_and_allow(shared: Shipped) -> None:
    path = f"/products/{product(shared)['id']}"
    assert shared.call("HEAD", path).status == 200
    options = shared.call("OPTIONS", path)
    assert (options.status, options.headers["allow"]) == (204, "GET, PATCH, DELETE, HEAD, OPTIONS")
    wrong = shared.call("PUT", path)
    assert (wrong.status, wrong.headers["allow"]) == (405, options.headers["allow"])


def test_probes_and_queries_in_the_log(shared: Shipped) -> None:
    for path in ("/health", "/ready", "/products?limit=1&token=visible", "/no-such-path?token=visible"):
        shared.get(path, X_Request_ID="log-1")
    until(lambda: len(shared.lines_of("log-1")) == 2, 10, lambda: str(shared.lines_of("log-1")))
    assert {line["req"]["path"] for line in shared.lines_of("log-1")} == {"/products", "/no-such-path"}
    assert "visible" not in shared.log()


# --- sign-in


def sign_in(shipped: Shipped, email: str, password: str, address: str) -> Reply:
    return shipped.call("POST", "/auth/sessions", {"email": email, "password": password}, X_Forwarded_For=address)


def test_a_flood_of_sign_ins(with_auth: Starter) -> None:
    email, password = added_user(with_auth)
    with with_auth.shipped(TRUSTED_PROXIES="1") as shipped, ThreadPoolExecutor(61) as pool:
        signed_in = sign_in(shipped, email, password, "192.0.2.1")
        assert signed_in.status == 201
        before = shipped.peak_memory()
        flood = [pool.submit(sign_in, shipped, f"{number}@example.com", "wrong", "192.0.2.2") for number in range(60)]
        for _ in range(5):
            other = shipped.get("/products", Authorization=f"Bearer {signed_in.json['token']}")
            assert other.status == 200 and other.seconds < 20, other
        assert {request.result().status for request in flood} == {401}
        # 19 MiB for each of libuv's four threads, and what 60 requests take.
        assert shipped.peak_memory() - before < 120
        assert {line["address"] for line in shipped.lines() if line["msg"] == "sign-in failed"} == {"192.0.2.2"}


def test_two_processes_share_sessions_and_counters(with_auth: Starter) -> None:
    email, password = added_user(with_auth)
    with with_auth.shipped(TRUSTED_PROXIES="1") as one, with_auth.shipped(TRUSTED_PROXIES="1") as other:
        statuses = [sign_in(shipped, email, "wrong", "192.0.2.3").status for _ in range(6) for shipped in (one, other)]
        assert statuses == [401] * 10 + [429] * 2
        assert sign_in(other, email, password, "192.0.2.3").status == 429
        # A stranger has not locked the owner out.
        response = sign_in(one, email, password, "192.0.2.4")
        assert response.status == 201
        one.token = other.token = response.json["token"]
        assert [shipped.get("/products").status for shipped in (one, other)] == [200, 200]
        assert one.call("DELETE", "/auth/sessions/current").status == 204
        assert other.get("/products").status == 401


def test_another_user_gets_404(with_auth: Starter) -> None:
    (email, password), (mail, word) = added_user(with_auth), added_user(with_auth)
    with with_auth.shipped() as shipped:
        owner, another = (sign_in(shipped, *who, "192.0.2.5").json["token"] for who in ((email, password), (mail, word)))
        shipped.token = owner
        path = f"/products/{product(shipped)['id']}"
        shipped.token = another
        assert shipped.get("/products").json["items"] == []
        assert [shipped.call(method, path, body).status for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None))] == [404] * 3
        shipped.token = owner
        assert shipped.get(path).json["name"] == "Chair"
        assert with_auth.service.run(f"node dist/auth/users.js disable {email}").returncode == 0
        assert shipped.get(path).status == 401


def test_users_are_added_without_the_nest_cli(with_auth: Starter) -> None:
    email, _ = added_user(with_auth)
    for word in ("", "not-an-address", "'not an address'", email):
        ran = with_auth.service.run(f"node dist/auth/users.js add {word}")
        assert ran.returncode and len(ran.stderr.splitlines()) == 1, (word, ran.stderr)


# --- the tests of the generated starter would notice

MUTANTS = {
    "counting without the row lock": ("src/auth/sign-in-limit.service.ts", "THEN old.attempts + 1", "THEN (SELECT attempts FROM sign_in_attempts AS seen WHERE seen.key = old.key) + 1", "auth"),
    "no statement timeout": ("src/prisma/prisma.service.ts", "  SET statement_timeout = '5s';\n", "", "database"),
    "no lock timeout": ("src/prisma/prisma.service.ts", "  SET lock_timeout = '3s';\n", "", "database"),
    "no stack in the log": ("src/logging/loggable-error.ts", "    stack,\n    code", "    code", "errors"),
    "list without the owner": ("src/products/products.service.ts", "where: { ownerId, id: { gt: after } }", "where: { id: { gt: after } }", "products"),
    "get without the owner": ("src/products/products.service.ts", "findUnique({\n      where: { id, ownerId }", "findUnique({\n      where: { id }", "products"),
    "update without the owner": ("src/products/products.service.ts", "updateManyAndReturn({\n      where: { id, ownerId }", "updateManyAndReturn({\n      where: { id }", "products"),
    "delete without the owner": ("src/products/products.service.ts", "deleteMany({\n      where: { id, ownerId }", "deleteMany({\n      where: { id }", "products"),
    "password hash selected": ("src/prisma/prisma.service.ts", "      omit: OMIT,\n", "", "auth"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_killed(with_auth: Starter, mutant: str) -> None:
    path, old, new, tests = MUTANTS[mutant]
    with with_auth.service.edited((path, old, new)):
        with_auth.expect_killed(tests, "--bail=1")


# --- versions


def test_one_truth_of_versions(starter: Starter) -> None:
    folder = starter.service.folder
    version = (folder / ".node-version").read_text().strip()
    package = json.loads((folder / "package.json").read_text())
    dockerfile = (folder / "Dockerfile").read_text()
    assert set(re.findall(r"FROM node:(\S+)-slim", dockerfile)) == {version}
    assert "--omit=optional" not in dockerfile
    assert package["engines"]["node"] == f">={version.split('.')[0]}"
    assert package["devDependencies"]["@types/node"] == f"^{version.split('.')[0]}.0.0"
    assert "node-version-file: .node-version" in (folder / ".github/workflows/ci.yml").read_text()


def test_migrations_from_the_previous_schema(starter: Starter) -> None:
    """The step of CI: the base branch's migrations first, then these."""
    service = starter.service
    ci = (service.folder / ".github/workflows/ci.yml").read_text()
    step = re.findall(r"migrate from the previous schema\n +run: \|\n((?: {10}.*\n)+)", ci)[0]
    with starters.database(service.folder) as url, service.edited():
        folder = service.folder / "prisma/migrations/8_note"
        folder.mkdir()
        (folder / "migration.sql").write_text('ALTER TABLE "products" ADD COLUMN "note" TEXT;\n')
        git(service.folder, "add", "-A")
        git(service.folder, "commit", "-qm", "note")
        try:
            git(service.folder, "branch", "-f", "base", "HEAD~1")
            own = service.with_database(url)
            own.environment = own.environment | {"GITHUB_BASE_REF": "base"}
            ran = own.run(f"set -e\n{step.replace('origin', '.')}")
            assert ran.returncode == 0, tail(ran.stdout + ran.stderr)
            assert ran.stdout.count("8_note") == 1 and not git(service.folder, "status", "--porcelain", "prisma")
        finally:
            git(service.folder, "reset", "-q", "--hard", "HEAD~1")
