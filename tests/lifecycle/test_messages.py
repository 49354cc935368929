"""What Copier says at the end: true in each case, at most 80 columns, and it can be typed as it stands."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import copier
import matrix
import pytest
import yaml
from checks import COMMANDS, FEATURES, Answers
from conftest import cli, commit, generated, git, project, write_files

GO = {"go.mod": "module x\n", "main.go": "package main\n", "main_test.go": "package main\n", "Makefile": "test:\n\tgo test ./...\n"}
DJANGO = {"manage.py": "", "requirements.txt": "Django==5.2\npsycopg==3.2\n", "shop/models.py": "", "pyproject.toml": "[project]\n"}

Say = Callable[..., list[str]]  # of the fixture `say`


@pytest.fixture
def say(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """`say(folder, {path: text}, **answers)` copies into it from the folder above and returns the message's lines."""

    def _say(folder: str, files: dict[str, str] | None = None, repository: bool = False, **answers: object) -> list[str]:
        write_files(tmp_path / folder, files or {})
        if repository:
            git(tmp_path, "init", "-q", folder)
        monkeypatch.chdir(tmp_path)
        capfd.readouterr()
        copier.run_copy(str(template), folder, data=answers, defaults=True)
        said = re.sub(r"\x1b\[[0-9;]*m", "", capfd.readouterr().err)
        assert (first := re.search(r"(?m)^(?:The|This) ", said))
        lines = said[first.start() :].splitlines()
        for line in lines:
            assert len(line) <= 80 or line.startswith("  "), line  # a command or path is as long as it is
        return lines

    return _say


def typed(lines: list[str]) -> list[str]:
    """The lines to be typed, up to the first prompt for Claude."""
    end = next((number for number, line in enumerate(lines) if "Claude to check" in line or line == "Ask the agent:"), len(lines))
    return [line.strip() for line in lines[:end] if line.startswith("  ")]


def prompt(lines: list[str]) -> str:
    """What is to be said to Claude."""
    start = next(number for number, line in enumerate(lines) if "Claude to check" in line or line == "Ask the agent:" or "Have them checked" in line)
    return " ".join(line.strip() for line in itertools.takewhile(lambda line: line.startswith("  "), filter(None, lines[start + 1 :])))


@pytest.mark.parametrize("stack", [stack for stack in matrix.STACKS if stack != "generic"])
def test_a_new_service_is_started_by_what_is_said(say: Say, tmp_path: Path, stack: str) -> None:
    lines = say("my shop", stack=stack)
    steps = typed(lines)
    assert steps[:3] == ["cd 'my shop'", "git init", "cp .env.example .env"] and (tmp_path / "my shop/.env.example").exists()
    memory = (tmp_path / "my shop/CLAUDE.md").read_text()
    assert [step for step in steps[3:-1] if f"`{step}`" not in memory] == []
    assert any("pytest" in step or "test" in step for step in steps) and steps[-1] == 'git add -A && git commit -m "Start"'
    assert prompt(lines).startswith("@agent-backend-developer ") and "there and trust the folder" in "\n".join(lines)
    assert not re.search("Not found|Not read|as it was|doctor", "\n".join(lines))


@pytest.mark.parametrize(
    ("answers", "git_there"), [({"stack": "generic"}, False), ({"stack": "generic"}, True), ({"starter": False}, False)]
)
def test_a_new_folder_without_starter(say: Say, tmp_path: Path, answers: Answers, git_there: bool) -> None:
    lines = say("shop", repository=git_there, **answers)
    assert ("git init" in typed(lines)) is not git_there
    assert not any(".env" in line or "Not found" in line for line in lines)
    assert "python3 .claude/hooks/doctor.py" in typed(lines)
    if not git_there:
        git(tmp_path / "shop", "init", "-q")
    for step in typed(lines)[1:]:
        subprocess.run(step, shell=True, check=True, cwd=tmp_path / "shop", capture_output=True)
    assert git(tmp_path / "shop", "status", "--porcelain") == ""


