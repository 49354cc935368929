"""Fixtures: the template as a plain folder and as a tagged git repository, and ways to generate from it."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import client
import copier
import copier._template
import jinja2
import pytest

ROOT = Path(__file__).resolve().parents[1]
# The folder of a framework that holds its starter.
STARTER = "{% if starter_is_due %}.{% endif %}"

Render = Callable[..., dict[str, str]]  # of the fixture `render`


def git(folder: Path, *args: str) -> str:
    """Run git in `folder` and return its standard output; raises CalledProcessError on failure."""
    return subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, message: str = "generated") -> None:
    """Commit everything in `folder`."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def listed(folder: Path) -> list[str]:
    """What git knows in `folder` or would add, as POSIX paths."""
    return [name for name in git(folder, "ls-files", "-coz", "--exclude-standard").split("\0") if name]


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write each {path: text}, with the folders above it."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


def cli(*args: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real `copier` command, without a terminal."""
    command = [sys.executable, "-m", "copier", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd, env=env)


def doctor(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the doctor of the generated repository `folder`."""
    command = [sys.executable, ".claude/hooks/doctor.py", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def project(template: Path, folder: Path, **answers: object) -> Path:
    """A repository with one commit, generated from the tagged template."""
    copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def unavailable(reason: str) -> None:
    """Skip the test, or fail it under CI, where everything it needs must be there."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def generated(folder: Path) -> dict[str, str]:
    """Every file of `folder` outside .git, as {POSIX path: text}."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def files_of(template: Path, **answers: object) -> dict[str, str]:
    """What comes out of `template` with those answers, in a folder `service`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "service"
        copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
        return generated(folder)


def without_origin(files: dict[str, str]) -> dict[str, str]:
    """`files` whose answers do not say which template they come from."""
    return files | {".copier-answers.yml": re.sub(r"(?m)^_(commit|src_path): .*\n", "", files[".copier-answers.yml"])}


@pytest.fixture(scope="session")
def real_client() -> None:
    """For tests that drive the real client: it is there, or the test is skipped with the reason."""
    try:
        client.client_binary()
    except client.ClientUnavailable as missing:
        unavailable(str(missing))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skip is a failure: what a test needs must be there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI: {call.excinfo.value if call.excinfo else report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _git_identity() -> None:
    os.environ.update(
        {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))}
    )
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull


@pytest.fixture(scope="session", autouse=True)
def _read_and_compiled_once() -> Iterator[None]:
    """Copier parses copier.yml and compiles every text of every question anew in each copy: four fifths of its time."""
    compile_text, compiled = jinja2.Environment.compile, dict[object, Any]()
    load_config, loaded = copier._template.load_template_config, dict[object, dict[str, Any]]()

    def once(env: jinja2.Environment, source: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(source, str):
            return compile_text(env, source, *args, **kwargs)
        key = (source, type(env), env.trim_blocks, args, *kwargs.items())
        if key not in compiled:
            compiled[key] = compile_text(env, source, *args, **kwargs)
        return compiled[key]

    def config(path: Path, *args: Any) -> dict[str, Any]:
        key = tuple(file.read_bytes() for file in (path, *sorted(path.parent.glob("questions/*.yml"))))
        if key not in loaded:
            loaded[key] = load_config(path, *args)
        return copy.deepcopy(loaded[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", once)
        patch.setattr(copier._template, "load_template_config", config)
        yield


def plain_copy(folder: Path, tests: bool = False) -> Path:
    """This repository's files as they are now, with or without its tests, in a plain folder: the fastest source for many copies."""
    for name in listed(ROOT):
        if (ROOT / name).is_file() and (tests or not name.startswith("tests/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_copy(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def tagged_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files as a git repository with the tag v0.1.0: what `copier update` needs."""
    folder = tmp_path_factory.mktemp("tagged") / "copier-backend-agent"
    shutil.copytree(template, folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "release")
    git(folder, "tag", "v0.1.0")
    return folder


@pytest.fixture
def render(template: Path, tmp_path: Path) -> Render:
    """`render(stack="generic", …)` copies into a new folder `service` with those answers and returns its files."""

    def _render(**answers: object) -> dict[str, str]:
        folder = tmp_path / "service"
        shutil.rmtree(folder, ignore_errors=True)
        copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
        return generated(folder)

    return _render
