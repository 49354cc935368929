"""Put each starter under load beside a hello-world: 50 connections, as many workers as cores, on loopback.

`uv run --group load python benchmarks/load.py [STACK…]`; the databases are found as the tests find them. The
hello-world is the framework's own with one `SELECT 1` through the driver that the starter uses, over a pool of as many
connections. Prints the requests a second of both and their ratio, for reading one product by its id, which is one
SELECT as well; then those of a mix that creates and lists products. Exit 1 if a request got a 5xx or no response, or a
product confirmed with 201 is not there afterwards.

What the difference between one product and the hello-world is made of: a transaction around the read, building the
statement and the object in the ORM, checking the id and the response against a schema, and for each request an id, a
log line and headers. On FastAPI, in milliseconds of processor time for one request: 0.11 hello-world without a database,
0.79 with SELECT 1, 1.03 one product, of which 0.06 are id, log line, headers and deadline, and the rest is the ORM's.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), *map(str, (ROOT / "tests").glob("*/"))]

import starters  # noqa: E402
from conftest import plain_copy  # noqa: E402

CONNECTIONS, SECONDS, WORKERS = 50, 15, os.cpu_count() or 1
GUNICORN = f"uv run gunicorn --bind 127.0.0.1:$PORT --workers {WORKERS}"
UVICORN = f"uv run uvicorn --port $PORT --log-level warning --no-access-log --workers {WORKERS}"
CLUSTER = "node cluster.mjs"
# How each framework is served where it counts: the starter, and a hello-world in one file.
SERVED = {
    "django": (f"{GUNICORN} config.wsgi", f"{GUNICORN} hello"),
    "fastapi": (f"{UVICORN} app.main:app", f"{UVICORN} hello:app"),
    "nestjs": (f"{CLUSTER} ./dist/main.js", f"{CLUSTER} ./dist/hello.js"),
}
FILES = {
    "django": {
        "hello.py": """import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import JsonResponse
from django.urls import path

database = environ.Env().db("DATABASE_URL") | {"CONN_MAX_AGE": None}
settings.configure(ALLOWED_HOSTS=["127.0.0.1"], DATABASES={"default": database}, ROOT_URLCONF=__name__)


