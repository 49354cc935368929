"""What needs no database: tokens, hashes, paths, addresses, money, GraphQL, sockets, metrics."""

import asyncio
import http.server
import socket
import threading
import time
import urllib.request
import zlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import jwt
import pytest
import strawberry
from proves import proves
from starlette.testclient import TestClient
from strawberry.asgi import GraphQL
from strawberry.permission import BasePermission

KEY = "k" * 32


@proves("JWT: fix the algorithm list; require `exp`, `iss`, `aud`.")
def test_a_token_without_exp_is_valid_for_ever():
    token = jwt.encode({"sub": "1"}, KEY, algorithm="HS256")
    assert jwt.decode(token, KEY, algorithms=["HS256"]) == {"sub": "1"}  # neither exp, iss nor aud is missed
    with pytest.raises(jwt.MissingRequiredClaimError):
        jwt.decode(token, KEY, algorithms=["HS256"], options={"require": ["exp", "iss", "aud"]})
    unsigned = jwt.encode({"sub": "1"}, None, algorithm="none")
    with pytest.raises(jwt.InvalidAlgorithmError):
        jwt.decode(unsigned, KEY, algorithms=["HS256"])


@proves("A role inside a token stays valid until the token expires")
def test_a_role_in_a_token():
    roles = {"1": "admin"}
    token = jwt.encode({"sub": "1", "role": roles["1"], "exp": datetime.now(UTC) + timedelta(minutes=15)}, KEY, algorithm="HS256")
    roles["1"] = "none"
    assert jwt.decode(token, KEY, algorithms=["HS256"])["role"] == "admin"


@proves("Passwords: argon2id from a maintained library, few at a time (64 MiB each by default).", "An unknown user takes as long as a wrong password: otherwise the timing reveals accounts (user enumeration).")
def test_a_hash_takes_memory_and_time():
    import argon2

    hasher = argon2.PasswordHasher()
    assert hasher.type is argon2.Type.ID and hasher.memory_cost == 64 * 1024  # KiB
    stored = {"known@example.com": hasher.hash("right")}

    def sign_in(email: str) -> float:
        start = time.perf_counter()
        if email in stored:
            with pytest.raises(argon2.exceptions.VerifyMismatchError):
                hasher.verify(stored[email], "wrong")
        return time.perf_counter() - start

    assert sign_in("known@example.com") > 100 * sign_in("nobody@example.com")



@proves("A path built from input is resolved, then checked to be inside its root.", "The user's file name is display text, never part of a path.")
def test_a_path_leaves_its_root(tmp_path):
    root = tmp_path / "files"
    assert not (root / "../secret").resolve().is_relative_to(root)
    assert (root / "/etc/passwd") == Path("/etc/passwd")
    assert (root / "../secret").is_relative_to(root)  # unresolved, the check passes


@proves("SSRF: fetch a user's URL only over http(s), and only if every address it resolves to is public, again after each redirect.")
def test_a_redirect_reaches_an_internal_address(tmp_path):
    (tmp_path / "secret").write_text("internal")
    assert urllib.request.urlopen((tmp_path / "secret").as_uri()).read() == b"internal"  # not only http

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/public":
                self.send_response(302)
                self.send_header("Location", "/metadata")
                self.end_headers()
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"credentials")

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/public").read() == b"credentials"
    server.shutdown()


@proves("Owner, role, price and state are set by the server, never copied from the body (mass assignment).", "A response is built from an explicit type: an entity serialized whole publishes every column added later.")
def test_whole_bodies_and_whole_entities():
    @dataclass
    class User:
        name: str
        role: str = "user"
        password_hash: str = "$argon2id$"  # a column added later

    assert User(**{"name": "a", "role": "admin"}).role == "admin"
    assert "password_hash" in asdict(User("a"))


