"""Each option that runs unasked, with the real tool: no file changes but the tool's own caches, and nothing else runs.

The samples are as small as the tools allow. A value is tried twice: one that fits, and `canary`, the name of a program
and of a module that leave a mark when they run, so that an option that runs, loads or writes its value is found.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pytest
import yaml
from conftest import ROOT, commit, git, unavailable, write_files
from starters import database

CACHE = Path(os.environ.get("PROOFS_CACHE", ROOT / ".cache" / "proofs")) / "options"
VERSIONS = yaml.safe_load((ROOT / "proofs/versions.yml").read_text(encoding="utf-8"))
PACKAGES = ["pytest", "pytest-cov", "pytest-xdist", "mypy", "ruff", "alembic", "django", VERSIONS["go"]["toolchain"]]
NODE = {
    "vitest": "^4", "@vitest/coverage-v8": "^4", "typescript": "^5", "oxlint": "^1", "prettier": "^3", "eslint": "^10", "jest": "^30",
    "@nestjs/cli": "^12", "prisma": "^7", "pnpm": ">=10", "yarn": "^1", "bun": "^1", "deno": "^2",
}  # fmt: skip
BINARIES = ("pnpm", "bun", "deno")  # their own scripts put the program in its place
# The tools' own, as every project's .gitignore has them; files of a running test database.
CACHES = re.compile(r"(^|/)(\.[a-z]+_cache|__pycache__|node_modules|\.git|\.coverage[^/]*|\.home)(/|$)|\.tsbuildinfo$|-journal$")

TABLE = "import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table('orders', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
DJANGO = """SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
"""
PRISMA_CONFIG = "export default { schema: 'prisma/schema.prisma', datasource: { url: process.env.DATABASE_URL } };\n"
SCHEMA = """generator client {
    provider = "prisma-client"
    output   = "../src/generated"
}

datasource db {
    provider = "postgresql"
}

