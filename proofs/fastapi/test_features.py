"""What the feature files say."""

import asyncio
import base64
import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import boto3
import psycopg
import pytest
import redis.asyncio as redis
import strawberry
import websockets
from anyio import CapacityLimiter, to_thread
from botocore.config import Config
from conftest import client_of, uvicorn
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from proves import proves
from pwdlib import PasswordHash
from pydantic import BaseModel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.extensions import (
    DisableIntrospection,
    MaskErrors,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
)
from strawberry.fastapi import GraphQLRouter

pytestmark = pytest.mark.anyio
KEY = "k" * 32


# auth


async def most_at_once(hash_in_thread):
    """How many hashes run at the same time when requests reach their deadline while they hash."""
    lock, now, most = threading.Lock(), 0, 0

    def slow_hash():
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.5)
        with lock:
            now -= 1

    async def request():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await hash_in_thread(slow_hash)

    for _ in range(4):
        await asyncio.gather(request(), request())
    return most


@proves("Passwords: argon2id in a `ThreadPoolExecutor(2)`")
async def test_bounded_hashing():
    limiter = CapacityLimiter(2)
    assert await most_at_once(partial(to_thread.run_sync, limiter=limiter)) > 2
    with ThreadPoolExecutor(2) as pool:
        assert await most_at_once(partial(asyncio.get_running_loop().run_in_executor, pool)) == 2
    assert "m=65536" in PasswordHash.recommended().hash("a")  # in KiB


# money


class Amount(BaseModel):
    amount: Decimal


@proves("A JSON number reaches `Decimal` through float")
def test_json_number_loses_digits():
    read = Amount.model_validate_json
    assert str(read('{"amount": 12345678901234567.89}').amount) == "12345678901234568"
    assert str(read('{"amount": "12345678901234567.89"}').amount) == "12345678901234567.89"
    assert str(read('{"amount": 1.10}').amount) == "1.1"


# caching


@pytest.fixture
def silent_port():
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def seconds(call, error):
    began = time.monotonic()
    with pytest.raises(error):
        await call
    return time.monotonic() - began


@proves("redis-py retries")
async def test_redis_retries(silent_port):
    client = redis.Redis(port=silent_port, socket_timeout=0.2)
    assert await seconds(client.get("x"), redis.TimeoutError) > 2
    client = redis.Redis(port=silent_port, socket_timeout=0.2, retry=Retry(NoBackoff(), 0))
    assert await seconds(client.get("x"), redis.TimeoutError) < 2
    client = redis.Redis(port=silent_port)
    assert await seconds(asyncio.wait_for(client.get("x"), 0.2), TimeoutError) < 2


@proves("redis-py retries")
async def test_redis_away():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert await seconds(redis.Redis(port=port).get("x"), redis.ConnectionError) > 0.5


# realtime


@proves("A session dependency of a WebSocket route")
async def test_session_of_a_websocket(make_engine):
    engine = make_engine(pool_size=1, max_overflow=0, pool_timeout=0.2)

    async def get_session():
        async with AsyncSession(engine) as session:
            yield session

    app = FastAPI()
    held = []

    for scope in ("function", "request"):

        @app.websocket(f"/{scope}")
        async def ws(ws: WebSocket, session: Annotated[AsyncSession, Depends(get_session, scope=scope)]):
            await session.execute(select(1))
            await ws.accept()
            held.append(engine.pool.checkedout())
            await ws.close()

        with TestClient(app).websocket_connect(f"/{scope}") as client:
            client.receive()
    assert held == [1, 1]