@proves("Unknown fields are a 400 or 422, never ignored.", "A validation error names every wrong field and does not echo its value: it may be a password.")
@proves("PATCH: an absent field stays, `null` clears, an empty body is a 400.")
def test_validation():
    from pydantic import BaseModel, Field, ValidationError

    class Credentials(BaseModel):
        password: str = Field(min_length=12)
        note: str | None = None

    body = Credentials.model_validate({"password": "correct horse", "notee": "x"})
    assert body.note is None  # the misspelled field is gone
    with pytest.raises(ValidationError) as failure:
        Credentials.model_validate({"password": "hunter2"})
    assert failure.value.errors()[0]["input"] == "hunter2"
    absent, null = Credentials(password="x" * 12), Credentials(password="x" * 12, note=None)
    assert absent == null and absent.model_fields_set != null.model_fields_set  # equal, and yet different for PATCH


@proves("Amounts are exact decimals or integers of the minor unit, in code, column and JSON (as a string there): binary floats lose cents silently.")
def test_floats_lose_cents():
    import json

    assert sum([0.1] * 3) != 0.3 and sum([Decimal("0.1")] * 3) == Decimal("0.3")
    assert json.loads("9007199254740993.01") != Decimal("9007199254740993.01")


@proves("An amount carries its currency; currencies have 0, 2 or 3 decimal places.", "Round once, at a named step, in a named mode; split by largest remainder so that the parts add up.")
def test_rounding_and_splitting():
    places = {"JPY": 0, "EUR": 2, "KWD": 3}  # ISO 4217
    assert {Decimal("1.2345").quantize(Decimal(1).scaleb(-n)) for n in places.values()} == {Decimal("1"), Decimal("1.23"), Decimal("1.234")}
    half = Decimal("2.5")
    assert (half.quantize(Decimal(1), ROUND_HALF_EVEN), half.quantize(Decimal(1), ROUND_HALF_UP)) == (2, 3)
    assert 3 * round(Decimal("100") / 3, 2) != 100
    parts = [3334, 3333, 3333]  # 10,000 cents by largest remainder
    assert sum(parts) == 10_000



@proves("Store and compute times in UTC with a time zone")
def test_local_time_loses_an_hour():
    zone = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=zone), datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zone)
    assert after - before == timedelta(0) and after.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=1)
    with pytest.raises(TypeError):
        _ = datetime.now() < datetime.now(UTC)  # noqa: DTZ005


resolved: list[int] = []


class Nobody(BasePermission):
    message = "no"

    def has_permission(self, *_: object, **__: object) -> bool:
        return False


@strawberry.type
class User:
    name: str = "secret"


@strawberry.type
class Order:
    @strawberry.field
    def owner(self) -> User:
        return User()


@strawberry.type
class Query:
    user: User = strawberry.field(resolver=lambda: User(), permission_classes=[Nobody])

    @strawberry.field
    def order(self) -> Order:
        resolved.append(1)
        return Order()


@proves("Limit depth, cost, aliases and batch size: one request with 100 aliases passes a rate limit that counts requests.")
@proves("Check permissions where the data is loaded: another path through the graph bypasses a guard on a root field.")
@proves("HTTP stays 200 on errors, so monitoring must read `errors`")
def test_graphql():
    client = TestClient(GraphQL(strawberry.Schema(Query)))

    def ask(query: str) -> tuple[int, dict]:
        response = client.post("/", json={"query": query})
        return response.status_code, response.json()

    ask("{" + " ".join(f"a{i}: order {{ __typename }}" for i in range(100)) + "}")
    assert len(resolved) == 100
    status, body = ask("{ user { name } }")
    assert status == 200 and body["errors"]
    assert ask("{ order { owner { name } } }")[1]["data"]["order"]["owner"]["name"] == "secret"


@proves("Every field that loads rows uses a DataLoader created per request: one shared between requests serves rows across users.")
def test_a_shared_loader_serves_another_users_row():
    from strawberry.dataloader import DataLoader

    async def two_requests() -> list[str]:
        user = "alice"

        async def load(keys: list[int]) -> list[str]:
            return [f"{user}'s row {key}" for key in keys]

        shared = DataLoader(load)
        first = await shared.load(1)
        user = "bob"
        return [first, await shared.load(1), await DataLoader(load).load(1)]

    assert asyncio.run(two_requests()) == ["alice's row 1", "alice's row 1", "bob's row 1"]


