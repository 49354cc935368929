"""Put each starter under load: 50 connections create and list products for 20 seconds, on loopback.

`uv run --group load python benchmarks/load.py [STACK…]`; the databases are found as the tests find them. Prints the
answers a second beside those of the framework's own hello-world, which the same server serves in the same run. Exit 1
if a request got a 5xx or no answer, or a product answered with 201 is not there afterwards.
"""

from __future__ import annotations

import asyncio
import os
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
sys.path.insert(0, str(ROOT / "tests"))

import copier  # noqa: E402
import starters  # noqa: E402
from conftest import plain_copy  # noqa: E402

CONNECTIONS, SECONDS = 50, 20
GUNICORN = "uv run gunicorn --bind 127.0.0.1:$PORT --workers 2"
UVICORN = "uv run uvicorn --port $PORT --log-level warning"
# How each is served where it counts: the starter, and a hello-world in one file.
SERVED = {
    "django-mysql": (f"{GUNICORN} config.wsgi", f"{GUNICORN} hello"),
    "fastapi-postgres": (f"{UVICORN} app.main:app", f"{UVICORN} hello:app"),
    "nestjs-prisma": ("node dist/main.js", "node dist/hello.js"),
}
HELLO = {
    "django-mysql": (
        "hello.py",
        """from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__)
urlpatterns = [path("", lambda request: JsonResponse({"hello": "world"}))]
application = get_wsgi_application()
""",
    ),
    "fastapi-postgres": (
        "hello.py",
        """from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}
""",
    ),
    "nestjs-prisma": (
        "src/hello.ts",
        """import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Controller()
class HelloController {
  @Get()
  hello() {
    return { hello: 'world' };
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

const app = await NestFactory.create(HelloModule, { logger: false });
await app.listen(process.env.PORT ?? 3000);
""",
    ),
}


async def load(base: str, paths: tuple[str, ...]) -> tuple[Counter, list[str]]:
    """(answers by status, 0 for none; addresses of what was created) of `SECONDS`; a path `POST x` creates at x."""
    statuses: Counter[int] = Counter()
    created: list[str] = []

    async def client(session: aiohttp.ClientSession, end: float) -> None:
        while time.monotonic() < end:
            for path in paths:
                method, path = path.split() if " " in path else ("GET", path)
                body = {"sku": uuid.uuid4().hex, "name": "Load"} if method == "POST" else None
                try:
                    async with session.request(method, base + path, json=body) as answer:
                        statuses[answer.status] += 1
                        said = await answer.json()
                        if answer.status == 201:
                            created.append(f"{path}/{said['id']}")
                except (aiohttp.ClientError, TimeoutError):
                    statuses[0] += 1

    limit = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(30)) as session:
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(client(session, end) for _ in range(CONNECTIONS)))
    return statuses, created


async def lost(base: str, created: list[str]) -> int:
    """How many of them cannot be read."""
    waiting = asyncio.Semaphore(CONNECTIONS)
    async with aiohttp.ClientSession() as session:

        async def missing(path: str) -> bool:
            async with waiting, session.get(base + path) as answer:
                return answer.status != 200

        return sum(await asyncio.gather(*map(missing, created)))


class Served:
    """A server of `command` on a free port, for the time of a `with`; its address."""

    def __init__(self, service: starters.Service, command: str, health: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        self.base, self.health = f"http://127.0.0.1:{port}", health
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = service.environment | {"PORT": port}
        self.process = subprocess.Popen(f"exec {command}", shell=True, cwd=service.folder, env=environment, start_new_session=True, **quiet)

    def __enter__(self) -> str:
        starters.until(lambda: starters.get(self.base + self.health)[0] == 200, 60, f"{self.base} does not answer")
        return self.base

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)


def measure(template: Path, folder: Path, stack: str) -> bool:
    """Print a line for the stack; whether all went well."""

    def generated(target: Path, answers: dict[str, object]) -> None:
        copier.run_copy(str(template), target, data=answers, defaults=True, quiet=True)

    service = starters.generate(generated, folder / stack, folder / "shims", stack)
    name, text = HELLO[stack]
    (service.folder / name).write_text(text, encoding="utf-8")
    with starters.database(service.folder) as url:
        service = service.with_database(url)
        service.expect(*(key for key in ("install", "generate", "migrate") if key in service.commands))
        if stack == "nestjs-prisma":
            assert not (failure := service.failure("npm run build")), failure
        starter, hello = SERVED[stack]
        with Served(service, hello, "/") as base:
            bare, _ = asyncio.run(load(base, ("/",)))
        with Served(service, starter, "/ready") as base:
            statuses, created = asyncio.run(load(base, ("POST /products", "/products")))
            gone = asyncio.run(lost(base, created))
    failed = sum(count for status, count in statuses.items() if status == 0 or status >= 500)
    rate, bare_rate = (sum(counts.values()) / SECONDS for counts in (statuses, bare))
    print(
        f"{stack}: {rate:,.0f} answers a second, {rate / bare_rate:.2f} of hello-world's {bare_rate:,.0f};"
        f" {len(created):,} products created, {gone} lost, {failed} failed",
        flush=True,
    )
    return not gone and not failed and bool(created) and set(statuses) == {200, 201}


def main(stacks: tuple[str, ...]) -> int:
    os.environ.setdefault("GIT_CONFIG_GLOBAL", os.devnull)
    os.environ |= {f"GIT_{who}_{what}": "load@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "template").mkdir()
        template = plain_copy(Path(scratch) / "template")
        return int(not all([measure(template, Path(scratch), stack) for stack in stacks]))


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or starters.STACKS))