model Order {
    id Int @id
}
"""


@dataclass(frozen=True)
class Sample:
    """A project for a file of options: its files, what makes it ready, the words of each kind, and values that fit."""

    files: dict[str, str]
    programs: tuple[str, ...]  # those that are tried; the others need a server, or a toolchain of their own
    words: list[str]
    ready: tuple[str, ...] = ()
    fits: dict[str, str] = field(default_factory=dict)
    adds: dict[str, str] = field(default_factory=dict)  # what a program that exists to write may add or change
    of: str = ""  # the file of options, unless it has the sample's name


Ready = Callable[[str], tuple[Path, dict[str, str]]]  # of the fixture `sample`: the folder and the environment of a sample, by its name


SAMPLES = {
    "python": Sample(
        files={"app/__init__.py": "", "app/total.py": "total: int = 1\n", "tests/test_total.py": "from app.total import total\n\n\ndef test_total(tmp_path):\n    assert total == 1\n", "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n'},
        programs=("pytest", "ruff check", "ruff format --check", "ruff rule", "mypy"),
        words=["."],
        fits={"-p": "app", "-m": "app.total", "--tb": "short", "--color": "no", "--capture": "no", "--dist": "load", "--cov": "app", "--import-mode": "importlib", "--python-version": "3.12", "--select": "F", "--ignore": "tests/x.py", "--target-version": "py312", "--show-capture": "no", "--log-level": "INFO"},
    ),
    "alembic": Sample(
        files={"table.py": TABLE, "pyproject.toml": ""},
        programs=("alembic current", "alembic history", "alembic heads", "alembic branches", "alembic show", "alembic check", "alembic revision"),
        words=["head"],
        ready=(
            "alembic init migrations",
            "sed -i -e s|driver://.*|sqlite:///orders.db| alembic.ini",
            "sed -i -e 's|^target_metadata = None|from table import metadata as target_metadata|' migrations/env.py",
            "alembic revision --autogenerate -m start",
            "alembic upgrade head",
        ),
        fits={"-r": "base:head", "--rev-range": "base:head"},
        adds={"alembic revision": "migrations/versions/"},
    ),
    "django": Sample(
        files={"manage.py": 'import os\nfrom django.core.management import execute_from_command_line\nimport sys\n\nos.environ["DJANGO_SETTINGS_MODULE"] = "config"\nexecute_from_command_line(sys.argv)\n', "config.py": DJANGO, "shop/__init__.py": "", "shop/migrations/__init__.py": "", "shop/models.py": "from django.db import models\n\n\nclass Order(models.Model):\n    total = models.IntegerField()\n"},
        programs=("manage.py check", "manage.py showmigrations", "manage.py sqlmigrate", "manage.py migrate", "manage.py migrate --check", "manage.py makemigrations", "manage.py test", "manage.py version"),
        words=["shop"],
        ready=("python manage.py makemigrations shop", "python manage.py migrate"),
        fits={"--database": "default", "--fail-level": "ERROR", "-t": "models", "--tag": "models"},
        adds={"manage.py makemigrations": "shop/migrations/"},
    ),
    "node": Sample(
        files={"nest-cli.json": '{"sourceRoot": "src", "compilerOptions": {"deleteOutDir": true}}\n', "eslint.config.js": "export default [{files: ['**/*.js']}];\n", "src/total.js": "export const total = 1;\n", "src/total.jest.cjs": 'it("is one", () => expect(1).toBe(1));\n', "src/total.ts": "export const total: number = 1;\n", "src/total.test.ts": "import { expect, it } from \"vitest\";\nimport { total } from \"./total\";\n\nit(\"is one\", () => expect(total).toBe(1));\n", "tsconfig.json": '{"compilerOptions": {"module": "esnext", "moduleResolution": "bundler", "skipLibCheck": true, "types": [], "outDir": "dist"}, "include": ["src"]}\n', "tsconfig.other.json": '{"extends": "./tsconfig.json", "compilerOptions": {"outDir": "other"}}\n', "package.json": '{"type": "module", "jest": {"testMatch": ["**/*.jest.cjs"]}}\n'},
        programs=("vitest", "jest", "eslint", "oxlint", "prettier --check", "prettier -c", "prettier -l", "tsc", "tsc --version", "tsc --showConfig", "nest info", "nest --version", "nest build"),
        words=["src"],
        fits={"-p": "tsconfig.json", "--project": "tsconfig.json", "-D": "no-debugger", "-A": "no-debugger", "-W": "no-debugger", "--threads": "1", "-t": "is", "--ext": ".js", "--testPathPatterns": "total", "--testNamePattern": "is", "--testTimeout": "5000", "--hookTimeout": "5000"},
        adds={"vitest": "coverage/", "jest": "coverage/", "nest build": "dist/"},
    ),
    "prisma": Sample(
        of="node",
        files={"package.json": "{}\n", ".env.example": "DATABASE_URL=postgresql://\n", "prisma.config.mjs": PRISMA_CONFIG, "prisma/schema.prisma": SCHEMA, "other.prisma": SCHEMA.replace("../src/generated", "other"), "src/main.ts": ""},
        programs=("prisma validate", "prisma format", "prisma generate", "prisma version", "prisma --version", "prisma migrate status", "prisma migrate dev"),
        words=[],
        adds={"prisma format": "prisma/schema.prisma", "prisma generate": "src/generated/", "prisma migrate dev": "prisma/migrations/"},
    ),
    "scripts": Sample(  # the package managers, and scripts that do nothing: are the options of a tool any of theirs?
        of="node",
        files={"package.json": '{"name": "x", "version": "1.0.0", "scripts": {"test": "true", "lint": "true", "format": "true", "build": "true"}, "dependencies": {"prettier": "^3"}}\n', "yarn.lock": '# yarn lockfile v1\n\n\nprettier@^3:\n  version "3.0.0"\n', "pnpm-workspace.yaml": "verifyDepsBeforeRun: false\n"},
        programs=(
            "npm test", "npm run lint", "npm run format", "npm run build", "npm ls", "npm explain", "npm pkg get", "npm --version", "npm -v", "node --version", "node -v",
            "pnpm run format", "pnpm run build", "pnpm ls", "pnpm list", "pnpm why", "pnpm --version", "pnpm -v",
            "yarn run format", "yarn run build", "yarn why", "yarn list", "yarn --version",
        ),
        words=["src"],
        fits={"--omit": "dev", "--pattern": "prettier", "-t": "is"},
    ),
    "other": Sample(
        files={"total.test.ts": "import { test } from 'bun:test';\n\ntest('is one', () => {});\n", "total.deno.ts": 'Deno.test("is one", () => {\n  console.log(1);\n});\n', "package.json": "{}\n"},
        programs=("bun test", "deno test", "deno lint", "deno fmt"),
        words=["total.deno.ts"],
        fits={"-t": "is", "--test-name-pattern": "is", "--filter": "is", "--timeout": "5000"},
        adds={"bun test": "coverage/"},
    ),
    "go": Sample(
        files={"go.mod": "module example.com/x\n\ngo 1.24\n", "cmd/api/main.go": "package main\n\nfunc main() {}\n", "total/total.go": "package total\n\nfunc Total() int { return 1 }\n", "total/total_test.go": 'package total\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif Total() != 1 {\n\t\tt.Fatal()\n\t}\n}\n'},
        programs=("go test", "go vet", "go build", "go list", "go mod graph", "go mod why", "go version", "go env", "go doc"),
        words=["./..."],
        fits={"-run": "TestTotal", "-timeout": "60s", "-benchtime": "1x", "-shuffle": "on", "-covermode": "set", "-coverpkg": "./...", "-f": "{{.Dir}}", "-fuzztime": "1x"},
    ),
}
# Options that the lists leave out, and that this test would find if they did not.
PLANTED = {
    "python": {"pytest": "read --junitxml= --basetemp=", "mypy": "read --junit-xml=", "ruff check": "read -o="},
    "go": {"go test": "read -exec= -coverprofile="},
    "node": {
        "vitest": "read --config=canary.ts --reporter=./canary.ts",
        "tsc": "none --outDir=",
        "jest": "none --reporters=./canary.cjs --globalSetup=./canary.cjs",
        "eslint": "read -o= -c=canary.mjs -f=./canary.mjs --cache",
        "nest build": "none --path=tsconfig.other.json",
    },
    "prisma": {"prisma format": "none --schema=other.prisma", "prisma generate": "none --schema=other.prisma", "prisma validate": "none --config=./canary.mjs"},
    "scripts": {"npm test": "read --script-shell=./canary"},
    "other": {"bun test": "read --preload=./canary.cjs", "deno test": "read --junit-path=", "deno fmt": "read --indent-width=8"},
}


def listed(name: str) -> dict[str, str]:
    text = (ROOT / f"template/facts/options/{SAMPLES[name].of or name}.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(jinja2.Template(text, trim_blocks=True, lstrip_blocks=True).render()))


# These end a run early or start workers: no other option would be tried with them.
ALONE = {
    "-h", "--help", "--version", "-V", "--co", "--collect-only", "--markers", "--fixtures", "--setup-plan", "--show-files", "--listFilesOnly",
    "-c", "-l", "-n", "--numprocesses", "-r", "--list-tags", "-x", "--lf", "--last-failed", "--sw", "--stepwise", "-json", "-m", "--check",
    "-list", "--changed", "--project",
}  # fmt: skip

# `-#` is a number; the others make Go compile its standard library anew, for minutes.
SLOW = {"-#", "-race", "-trimpath"}


def options(entry: str, fits: dict[str, str], separate: bool = False) -> list[list[list[str]]]:
    """The options of an entry as words, in groups that one call tries: those that go together, the others alone.

    separate: the tool takes a value as a word of its own only.
    """
    tokens = [token for token in entry.split()[1:] if token[0] == "-" and token not in SLOW and not token.endswith("!")]
    needed = [token[1:] for token in entry.split() if token.startswith("+-")]
    together, alone = list[list[list[str]]](), [[needed]]
    for token in tokens:
        name, equals, value = token.partition("=")
        for given in [value] if value or not equals else [fits.get(name, "1"), "canary"]:
            joined = len(name) > 2 and not separate
            words = [name] if not equals else [f"{name}={given}"] if joined else [name, given]
            (alone if name in ALONE or given == "canary" else together).append([needed + words])
    groups = [together[at : at + 4] for at in range(0, len(together), 4)]
    return [[words for single in group for words in single] for group in groups] + alone


def state(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not CACHES.search(name) and (path.is_dir() or path.is_file()):
            found[name] = path.read_bytes() if path.is_file() else b"a folder"
    return found


@pytest.fixture(scope="session")
def tools() -> Path:
    """A folder with Python's tools and Go, and `node_modules` of the same name above it."""
    if not (shutil.which("uv") and shutil.which("npm")):
        unavailable("needs uv and npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    python, wanted = CACHE / "venv", yaml.safe_dump(NODE)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker installs, the others wait
        if not (python / "bin/python").exists():
            subprocess.run(["uv", "venv", "-q", "--python", sys.executable, python], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", python / "bin/python", *PACKAGES], check=True)
        if not (CACHE / "node").exists() or (CACHE / "node").read_text() != wanted:
            (CACHE / "package.json").write_text(json.dumps({"private": True, "dependencies": NODE}))
            subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefix", CACHE], check=True)
            subprocess.run(["npm", "rebuild", "--silent", "--prefix", CACHE, *BINARIES], check=True)
            (CACHE / "node").write_text(wanted)
    return python / "bin"


@pytest.fixture
def sample(tools: Path, tmp_path: Path) -> Iterator[Ready]:
    def _sample(name: str) -> tuple[Path, dict[str, str]]:
        """A fresh sample project, ready and committed, and the environment of its tools."""
        folder, mark = tmp_path / name, tmp_path / name / "ran"
        env = {"PATH": f"{tools}:{folder}:{CACHE}/node_modules/.bin:{os.environ['PATH']}", "HOME": str(folder / ".home"), "LANG": "C.UTF-8", "CI": "1"}
        env |= {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(CACHE / "go"), "GOTOOLCHAIN": "local", "GOTELEMETRY": "off", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
        module = f"import fs from 'fs'; fs.writeFileSync({str(mark)!r}, '');\n"
        canaries = {"canary.py": f"open({str(mark)!r}, 'w')\n", "canary": f"#!/bin/sh\ntouch {mark}\n", "canary.ts": module, "canary.mjs": module, "canary.cjs": f"require('fs').writeFileSync({str(mark)!r}, '');\n"}
        write_files(folder, SAMPLES[name].files | canaries)
        (folder / "canary").chmod(0o755)
        if (SAMPLES[name].of or name) == "node":
            (folder / "node_modules").symlink_to(CACHE / "node_modules")
        if (folder / ".env.example").exists():
            env |= {"DATABASE_URL": databases.enter_context(database(folder))}
            env |= {name: value for name, value in os.environ.items() if name.startswith("PRISMA_")}
        for command in SAMPLES[name].ready:
            subprocess.run(shlex.split(command), cwd=folder, env=env, check=True, capture_output=True)
        git(folder, "init", "-q")
        commit(folder)
        return folder, env

    with contextlib.ExitStack() as databases:
        yield _sample


# The words that some programs need.
BEHIND = {
    "manage.py sqlmigrate": ["shop", "0001"], "ruff rule": ["F401"], "go doc": ["./total"], "npm explain": ["prettier"], "npm pkg get": ["scripts"],
    "pnpm why": ["prettier"], "yarn why": ["prettier"], "bun test": ["total.test.ts"], "npm ls": [], "alembic check": [], "go env": [], "manage.py test": [], "yarn list": [], "pnpm ls": [], "pnpm list": [],
}  # fmt: skip


def offenders(name: str, entries: dict[str, str], sample: Ready) -> tuple[list[str], int]:
    """The calls that changed a file or ran the canary, and how many calls succeeded."""
    project, (folder, env) = SAMPLES[name], sample(name)
    found, succeeded, before = [], 0, state(folder)
    for program, entry in entries.items():
        words = program.split()
        words = ["python", *words] if words[0] == "manage.py" else words
        if entry.startswith("as "):  # `vitest run` has the options of `vitest`
            entry = next(entries_of for key, entries_of in listed(name).items() if f"{entry} ".startswith(f"as {key} "))
        behind = project.words if entry.split()[0] in ("read", "text", "search") else []
        behind = BEHIND.get(program, behind)
        first, behind = (["run", *behind], []) if program == "vitest" else ([], behind)  # `--bail src` takes the word for its value
        todo = options(entry, project.fits, separate=program == "tsc")
        while todo:
            group = todo.pop()
            call = [*words, *first, *(word for option in group for word in option), *behind]
            done = subprocess.run(call, cwd=folder, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
            after = state(folder)
            changed = [file for file in {**before, **after} if after.get(file) != before.get(file)]
            if changed:
                subprocess.run("git clean -fdq; git checkout -q .", shell=True, cwd=folder, check=True)
                before = state(folder)
            kept = project.adds.get(program)
            wrong = [file for file in changed if not (kept and f"{file}/".startswith(kept) and file in after)]
            if len(group) > 1 and (wrong or done.returncode):
                todo += [[option] for option in group]  # to see which one it is, or whether they do not go together
            else:
                succeeded += len(group) * (done.returncode == 0)
                found += [f"{program} {shlex.join(group[0])}"] if wrong else []
    return found, succeeded


# How many calls succeed at least: what only fails proves nothing.
SUCCEED = {"python": 100, "alembic": 15, "django": 30, "node": 80, "prisma": 8, "scripts": 70, "other": 15, "go": 40}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_runs_unasked_writes_nothing_and_runs_nothing_else(sample: Ready, name: str) -> None:
    entries = {program: entry for program, entry in listed(name).items() if program in SAMPLES[name].programs}
    assert set(entries) == set(SAMPLES[name].programs)
    found, succeeded = offenders(name, entries, sample)
    assert found == [] and succeeded >= SUCCEED[name]


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_left_out_is_found(sample: Ready, name: str) -> None:
    """The check can fail, for each option that has to be left out."""
    found, _ = offenders(name, PLANTED[name], sample)
    missed = [f"{program} {option}" for program, entry in PLANTED[name].items() for option in entry.split()[1:] if not any(call.startswith(f"{program} {option.partition('=')[0]}") for call in found)]
    assert missed == []