@proves("HTTP middleware and `max_body_size` do not cover an open socket")
async def test_large_message(tmp_path):
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI, WebSocket\n"
        "app = FastAPI(max_body_size=10)\n"
        "@app.middleware('http')\n"
        "async def refuse(request, call_next): raise RuntimeError\n"
        "@app.websocket('/')\n"
        "async def ws(ws: WebSocket):\n"
        "    await ws.accept()\n"
        "    while True: await ws.send_text(str(len(await ws.receive_text())))\n"
    )
    with uvicorn(tmp_path) as (_, port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/", max_size=None) as client:
            await client.send("x" * 16_000_000)
            assert await client.recv() == "16000000"
            await client.send("x" * 17_000_000)
            with pytest.raises(websockets.ConnectionClosedError):
                await client.recv()


# graphql


@strawberry.type
class Query:
    @strawberry.field
    def fails(self) -> int:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def deeper(self) -> "Query":
        return Query()


async def graphql(query, *extensions, **options):
    """The response to a query, or without one the status of the page for browsers."""
    schema = strawberry.Schema(Query, extensions=extensions)
    app = FastAPI()
    app.include_router(GraphQLRouter(schema, **options), prefix="/graphql")
    async with client_of(app) as client:
        if query:
            return (await client.post("/graphql", json={"query": query})).text
        return (await client.get("/graphql", headers={"accept": "text/html"})).status_code


ALIASES = "{" + " ".join(f"a{n}: __typename" for n in range(50)) + "}"


@proves("Strawberry limits and masks nothing by itself")
@pytest.mark.parametrize(
    ("query", "extension"),
    [
        ("{ __schema { queryType { name } } }", DisableIntrospection),
        (ALIASES, lambda: MaxAliasesLimiter(10)),
        (ALIASES, lambda: MaxTokensLimiter(20)),
        ("{ deeper" * 20 + "{ __typename }" + "}" * 20, lambda: QueryDepthLimiter(5)),
    ],
    ids=["introspection", "aliases", "tokens", "depth"],
)
async def test_graphql_limits(query, extension):
    assert "errors" not in await graphql(query)
    assert "errors" in await graphql(query, extension)


@proves("Strawberry limits and masks nothing by itself")
async def test_graphql_masks():
    assert "hunter2" in await graphql("{ fails }")
    assert "hunter2" not in await graphql("{ fails }", MaskErrors)
    assert await graphql("") == 200
    assert await graphql("", graphql_ide=None) == 404


# files


@proves("A presigned PUT limits no size")
@pytest.mark.parametrize(("region", "current"), [("us-east-1", False), ("eu-central-1", True)])
def test_presigned_uploads(region, current):
    def client(**options):
        return boto3.client("s3", region_name=region, aws_access_key_id="a", aws_secret_access_key="b", **options)

    def policy(client):
        limit = [["content-length-range", 1, 1000]]
        fields = client.generate_presigned_post("bucket", "key", Conditions=limit)["fields"]
        assert limit[0] in json.loads(base64.b64decode(fields["policy"]))["conditions"]
        return set(fields)

    assert ("x-amz-signature" in policy(client())) is current
    newer = client(config=Config(signature_version="s3v4"))
    assert "x-amz-signature" in policy(newer)
    # what a PUT is signed for: the host alone, so that the signature fits any length
    url = newer.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "key"})
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["host"]


# event sourcing


@proves("Publish through an outbox row in the same transaction.")
def test_outbox_row_is_as_durable_as_the_event(server, db):
    db.execute("CREATE TABLE event (body text); CREATE TABLE outbox (body text)")
    for body, error in (("lost", True), ("kept", False)):
        with contextlib.suppress(RuntimeError), psycopg.connect(server) as connection:
            connection.execute("INSERT INTO event VALUES (%s)", [body])
            connection.execute("INSERT INTO outbox VALUES (%s)", [body])
            if error:
                raise RuntimeError("the process ends here")
    assert db.execute("TABLE event").fetchall() == db.execute("TABLE outbox").fetchall() == [("kept",)]


@proves("`position > last` skips events whose transaction commits later")
def test_events_that_commit_late(server, db):
    db.execute(
        "CREATE TABLE event (position bigint GENERATED ALWAYS AS IDENTITY, xid xid8 DEFAULT pg_current_xact_id(), body text)"
    )
    safe = (
        "SELECT body FROM event WHERE (xid, position) > (%s::xid8, %s)"
        " AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, position"
    )
    with psycopg.connect(server) as slow, psycopg.connect(server, autocommit=True) as fast:
        slow.execute("INSERT INTO event (body) VALUES ('slow')")
        fast.execute("INSERT INTO event (body) VALUES ('fast')")
        last = db.execute("SELECT max(position) FROM event").fetchone()[0]
        assert db.execute(safe, ["0", 0]).fetchall() == []
        slow.commit()
    assert db.execute("SELECT body FROM event WHERE position > %s", [last]).fetchall() == []
    assert db.execute(safe, ["0", 0]).fetchall() == [("slow",), ("fast",)]
