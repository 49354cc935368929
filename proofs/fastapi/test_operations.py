"""uvicorn as a process, httpx, and a database that hangs."""

import asyncio
import socket
import time

import httpx
import psycopg
import pytest
import websockets
from conftest import ASYNCPG, PSYCOPG, uvicorn
from proves import proves
from psycopg.waiting import wait_async
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = pytest.mark.anyio

APP = """
from fastapi import FastAPI, WebSocket

app = FastAPI()

@app.get("/")
async def handler():
    return 1

@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    await socket.send_text("a")
"""


def send(port, data):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(data)
    return connection


@pytest.fixture(autouse=True)
def app(tmp_path):
    (tmp_path / "main.py").write_text(APP)


GET = b"GET %s HTTP/1.1\r\nhost: a\r\n\r\n"


@proves("`--no-access-log` still logs the query string of a WebSocket")
def test_query_string_in_the_log(tmp_path):
    async def connect(port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws?token=socket-secret") as ws:
            await ws.recv()

    for options in ([], ["--no-access-log"]):
        with uvicorn(tmp_path, *options) as (process, port):
            httpx.get(f"http://127.0.0.1:{port}/?token=http-secret")
            asyncio.run(connect(port))
            process.terminate()
            log = process.communicate()[0]
        assert "socket-secret" in log
        assert ("http-secret" in log) is (not options)


class Proxy:
    """Passes bytes on to the database until `hang()`."""

    async def start(self, port):
        self.passing, self.tasks, self.port = asyncio.Event(), [], port
        self.passing.set()
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def connected(self, reader, writer):
        await self.passing.wait()
        there = await asyncio.open_connection("127.0.0.1", self.port)
        self.tasks.append(asyncio.create_task(self.pump(reader, there[1])))
        self.tasks.append(asyncio.create_task(self.pump(there[0], writer)))

    async def pump(self, reader, writer):
        while data := await reader.read(65536):
            await self.passing.wait()
            writer.write(data)
        writer.close()


class ClosingConnection(psycopg.AsyncConnection):
    async def wait(self, gen, interval=0.1, timeout=None):
        try:
            return await wait_async(gen, self.pgconn.socket, interval, timeout)
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


@proves("ends a query whose server hangs")
@pytest.mark.parametrize(
    ("driver", "options", "late"),
    [
        (PSYCOPG, {"options": "-c statement_timeout=100"}, True),
        (PSYCOPG, {"async_creator_fn": ClosingConnection.connect}, False),
        (ASYNCPG, {"server_settings": {"statement_timeout": "100"}}, False),
    ],
    ids=["psycopg", "psycopg that closes", "asyncpg"],
)
async def test_hung_database(server, driver, options, late):
    proxy, url = Proxy(), make_url(server)
    url = url.set(drivername=driver, port=await proxy.start(url.port))
    engine = create_async_engine(url, pool_pre_ping=True, connect_args=options)

    async def query():
        async with engine.connect() as connection:
            await connection.execute(select(1))

    await query()
    proxy.passing.clear()
    hanging = asyncio.create_task(query())
    assert await asyncio.wait([hanging], timeout=3) == (set(), {hanging})
    began = time.monotonic()
    hanging.cancel()
    await asyncio.wait([hanging])
    assert (time.monotonic() - began > 6) is late
    proxy.passing.set()
    await engine.dispose()
