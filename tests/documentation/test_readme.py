"""README says what is so: its commands run as written, its quotations come out of the template."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import platforms
import proof
import pytest
from conftest import ROOT, Render, git, plain_copy, unavailable
from pages import ADDRESS, PAGES, blocks, text
from releases.make import definitions, values

README = text("README.md")
BLOCKS = blocks("README.md")


@pytest.fixture
def empty_home(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty HOME; package caches stay, so that a run takes seconds."""
    if not shutil.which("uv"):
        unavailable("uv is not installed")
    home = tmp_path / "home"
    home.mkdir()
    cache = subprocess.run(["uv", "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "VIRTUAL_ENV"))}
    return environment | {"HOME": str(home), "UV_CACHE_DIR": cache, "UV_PYTHON": sys.executable}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of this repository as it is now, uncommitted work included."""
    return plain_copy(tmp_path / "clone", tests=True)


def test_first_command_generates(empty_home: dict[str, str], tagged_template: Path, tmp_path: Path) -> None:
    assert BLOCKS[0].startswith("uvx copier copy ")
    command = BLOCKS[0].replace(ADDRESS, f"git+file://{tagged_template}")
    child = pexpect.spawn("bash", ["-c", command], cwd=tmp_path, env=empty_home | {"TERM": "xterm"}, timeout=60, encoding="utf-8")
    while child.expect([r"\? .*\?.*\)", pexpect.EOF]) == 0:
        child.send("\r")
    child.close()
    assert child.exitstatus == 0, child.before
    assert (tmp_path / "my-service/.claude/agents/backend-developer.md").is_file()


def test_second_command_finds_the_tests(empty_home: dict[str, str], clone: Path) -> None:
    """As written; the run inside only collects, else it would run itself again."""
    assert BLOCKS[1] == "uv run pytest"
    ran = subprocess.run(BLOCKS[1], shell=True, cwd=clone, env=empty_home | {"PYTEST_ADDOPTS": "--collect-only"}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "test_readme.py" in ran.stdout


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs everything by pip: CI does it")
def test_pip_line_finds_the_tests(empty_home: dict[str, str], clone: Path) -> None:
    command = re.findall(r"Without uv: `(.+)`", README)[0]
    ran = subprocess.run(command, shell=True, cwd=clone, env=empty_home | {"PYTEST_ADDOPTS": "--collect-only"}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_update_command_runs(empty_home: dict[str, str], tagged_template: Path, tmp_path: Path) -> None:
    service = tmp_path / "my-service"
    subprocess.run([sys.executable, "-m", "copier", "copy", "-q", "--defaults", f"git+file://{tagged_template}", service], check=True)
    git(service, "init", "-q")
    git(service, "add", "-A")
    git(service, "commit", "-q", "-m", "start")
    (command,) = blocks("docs/update.md")
    assert command.startswith("uvx copier update")
    subprocess.run(command, shell=True, cwd=service, env=empty_home, check=True)
    assert git(service, "status", "--porcelain") == ""


def test_quoted_lines_come_out_of_the_template(render: Render) -> None:
    quotations = re.findall(r"<!-- excerpt: (\S+) (\S+) -->\n(.+?)<!-- /excerpt -->", README, re.S)
    assert {path for _, path, _ in quotations} == {".claude/agents/backend-developer.md", ".claude/rules/api.md"}
    for stack, path, quoted in quotations:
        lines = [line.removeprefix("> ") for line in quoted.splitlines() if line]
        generated = render(stack=stack)[path].splitlines()
        assert lines and [line for line in lines if line not in generated] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)\)", text(page))
    assert targets or page != "README.md"
    assert [t for t in targets if not ((ROOT / page).parent / t).exists()] == []


def test_every_page_is_linked_from_readme() -> None:
    assert [page for page in PAGES if page != "README.md" and page not in README] == []


def test_every_question_and_choice_is_on_its_page() -> None:
    page = text("docs/answers.md")
    missing = []
    for name, question in definitions(ROOT).items():
        choices = values(question["choices"], "generic") if isinstance(question.get("choices"), (dict, list)) else []
        missing += [word for word in (name, *choices) if f"`{word}`" not in page]
    assert not missing


def test_figures_of_ordinary_calls_are_those_of_the_table() -> None:
    """How many needless questions there were, tests/permissions/test_proof.py plays; the table calls them limits."""
    said, needless, share = map(int, re.findall(r"Of some (\d+) ordinary calls a stack .+?, (\d+) \((\d+)%\) ask needlessly", README)[0])
    for stack in proof.STACKS:
        calls = proof.ordinary(stack)
        limits = sum(kind == "limit" for kind, _ in calls)
        assert limits == needless and abs(len(calls) - said) <= 5 and share == round(100 * limits / len(calls)), stack


def test_figure_of_all_calls_is_that_of_the_score() -> None:
    calls = int(re.findall(r"holds some (\d+) calls a stack", README)[0])
    (total,) = re.findall(r"(?m)^\| `standard` \| [\d,]+ of ([\d,]+) \|", README)
    assert abs(int(total.replace(",", "")) / len(proof.STACKS) - calls) <= 10


def test_without_python_the_guard_is_silent(render: Render, tmp_path: Path) -> None:
    assert "**Without `python3` on the PATH the guard does nothing and says nothing.**" in README
    command = platforms.hook_command(render()[".claude/settings.json"])
    (tmp_path / "bin").mkdir()
    for program in ("bash", "cat"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program) or "")
    call = '{"tool_name": "Bash", "tool_input": {"command": "cat .env"}}'
    for path, said in ((f"{tmp_path}/bin", ""), (os.environ["PATH"], '"permissionDecision": "deny"')):
        environment = os.environ | {"PATH": path, "CLAUDE_PROJECT_DIR": str(tmp_path / "service")}
        ran = subprocess.run([tmp_path / "bin/bash", "-c", command], input=call, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0 and (said in ran.stdout if said else ran.stdout + ran.stderr == "")