def hello(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return JsonResponse({"hello": cursor.fetchone()[0]})


urlpatterns = [path("", hello)]
application = get_wsgi_application()
"""
    },
    "fastapi": {
        "hello.py": """from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.config import Settings

engine = create_async_engine(Settings.load().database_url.get_secret_value(), pool_size=10, max_overflow=0)
app = FastAPI()


@app.get("/")
async def hello() -> dict[str, int]:
    async with engine.connect() as connection:
        return {"hello": (await connection.execute(text("SELECT 1"))).scalar_one()}
"""
    },
    "nestjs": {
        "cluster.mjs": f"""import cluster from 'node:cluster';

if (cluster.isPrimary) for (let n = 0; n < {WORKERS}; n++) cluster.fork();
else await import(process.argv[2]);
""",
        "src/hello.ts": """import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

@Controller()
class HelloController {
  @Get()
  async hello() {
    const found = await pool.query<{ hello: number }>('SELECT 1 AS hello');
    return found.rows[0];
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

const app = await NestFactory.create(HelloModule, { logger: false });
await app.listen(process.env.PORT ?? 3000);
""",
    },
}


async def load(base: str, paths: tuple[str, ...], seconds: float = SECONDS) -> tuple[Counter[int], list[str]]:
    """(responses by status, 0 for none; paths of what was created) of so many seconds; a path `POST x` creates at x."""
    statuses: Counter[int] = Counter()
    created: list[str] = []

    async def client(session: aiohttp.ClientSession, end: float) -> None:
        while time.monotonic() < end:
            for path in paths:
                method, path = path.split() if " " in path else ("GET", path)
                body = {"sku": uuid.uuid4().hex, "name": "Load"} if method == "POST" else None
                try:
                    async with session.request(method, base + path, json=body) as response:
                        statuses[response.status] += 1
                        said = await response.json()
                        if response.status == 201:
                            created.append(f"{path}/{said['id']}")
                except (aiohttp.ClientError, TimeoutError):
                    statuses[0] += 1

    limit = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(30)) as session:
        end = time.monotonic() + seconds
        await asyncio.gather(*(client(session, end) for _ in range(CONNECTIONS)))
    return statuses, created


async def lost(base: str, created: list[str]) -> int:
    """How many of them cannot be read."""
    waiting = asyncio.Semaphore(CONNECTIONS)
    async with aiohttp.ClientSession() as session:

        async def missing(path: str) -> bool:
            async with waiting, session.get(base + path) as response:
                return bool(response.status != 200)

        return sum(await asyncio.gather(*map(missing, created)))


class Served:
    """A server of `command` on a free port, for the time of a `with`; its address."""

    def __init__(self, service: starters.Service, command: str, health: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        self.base, self.health = f"http://127.0.0.1:{port}", health
        null, environment = subprocess.DEVNULL, service.environment | {"PORT": port}
        self.process = subprocess.Popen(
            f"exec {command}", shell=True, cwd=service.folder, env=environment, start_new_session=True, stdin=null, stdout=null, stderr=null
        )

    def __enter__(self) -> str:
        starters.until(lambda: starters.get(self.base + self.health)[0] == 200, 60, f"{self.base} does not respond")
        return self.base

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)


def measure(template: Path, folder: Path, stack: str) -> bool:
    """Print a line for the stack; whether all went well."""
    framework = stack.split("-")[0]
    service = starters.generate(template, folder / stack, stack)
    # gunicorn refuses the public one of .env.example.
    service.environment["SECRET_KEY"] = secrets.token_urlsafe(64)
    for name, text in FILES[framework].items():
        (service.folder / name).write_text(text, encoding="utf-8")
    with starters.database(service.folder) as url:
        service = service.with_database(url)
        service.expect(*(key for key in ("install", "generate", "migrate") if key in service.commands))
        if framework == "nestjs":
            assert not (failure := service.failure("npm run build")), failure
        starter, hello = SERVED[framework]
        with Served(service, hello, "/") as base:
            bare, _ = asyncio.run(load(base, ("/",)))
        with Served(service, starter, "/ready") as base:
            asyncio.run(load(base, ("POST /products",), seconds=1))  # warm, and something to read
            first = starters.get(f"{base}/products")[1]
            one, _ = asyncio.run(load(base, (f"/products/{an_id(first)}",)))
            mix, created = asyncio.run(load(base, ("POST /products", "/products")))
            gone = asyncio.run(lost(base, created))
    failed = sum(count for found in (one, mix) for status, count in found.items() if status == 0 or status >= 500)
    rates = [sum(found.values()) / SECONDS for found in (bare, one, mix)]
    print(
        f"{stack}, {WORKERS} workers: one product {rates[1]:,.0f} requests a second, {rates[1] / rates[0]:.2f} of"
        f" hello-world's {rates[0]:,.0f} with one SELECT; creating and listing {rates[2]:,.0f};"
        f" {len(created):,} products created, {gone} lost, {failed} failed",
        flush=True,
    )
    return not gone and not failed and bool(created) and set(one) == {200} and set(mix) == {200, 201}


def an_id(listed: bytes) -> object:
    """The id of one product, however the stack wraps its list."""
    found = json.loads(listed)
    rows = found if isinstance(found, list) else next(value for value in found.values() if isinstance(value, list))
    return rows[0]["id"]


def main(stacks: tuple[str, ...]) -> int:
    os.environ.setdefault("GIT_CONFIG_GLOBAL", os.devnull)
    os.environ |= {f"GIT_{who}_{what}": "load@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "template").mkdir()
        template = plain_copy(Path(scratch) / "template")
        return int(not all([measure(template, Path(scratch), stack) for stack in stacks]))


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or starters.STACKS))
