"""What the feature files say."""

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Annotated

import psycopg
import pytest
import redis.asyncio as redis
import websockets
from anyio import CapacityLimiter, to_thread
from conftest import uvicorn
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from proves import proves
from pwdlib import PasswordHash
from pydantic import BaseModel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

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


# event sourcing


@proves("Ids are assigned before the commit")
def test_events_that_commit_late(server, db):
    db.execute("CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY, body text)")
    with psycopg.connect(server) as slow, psycopg.connect(server, autocommit=True) as fast:
        slow.execute("INSERT INTO event (body) VALUES ('slow')")
        fast.execute("INSERT INTO event (body) VALUES ('fast')")
        (last,) = db.execute("SELECT max(id) FROM event").fetchone()
        slow.commit()
    assert db.execute("SELECT id > %s, body FROM event ORDER BY id", [last]).fetchall() == [(False, "slow"), (False, "fast")]