@proves("Authenticate at the handshake and compare `Origin` with a list: CORS does not cover WebSockets.")
def test_cors_does_not_cover_a_websocket():
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.routing import WebSocketRoute

    async def talk(socket) -> None:
        await socket.accept()
        await socket.send_text("private")
        await socket.close()

    app = Starlette(routes=[WebSocketRoute("/ws", talk)], middleware=[Middleware(CORSMiddleware, allow_origins=["https://ours.example"])])
    with TestClient(app).websocket_connect("/ws", headers={"Origin": "https://evil.example"}) as connection:
        assert connection.receive_text() == "private"


@proves("No token in the URL: it is logged.", "Trust `X-Forwarded-For` only from a known proxy.")
def test_uvicorn_logs_the_url_and_believes_a_trusted_peer(caplog):
    import logging

    import uvicorn

    seen = []

    async def app(scope, receive, send) -> None:
        seen.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    def call(trusted: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None, proxy_headers=True, forwarded_allow_ips=trusted))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/ws?token=tok-123", headers={"X-Forwarded-For": "1.2.3.4"})
        urllib.request.urlopen(request, timeout=10).read()
        server.should_exit = True
        thread.join(10)

    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        call("*")  # trusts everyone, so the client chooses its address
        call("10.0.0.1")
    assert seen == ["1.2.3.4", "127.0.0.1"] and "token=tok-123" in caplog.text


@proves("Each connection has a bounded queue; a slow client is disconnected, otherwise it exhausts memory.")
def test_a_client_that_does_not_read():
    async def write() -> int:
        connected = asyncio.Event()
        size = 0

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal size
            for _ in range(200):
                writer.write(b"x" * 100_000)  # without waiting for the client
            size = writer.transport.get_write_buffer_size()
            connected.set()
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.wait_for(connected.wait(), 20)
        client.close()
        server.close()
        return size

    assert asyncio.run(write()) > 5_000_000  # bytes held for one client


@proves("Type and size from the client are claims: check the first bytes, and limit what archives and images decompress to (decompression bomb).")
def test_a_decompression_bomb():
    assert len(zlib.decompress(zlib.compress(b"0" * 10_000_000))) > 500 * len(zlib.compress(b"0" * 10_000_000))


@proves("Rate, errors and duration are labelled by route template: a raw path creates unbounded series.")
def test_series_by_raw_path():
    from prometheus_client import CollectorRegistry, Counter, generate_latest

    registry = CollectorRegistry()
    requests = Counter("requests", "by path", ["path"], registry=registry)
    for order in range(1000):
        requests.labels(f"/orders/{order}").inc()
    assert generate_latest(registry).count(b"requests_total{") == 1000


@proves("Every external call has a connect and a total timeout, shorter than its caller's.")
def test_a_timeout_per_read_is_no_total_timeout():
    assert socket.getdefaulttimeout() is None
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _ = server.accept()
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.15)
            peer.sendall(b"x")

    threading.Thread(target=drip, daemon=True).start()
    start = time.monotonic()
    urllib.request.urlopen(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=1).read()
    assert time.monotonic() - start > 1  # each read was in time, the call was not



@proves("The key contains everything that varies the value: tenant, user or role, locale, and a version of its shape.", "A missing part shows one user's data to another.")
def test_a_key_without_the_user():
    cache: dict[tuple, str] = {}

    def orders(user: str, *key: str) -> str:
        return cache.setdefault(key, f"orders of {user}")

    assert orders("alice", "orders") == orders("bob", "orders")
    assert orders("alice", "orders", "alice") != orders("bob", "orders", "bob")


@proves("A cache that is down or slow is a miss within a short timeout, never an error.")
def test_a_cache_that_is_down_raises_or_waits():
    import redis

    with pytest.raises(redis.ConnectionError):
        redis.Redis(port=1).get("key")
    silent = socket.create_server(("127.0.0.1", 0))  # accepts, and answers nothing
    start = time.monotonic()
    with pytest.raises(redis.TimeoutError):
        redis.Redis(port=silent.getsockname()[1], socket_timeout=0.2, retry=None).get("key")
    assert time.monotonic() - start < 5
