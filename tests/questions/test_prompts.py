"""The prompts as a person meets them: a pseudo-terminal of 80 columns, Enter, arrows and space."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import checks
import pexpect
import pytest
import yaml
from checks import Answers
from conftest import ROOT, Render, project

ENTER, DOWN, UP, SPACE = "\r", "\x1b[B", "\x1b[A", " "
DONE = "\x1b\r"  # Esc, Enter: ends an answer of several lines
HOME, KILL = "\x01", "\x0b"  # to the beginning of the line; the rest of it away
CLEAR = ("\x15" + "\x7f") * 15  # back to the beginning of the line, then to the end of the one before
QUESTIONS = {
    name: question
    for file in ("project", "commands", "agent")
    for name, question in yaml.safe_load((ROOT / "questions" / f"{file}.yml").read_text(encoding="utf-8")).items()
    if question.get("when") is not False
}


def shown(name: str) -> str:
    """The part of the question's help that is the same in every project."""
    return re.sub(r"{%.*%}\s*|\({%.*%}\)", "", QUESTIONS[name]["help"])


def ask(template: Path, folder: Path, *steps: tuple[str, str]) -> tuple[str, dict[str, object]]:
    """Copy in a terminal: wait for each question (its name), type the keys; returns the screen's text and the answers.

    A step without a name types into the question that is still open, after waiting for that text.
    """
    child = pexpect.spawn(
        sys.executable,
        ["-m", "copier", "copy", str(template), str(folder)],
        env=os.environ | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=60,
    )
    seen = ""
    try:
        for name, keys in steps:
            child.expect_exact(shown(name) if name in QUESTIONS else name)
            seen += f"{child.before}{child.after}"
            child.send(keys)
        child.expect(pexpect.EOF)
        seen += str(child.before)
    except (pexpect.TIMEOUT, pexpect.EOF):
        pytest.fail(f"no {name!r} in: {plain(str(child.before))[-2000:]}")
    finally:
        child.close()
    assert child.exitstatus == 0, plain(seen)[-2000:]
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    return plain(seen), answers


