"""Each package manager runs the stack's commands as they replace CLAUDE.md, and passes their arguments on.

The manager is real; the tools behind it (pytest, ruff, prisma, …) are substitutes that print how they were called, so
that neither a database nor the stacks' packages are needed.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import matrix
import pytest
from checks import commands_of
from conftest import Render
from starters import path_with

PYTHON_TOOLS = ("pytest", "ruff", "mypy", "alembic", "fastapi")
NODE_SCRIPTS = ("test", "test:e2e", "lint", "format", "start:dev", "openapi", "db:check")
# Every manager once; the Python stacks share theirs, and Django's `manage.py` is one more way to name a tool.
CASES = [(stack, manager) for stack in ("fastapi-postgres", "nestjs-prisma") for manager in matrix.MANAGERS[stack]]
CASES.append(("django-mysql", "pip"))


def stand_in(path: Path) -> None:
    """An executable that prints its own name and its arguments, one JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]))\n")
    path.chmod(0o755)


def project(folder: Path, manager: str) -> None:
    """The least that makes the manager's install command succeed."""
    if manager in ("uv", "poetry", "pip"):
        (folder / "pyproject.toml").write_text(
            '[project]\nname = "service"\nversion = "0"\nrequires-python = ">=3.11"\n[tool.poetry]\npackage-mode = false\n'
        )
        (folder / "requirements-dev.txt").write_text("")
        (folder / "manage.py").write_text('import json, sys\nprint(json.dumps(["python", *sys.argv]))\n')
        return
    stand_in(folder / "called")
    scripts = {name: f"./called {name}" for name in NODE_SCRIPTS}
    (folder / "package.json").write_text(json.dumps({"name": "service", "version": "0.0.0", "scripts": scripts}))


def expected_call(command: str) -> list[str]:
    """What the tool behind `command` must be called with, by the table of how managers pass words on."""
    words = shlex.split(command)
    for prefix in ("uv run", "poetry run", "npx", "pnpm exec", "npm run", "pnpm run", "yarn run", "npm", "pnpm", "yarn"):
        if words[: len(prefix.split())] == prefix.split():
            words = words[len(prefix.split()) :]
            break
    words[0] = os.path.basename(words[0])
    return [word for at, word in enumerate(words) if not (word == "--" and at == 1)]


@pytest.mark.parametrize(("stack", "manager"), CASES)
def test_commands_reach_the_tool(render: Render, tmp_path: Path, stack: str, manager: str) -> None:
    commands = commands_of(render(stack=stack, package_manager=manager, starter=False)["CLAUDE.md"])
    folder = tmp_path / "project"
    folder.mkdir()
    project(folder, manager)
    environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    environment |= {"PATH": path_with(manager, tmp_path / "shims"), "POETRY_VIRTUALENVS_IN_PROJECT": "true", "UV_PYTHON": sys.executable}

    def run(command: str) -> str:
        ran = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    run(commands.pop("install dependencies"))
    for tool in PYTHON_TOOLS if manager in ("uv", "poetry", "pip") else ("prisma", "tsc"):
        stand_in(folder / (".venv/bin" if manager in ("uv", "poetry", "pip") else "node_modules/.bin") / tool)
    commands.pop("start what the tests need", None)
    assert len(commands) >= 8
    for command in commands.values():
        call = next(line for line in reversed(run(command).splitlines()) if line.startswith("["))
        called = json.loads(call)
        if called[0] == "called":
            called = called[1:]
        assert called == expected_call(command), command
