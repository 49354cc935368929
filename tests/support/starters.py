"""A starter that was generated and runs: its folder, its commands as CLAUDE.md says them, its database, its server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import copier
import jinja2
import matrix
import psycopg
import pymysql
import yaml
from checks import commands_of
from conftest import ROOT, git, listed, unavailable

STACKS = tuple(stack for stack in matrix.STACKS if stack != "generic")
# Where the server listens when it is started as CLAUDE.md says.
PORTS = {"django-mysql": 8000, "django-postgres": 8000, "fastapi-postgres": 8000, "nestjs-prisma": 3000}
# The variable that names a server on which databases may be made, for each kind of URL.
SERVERS = {"mysql": "TEST_MYSQL_URL", "postgresql": "TEST_POSTGRES_URL"}
NAMES: Any = jinja2.Environment().from_string((ROOT / "template/facts/names.jinja").read_text(encoding="utf-8")).module


# --- package managers


def uv() -> str | None:
    """The program itself: pyenv's stand-in for it obeys the starter's .python-version."""
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    return os.environ.get("UV") or shutil.which("uv", path=os.pathsep.join([*folders, f"{sys.base_prefix}/bin"]))


def path_with(manager: str, shims: Path) -> str:
    """A PATH on which that package manager stands; where it is missing, uv or npm fetch it, by programs in `shims`."""
    # Poetry reads no index but the original without this plugin, which looks at POETRY_PYPI_MIRROR_URL.
    poetry = ["uv", "tool", "run", "--with", "poetry-plugin-pypi-mirror", "poetry"]
    runners = {"poetry": poetry, "pnpm": ["npx", "-y", "pnpm@10"], "yarn": ["npx", "-y", "yarn@1"]}
    shims.mkdir(parents=True, exist_ok=True)
    path = f"{shims}:{os.environ['PATH']}"

    def shim(name: str, command: list[str]) -> None:
        (shims / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (shims / name).chmod(0o755)

    if found := uv():
        shim("uv", [found])
    if manager in runners and not shutil.which(manager):
        if not shutil.which(runners[manager][0], path=path):
            unavailable(f"neither {manager} nor {runners[manager][0]} is installed")
        shim(manager, runners[manager])
    elif manager != "pip" and not shutil.which(manager, path=path):
        unavailable(f"{manager} is not installed")
    return path


def environment_with(manager: str, shims: Path) -> dict[str, str]:
    """That of this process with the package manager, without what a starter's own tools would take for theirs."""
    stray = ("VIRTUAL_ENV", "PYTHONPATH", "CI", "DATABASE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in stray and not name.startswith("PYTEST_")}
    return environment | {
        "PATH": path_with(manager, shims),
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "UV_PYTHON": environment.get("UV_PYTHON", sys.executable),
    }


# --- databases


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """One process of this machine at a time."""
    with open(Path(tempfile.gettempdir()) / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment_of(text: str) -> dict[str, str]:
    """The variables of a file such as .env.example."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    values = {name.strip(): value.strip().strip("\"'") for name, _, value in (line.partition("=") for line in lines)}
    return {name: re.sub(r"\$\{(\w+)\}", lambda used: values[used[1]], value) for name, value in values.items()}


def docker_runs() -> bool:
    return bool(shutil.which("docker")) and all(
        subprocess.run(["docker", *words], capture_output=True).returncode == 0 for words in (["compose", "version"], ["info"])
    )


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """A URL for DATABASE_URL: an empty database of its own, on a server of the kind the starter in `folder` wants.

    The server is that of the environment, else the one of the starter's own compose.yaml.
    """
    example = environment_of((folder / ".env.example").read_text(encoding="utf-8"))["DATABASE_URL"]
    kind = urllib.parse.urlsplit(example).scheme.split("+")[0]
    kind = {"postgres": "postgresql"}.get(kind, kind)
    with contextlib.ExitStack() as stack:
        server = os.environ.get(SERVERS[kind])
        if not server:
            if not docker_runs():
                unavailable(f"no {kind}: neither {SERVERS[kind]} is set nor does docker compose run")
            server = stack.enter_context(composed(folder, example))
        name = f"starter_{uuid.uuid4().hex[:12]}"
        statement(server, f"CREATE DATABASE {name}")
        try:
            yield urllib.parse.urlsplit(server)._replace(scheme=kind, path=f"/{name}").geturl()
        finally:
            statement(server, f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))


@contextlib.contextmanager
def composed(folder: Path, url: str) -> Iterator[str]:
    """The server of compose.yaml, as its administrator; its port is fixed, so one at a time."""
    compose = ["docker", "compose", "-p", "starter-test"]
    with locked(f"starter-compose-{urllib.parse.urlsplit(url).port}"):
        try:
            subprocess.run([*compose, "up", "-d", "--wait"], cwd=folder, check=True)
            (service,) = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
            parts = urllib.parse.urlsplit(url)
            if secret := service["environment"].get("MYSQL_ROOT_PASSWORD"):
                parts = parts._replace(netloc=f"root:{secret}@{parts.hostname}:{parts.port}")
            yield parts.geturl()
        finally:
            subprocess.run([*compose, "down", "-v"], cwd=folder, check=True)


def statement(server: str, sql: str) -> None:
    """Run one statement of ours on the server."""
    url = urllib.parse.urlsplit(server)
    if url.scheme.startswith("mysql"):
        connection = pymysql.connect(
            host=url.hostname, port=url.port or 3306, user=urllib.parse.unquote(url.username or ""), password=urllib.parse.unquote(url.password or "")
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
    else:
        with psycopg.connect(url._replace(scheme="postgresql").geturl(), autocommit=True) as session:
            session.execute(sql)


# --- the generated service


@dataclass
class Service:
    """A starter in `folder`, under git; `commands` by their key in the template's facts."""

    stack: str
    folder: Path
    environment: dict[str, str]
    commands: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = {label: key for key, label in NAMES.commands.items()}
        said = commands_of((self.folder / "CLAUDE.md").read_text(encoding="utf-8"))
        self.commands = {keys[label]: command for label, command in said.items()}

    def with_database(self, url: str) -> Service:
        return replace(self, environment=self.environment | {"DATABASE_URL": url})

    def typed(self, key: str) -> str:
        """The command of that key with its words in capitals replaced."""
        return re.sub(r"\b[A-Z]+(?:::[A-Z]+)?\b", lambda found: self.word(key, found[0]), self.commands[key])

    def word(self, key: str, word: str) -> str:
        """What a word in capitals is replaced by."""
        if word in ("PATH::NAME", "FILE") or (key == "test_one" and word == "NAME"):
            file, name = self.a_test()
            return {"PATH::NAME": f"{file}::{name}", "FILE": file, "NAME": name}[word]
        if word == "APP":
            return next(path for path in self.files() if "/migrations/" in path).split("/migrations/")[0].split("/")[-1]
        return {"NAME": "add_note"}[word]

    def files(self) -> list[str]:
        return listed(self.folder)

    def a_test(self) -> tuple[str, str]:
        """A test that the command `test` runs: its file and name."""
        pattern = {"nestjs-prisma": r"\bit\('([^'$`]+)'"}.get(self.stack, r"(?m)^(?:async )?def (test_\w+)")
        suffix = {"nestjs-prisma": ".spec.ts"}.get(self.stack, ".py")
        for path in self.files():
            if path.endswith(suffix) and ".e2e-" not in path and (found := re.search(pattern, (self.folder / path).read_text(encoding="utf-8"))):
                return path, found[1]
        raise AssertionError(f"no test in {self.files()}")

    def run(self, command: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds
        )

    def failure(self, command: str) -> str | None:
        """Run it; what to report where it fails."""
        ran = self.run(command)
        return None if ran.returncode == 0 else f"`{command}` exits {ran.returncode}:\n{tail(ran.stdout + ran.stderr)}"

    def expect(self, *keys: str) -> None:
        for key in keys:
            assert not (failure := self.failure(self.typed(key))), failure

    def commit(self) -> None:
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-qm", "state")

    @contextlib.contextmanager
    def edited(self, *edits: tuple[str, str, str]) -> Iterator[None]:
        """Inside, `(glob, old, new)` is changed in its one file; at the end everything is as committed."""
        for glob, old, new in edits:
            (path,) = self.folder.glob(glob)
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{path} has no {old!r}: the table of edits is out of date"
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            yield
        finally:
            git(self.folder, "checkout", "-q", ".")
            git(self.folder, "clean", "-fdq")

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """The service, started by its command as written; the URL it answers on. It has to stop cleanly on SIGTERM."""
        port = PORTS[self.stack]
        with locked(f"starter-port-{port}"), tempfile.TemporaryFile("w+") as log:
            until(lambda: not answers(port), 120, f"something else listens on port {port}")
            process = subprocess.Popen(
                self.commands["dev"], shell=True, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

            def output() -> str:
                log.seek(0)
                return log.read()

            try:
                until(lambda: process.poll() is not None or get(f"http://127.0.0.1:{port}/health")[0] == 200, 90, lambda: "no /health: " + tail(output()))
                assert process.poll() is None, f"`{self.commands['dev']}` ended with {process.returncode}:\n{tail(output())}"
                yield f"http://127.0.0.1:{port}"
                os.killpg(process.pid, signal.SIGTERM)
                if happens(lambda: process.poll() is not None and not group_is_there(process.pid), 60):
                    code = process.returncode
                    assert code in (0, -signal.SIGTERM, 128 + signal.SIGTERM), f"SIGTERM: exit code {code}: {tail(output())}"
                else:
                    # uvicorn's reloader sets a threading.Event in its signal handler; on rare stops that deadlocks, with the server already gone.
                    assert "Finished server process" in output(), "still there 60 s after SIGTERM: " + tail(output())
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                assert not re.search(r"Traceback \(most recent|UnhandledPromiseRejection", output()), tail(output())
                until(lambda: not answers(port), 10, f"port {port} is still taken")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def generate(template: Path, folder: Path, stack: str, manager: str | None = None, **answers: object) -> Service:
    """The starter in the empty `folder`, a repository with one commit; programs that are missing are put beside it."""
    data = {"stack": stack, **({"package_manager": manager} if manager else {}), **answers}
    copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
    git(folder, "init", "-q", "-b", "main")
    environment = environment_with(manager or matrix.MANAGERS[stack][0], folder.parent / "shims")
    # A service refuses to start without some of these; DATABASE_URL is each test's own.
    example = environment_of((folder / ".env.example").read_text(encoding="utf-8"))
    environment |= {name: value for name, value in example.items() if name != "DATABASE_URL"}
    if stack == "nestjs-prisma" and "PRISMA_SCHEMA_ENGINE_BINARY" not in environment and get("https://binaries.prisma.sh/")[0] in (0, 403):
        unavailable("Prisma's engine can neither be downloaded nor is it named by PRISMA_SCHEMA_ENGINE_BINARY")
    service = Service(stack, folder, environment)
    service.commit()
    return service


def tail(text: str, lines: int = 30) -> str:
    return "\n".join(text.splitlines()[-lines:])


def until(condition: Callable[[], object], seconds: float, otherwise: str | Callable[[], str]) -> None:
    """Wait for it; AssertionError with `otherwise` (a text, or what makes one) after so many seconds."""
    assert happens(condition, seconds), otherwise() if callable(otherwise) else otherwise


def happens(condition: Callable[[], object], seconds: float) -> bool:
    """Wait for it; whether it came true within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def get(url: str) -> tuple[int, bytes]:
    """Status (0 where nobody answers) and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