def plain(text: str) -> str:
    """`text` without a terminal's control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][A-Z0-9]?|[\r\x07]", "", text)


def asked(screen: str) -> list[str]:
    """Names of the questions on the screen, in order."""
    found = {name: screen.find(shown(name)) for name in QUESTIONS}
    return sorted((name for name, place in found.items() if place >= 0), key=found.__getitem__)


STACK = {"django-mysql": UP * 3, "django-postgres": UP * 2, "nestjs-prisma": UP, "fastapi-postgres": "", "generic": DOWN}
FEW = [
    "project_name",
    "project_description",
    "stack",
    "package_manager",
    "starter",
    "features",
    "methodology",
    "permissions",
]
MANY = [*FEW[:3], "language", "framework", "database", "command_form", "path_form", *FEW[5:]]


@pytest.mark.parametrize("stack", STACK)
def test_enter_takes_every_default(template: Path, render: Render, tmp_path: Path, stack: str) -> None:
    names = MANY if stack == "generic" else FEW
    keys = {"stack": STACK[stack] + ENTER, "command_form": DONE, "path_form": DONE}
    if stack == "generic":
        keys["features"] = DONE  # by then a habit, and an empty text instead of a list to Copier
    screen, answers = ask(template, tmp_path / "shop", *((name, keys.get(name, ENTER)) for name in names))
    assert asked(screen) == names
    assert stack == "generic" or len(asked(screen)) <= 8
    assert answers == yaml.safe_load(render(stack=stack, project_name="shop")[".copier-answers.yml"])
    for name in names:
        for label in QUESTIONS[name]["choices"] if isinstance(QUESTIONS[name].get("choices"), dict) else []:
            assert label in screen, f"{name}: {label} is not shown"
    asking = screen.partition("Copying from")[0]
    welcome = [line for line in screen.splitlines() if "question" in line][0]
    assert re.search(rf"\b{len(names)} (questions|for another stack)", welcome), welcome
    for value in (*STACK, "background-jobs", "event-sourcing"):
        assert not re.search(rf"\b{value}\b", asking), f"{value} is shown instead of its label"


def refused(name: str, wrong: str, told: str, right: str) -> list[tuple[str, str]]:
    """A wrong answer, what the line below it then begins with (35 of 80 columns are left for it), the right answer."""
    assert len(told) <= 35
    return [(name, wrong), (f"'{name}': {told}", right)]


DESCRIPTION = "Takes orders: \"now\", 'later' & {{ never }}, 24/7."
FULL: dict[str, tuple[list[tuple[str, str]], Answers]] = {
    "django-mysql": (
        [
            ("package_manager", DOWN * 2 + ENTER),
            ("starter", "n"),
            # Below the last line, the second from below is emptied: a command of one's own, and one switched off.
            ("command_form", "load_test: k6 run load.js" + UP * 2 + HOME + "migrate:" + KILL + DONE),
            ("path_form", UP * 3 + HOME + "source: shop/**" + KILL + DONE),
            ("features", SPACE + DOWN * 6 + SPACE + ENTER),
            ("methodology", SPACE + ENTER),
            ("permissions", UP * 2 + ENTER),
        ],
        {
            "package_manager": "pip",
            "starter": False,
            "command_changes": {"migrate": "", "load_test": "k6 run load.js"},
            "path_changes": {"source": ["shop/**"]},
            "features": ["auth", "money"],
            "methodology": ["kiss"],
            "permissions": "read-only",
        },
    ),
    "nestjs-prisma": (
        [
            ("package_manager", DOWN + ENTER),
            ("starter", "y"),
            ("features", "a" + ENTER),
            ("methodology", "a" + "a" + "i" + ENTER),
            ("permissions", DOWN * 2 + ENTER),
        ],
        {
            "package_manager": "pnpm",
            "starter": True,
            "features": list(checks.FEATURES),
            "permissions": "full",
        },
    ),
    "fastapi-postgres": (
        [
            ("package_manager", DOWN + ENTER),
            ("starter", "n"),
            ("command_form", DONE),
            ("path_form", DONE),
            ("features", DOWN * 4 + SPACE + ENTER),
            ("methodology", DOWN + SPACE + UP + SPACE + ENTER),
            ("permissions", DOWN + ENTER),
        ],
        {
            "package_manager": "poetry",
            "starter": False,
            "command_changes": {},
            "path_changes": {},
            "features": ["graphql"],
            "methodology": [],
            "permissions": "sandboxed",
        },
    ),
    "generic": (
        [
            *refused("language", CLEAR + ENTER, "Empty: type one line of 1 to 40", "Go" + ENTER),
            *refused("framework", "y" * 41 + ENTER, "Too long by 1: one line of at most", CLEAR + "Gin" + ENTER),
            ("database", "PostgreSQL" + ENTER),
            *refused(
                "command_form",
                "tests: make" + DONE,
                "Write test, not tests: that is",
                CLEAR + "test: go test ./... -run 'A: b'\rtest_one: go test ./... -run NAME\rown: make own" + DONE,
            ),
            *refused(
                "path_form",
                CLEAR + "tests: a" + DONE,
                "Name a folder after source:",
                CLEAR + "source: cmd/** internal/**\rtests: **/*_test.go\rmigrations:" + DONE,
            ),
            ("features", DOWN * 7 + SPACE + ENTER),
            ("methodology", ENTER),
            ("permissions", DOWN * 3 + ENTER),
            # The first Enter, with nothing picked, is refused (in silence where a terminal hides its cursor's place).
            ("tools", SPACE + "aa" + ENTER + SPACE + DOWN * 3 + SPACE + DOWN * 3 + SPACE + ENTER),
        ],
        {
            "language": "Go",
            "framework": "Gin",
            "database": "PostgreSQL",
            "commands": {"test": "go test ./... -run 'A: b'", "test_one": "go test ./... -run NAME", "own": "make own"},
            "paths": {"source": ["cmd/**", "internal/**"], "tests": ["**/*_test.go"], "migrations": []},
            "features": ["file-storage"],
            "methodology": ["tdd", "kiss"],
            "permissions": "custom",
            "tools": ["Read", "Edit", "Bash"],
        },
    ),
}


@pytest.mark.parametrize("stack", FULL)
def test_everything_can_be_chosen(template: Path, tmp_path: Path, stack: str) -> None:
    steps, expected = FULL[stack]
    first = [
        *refused("project_name", "x" * 110 + ENTER, "Too long by 1", CLEAR + "Orders: API" + ENTER),
        *refused("project_description", CLEAR + ENTER, "Empty: type one line", DESCRIPTION + ENTER),
        ("stack", STACK[stack] + ENTER),
    ]
    screen, answers = ask(template, tmp_path / "shop", *first, *steps)
    assert asked(screen) == [name for name, _ in first + steps if name in QUESTIONS]
    chosen = {"project_name": "Orders: API", "project_description": DESCRIPTION, "stack": stack} | expected
    assert {name: answers[name] for name in chosen} == chosen


def test_an_update_shows_the_forms_as_they_are(tagged_template: Path, tmp_path: Path) -> None:
    """What is typed replaces what is stored."""
    folder = project(tagged_template, tmp_path / "shop", stack="nestjs-prisma", starter=False, command_changes={"lint": "make lint", "docs": "make docs"})
    names = [*FEW[:5], "command_form", "path_form", *FEW[5:]]
    keys = {"command_form": "mine: make mine" + UP * 15 + HOME + "install: npm ci" + KILL + DONE, "path_form": DONE}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "copier", "update", "-r", ":current:"],
        cwd=folder,
        env=os.environ | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=60,
    )
    seen = ""
    for name in names:
        child.expect_exact(shown(name))
        seen += str(child.before)
        if name == "command_form":
            child.expect_exact("docs: make docs")
            seen += f"{child.before}{child.after}"
            assert "lint: make lint" in plain(seen) and "typecheck: npx tsc --noEmit" in plain(seen)
        child.send(keys.get(name, ENTER))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, plain(str(child.before))[-2000:]
    assert re.search(r"10 questions, each with the answer of last time", plain(seen))
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["command_changes"] == {"install": "npm ci", "lint": "make lint", "docs": "make docs", "mine": "make mine"}
    assert answers["path_changes"] == {} and answers["features"] == []