def test_a_folder_of_a_repository_and_the_one_we_are_in(say: Say, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")  # the repository begins above
    lines = say("./x", stack="generic")
    assert typed(lines)[0] == "cd x" and "git init" not in typed(lines)
    lines = say(".", {"go.mod": "module x\n"})
    assert not any(line.startswith("cd") for line in typed(lines)) and any("`claude` here" in line for line in lines)


def test_a_repository_with_code(say: Say, tmp_path: Path) -> None:
    files = GO | {"notes.txt": "mine\n"}
    lines = say("shop", files, repository=True)
    text = "\n".join(lines)
    assert "no file that was here has changed" in text and "Not read: go.mod, Makefile." in text and "Not found: its framework, its database." in text
    steps = typed(lines)
    assert steps[0] == "cd shop" and "git init" not in steps
    for step in steps[1:]:
        subprocess.run(step, shell=True, check=True, cwd=tmp_path / "shop", capture_output=True)
    # What is committed is ours alone, and all of it.
    assert sorted(line[3:] for line in git(tmp_path / "shop", "status", "--porcelain").splitlines()) == sorted(files)
    assert prompt(lines).startswith("@agent-backend-developer Compare each command, path and statement of CLAUDE.md with README")
    assert len(prompt(lines)) < 300


def test_what_was_not_found_is_named(say: Say) -> None:
    text = "\n".join(say("shop", DJANGO))
    assert "Not found: how to run the tests, how to lint." in text and "Not read: pyproject.toml." in text
    assert "\n  git init\n" in text and "git commit" not in text and "write a .gitignore" in text
    text = " ".join(say("other", {"main.zig": ""}, repository=True))
    assert "Not found: how to install dependencies, how to run the service, how to run the tests, how to lint, its framework, its database." in text
    assert "Not read" not in text


def test_an_agent_and_settings_of_theirs(say: Say) -> None:
    theirs = {".claude/agents/backend-developer.md": "x\n", ".claude/settings.json": "{}\n", "CLAUDE.md": "# Mine\n"}
    lines = say("shop", GO | theirs, repository=True)
    text = "\n".join(lines)
    assert "@agent-backend-developer" not in text and prompt(lines).startswith("Compare each command, path and statement of .claude/CLAUDE.md ")
    assert "  python3 .claude/hooks/doctor.py --merge-settings" in lines
    assert "As they were, instead of ours: .claude/agents/backend-developer.md, CLAUDE.md." not in text  # ours is beside it
    assert "As they were, instead of ours: .claude/agents/backend-developer.md." in text
    assert "git add .claude .copier-answers.yml" in typed(lines)


@pytest.mark.parametrize("stack", [stack for stack in matrix.STACKS if stack != "generic"])
def test_a_starter_beside_readme_license_and_gitignore(say: Say, tmp_path: Path, stack: str) -> None:
    theirs = {"README.md": "# Mine\n", "LICENSE": "Mine\n", ".gitignore": "*.swp\n"}
    lines = say("shop", theirs, repository=True, stack=stack)
    folder = tmp_path / "shop"
    assert {name: (folder / name).read_text() for name in theirs} == theirs and (folder / "compose.yaml").exists()
    start = lines.index("Your .gitignore is as it was. Add what it lacks of these lines, then commit:")
    assert not any("git add" in line for line in lines[:start])  # `.env` would be committed
    assert any(line.startswith("Your README.md is as it was") for line in lines)
    named = [line[2:] for line in itertools.takewhile(lambda line: line.startswith("  ") or not line, lines[start + 1 :]) if line]
    (folder / ".gitignore").write_text(theirs[".gitignore"] + "\n".join(named) + "\n")
    installed = ["node_modules/x"] if stack == "nestjs-prisma" else [".venv/x", "app/__pycache__/x"]
    ignored = subprocess.run(["git", "check-ignore", ".env", ".env.example", *installed], cwd=folder, capture_output=True, text=True)
    assert ignored.stdout.split() == [".env", *installed]


def test_a_recopy_says_that_it_is_one(say: Say, tagged_template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = project(tagged_template, tmp_path / "shop", stack="generic")
    copier.run_recopy(folder, defaults=True, overwrite=True)
    said = capfd.readouterr().err
    assert "The setup is written again, from the answers in .copier-answers.yml" in said
    assert "git diff" in said and "git init" not in said and "trust the folder" not in said


def test_an_update_that_brings_the_starter(tagged_template: Path, tmp_path: Path) -> None:
    folder = project(tagged_template, tmp_path / "shop", stack="fastapi-postgres", starter=False)
    done = cli("update", "-r", ":current:", "--defaults", "-d", "starter=true", cwd=folder)
    assert done.returncode == 0 and (folder / "compose.yaml").exists()
    assert "\n  cp .env.example .env\n" in done.stderr and "\n  uv run alembic upgrade head\n" in done.stderr
    plain = cli("update", "--defaults", cwd=folder).stderr
    assert "cp .env.example" not in plain


# --- what Claude writes after the check: the top of the answers file says how ---


@pytest.mark.parametrize("answers", [{"stack": "generic"}, {"stack": "django-postgres", "starter": False}], ids=["generic", "stack"])
def test_the_top_of_the_answers_file_can_be_followed(tagged_template: Path, tmp_path: Path, answers: Answers) -> None:
    folder = project(tagged_template, tmp_path / "shop", **answers)
    top = [line for line in (folder / ".copier-answers.yml").read_text().splitlines() if line.startswith("#")]
    command = re.findall(r"copier (update [^']*)-d ", "\n".join(top))[0].split()
    examples = [option for line in top if line.startswith("#   -d ") for option in shlex.split(line[1:].partition(" (only")[0])]
    assert len(examples) >= 8
    done = cli(*command, *examples, cwd=folder)
    assert done.returncode == 0, done.stderr[-500:]
    stored = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    maps = ("commands", "paths") if answers["stack"] == "generic" else ("command_changes", "path_changes")
    assert stored[maps[0]] == {"test": "make test", "lint": ""} and stored[maps[1]]["source"] == ["src/**"]
    assert stored["features"] == ["auth", "caching"] and stored["project_description"] == "What it does."
    memory = (folder / "CLAUDE.md").read_text()
    assert "- run the tests: `make test`" in memory and "- lint:" not in memory
    assert f"# Commands: {', '.join(COMMANDS)}." in top and f"# Features: {', '.join(FEATURES)}." in top


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_every_value_may_be_given_in_both_forms(template: Path, tmp_path: Path, form: str) -> None:
    values = {
        "commands": {key: f"make {key} ARGS='a: b'" for key in COMMANDS} | {"own": "make own # all"},
        "paths": {"source": ["src/**", "{a,b}/*.go"], "tests": [], "migrations": ["db/**"]},
        "features": list(FEATURES),
        "not_secret": ["tests/a.pem"],
    }
    dump = json.dumps if form == "json" else lambda value: yaml.safe_dump(value, default_flow_style=True, width=10**6).strip()
    options = [option for name, value in values.items() for option in ("-d", f"{name}={dump(value)}")]
    done = cli("copy", "--defaults", "-d", "stack=generic", *options, template, tmp_path / "shop")
    assert done.returncode == 0, done.stderr[-500:]
    stored = yaml.safe_load((tmp_path / "shop/.copier-answers.yml").read_text())
    assert {name: stored[name] for name in values} == values


# --- a wrong stack ---


@pytest.mark.parametrize(
    ("old", "new", "starter"),
    [("fastapi-postgres", "django-postgres", True), ("django-mysql", "generic", False), ("generic", "nestjs-prisma", False)],
)
def test_a_wrong_stack_is_changed(tagged_template: Path, tmp_path: Path, old: str, new: str, starter: bool) -> None:
    folder = project(tagged_template, tmp_path / "shop", stack=old, **({"starter": starter} if old != "generic" else {}), features=["auth"])
    memory = folder / "CLAUDE.md"
    memory.write_text(memory.read_text() + "- A note.\n")
    (folder / "README.md").write_text("# Mine\n")
    rule = folder / ".claude/rules/framework.md"
    rule.write_text(rule.read_text().replace("<!-- Lines", "- A line.\n\n<!-- Lines"))
    commit(folder)
    before = generated(folder)
    done = cli("update", "-r", ":current:", "--defaults", "-d", f"stack={new}", cwd=folder)
    assert done.returncode == 0, done.stderr[-500:]
    after = generated(folder)
    stored = yaml.safe_load(after[".copier-answers.yml"])
    assert stored["stack"] == new and not stored.get("starter")
    code = {name for name in before if not name.startswith(".claude/") and name not in ("CLAUDE.md", ".copier-answers.yml")}
    assert {name: after.get(name) for name in code} == {name: before[name] for name in code} and set(after) - set(before) <= {".claude/settings.json"}
    assert "- A note." in after["CLAUDE.md"] and "- A line." in after[".claude/rules/framework.md"]
    assert not [name for name, text in after.items() if "<<<<<<<" in text]
    fresh = {"project_name": "shop", "stack": new, "starter": False, "features": ["auth"]}
    copier.run_copy(str(tagged_template), tmp_path / "fresh", data=fresh, defaults=True, quiet=True)
    assert after["CLAUDE.md"].replace("- A note.\n", "") == generated(tmp_path / "fresh")["CLAUDE.md"]
    assert f"The stack was {old} and is {new}" in done.stderr and prompt(done.stderr.splitlines()).startswith("@agent-backend-developer Compare")
    commit(folder)
    assert "The stack was" not in cli("update", "--defaults", cwd=folder).stderr
    assert git(folder, "status", "--porcelain") == ""


def test_a_starter_does_not_come_for_another_stack(tagged_template: Path, tmp_path: Path) -> None:
    folder = project(tagged_template, tmp_path / "shop", stack="fastapi-postgres")
    done = cli("update", "-r", ":current:", "--defaults", "-d", "stack=django-postgres", "-d", "starter=true", cwd=folder)
    assert done.returncode == 1 and "Add starter=false, or copy into an empty folder" in done.stderr.splitlines()[-1]
    assert git(folder, "status", "--porcelain") == ""
