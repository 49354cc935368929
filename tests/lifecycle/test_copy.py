"""A copy needs no trust and writes only its own files; an update without news changes nothing; a re-answer is a fresh copy."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import checks
import copier
import matrix
import pytest
import yaml
from checks import Answers
from conftest import cli, commit, generated, git, project, without_origin
from copier import VcsRef

# --- copy ---


def test_copy_needs_no_trust_and_writes_only_its_files(tagged_template: Path, tmp_path: Path) -> None:
    home, repo = tmp_path / "home", tmp_path / "shop" / "service"
    (repo / "src").mkdir(parents=True)
    home.mkdir()
    there = {"README.md": "# Ours\n", "src/main.py": "x = 1\n", ".gitignore": "*.log\n", "Makefile": "test:\n"}
    for name, text in there.items():
        (repo / name).write_text(text)
    git(repo, "init", "-q")
    commit(repo, "ours")
    done = cli("copy", "-q", "--defaults", tagged_template, repo, env=os.environ | {"HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    files = generated(repo)
    assert {name: files.pop(name) for name in there} == there
    stored = yaml.safe_load(files[".copier-answers.yml"])
    assert not list(checks.expected_files(files, stored))
    assert files[".copier-answers.yml"].startswith("# ")
    assert (stored["_src_path"], stored["_commit"]) == (str(tagged_template), "v0.1.0")
    assert [path.name for path in repo.parent.iterdir()] == ["service"] and not list(home.iterdir())
    commit(repo)
    assert git(repo, "status", "--porcelain", "--ignored") == ""


# --- update ---

HOSTILE = {
    "stack": "generic",
    "project_name": "a: {{ 1 + 1 }} {% raw %} #b",
    "project_description": '"quoted" \\ `code` <!-- -- 😀 \u200f no',
    "language": "null",
    "framework": "- yes",
    "commands": {"test": "make 'a: b' && echo \"{{ x }}\"", "items": "make `x`"},
    "paths": {"source": ["*a", "!b", "{{ c }}"], "tests": ["# d"]},
    "extra_allow": ["Bash(own {{ x }} #)"],
}


def test_the_command_line_updates_and_reanswers(tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "service", **HOSTILE)
    before = generated(repo)
    done = cli("update", "-q", "--defaults", cwd=repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert git(repo, "status", "--porcelain", "--ignored") == ""  # no news, no change
    assert generated(repo) == before

    new = {"permissions": "read-only", "features": ["auth"]}
    done = cli("update", "-q", "--defaults", "-r", ":current:", "-d", "permissions=read-only", "-d", "features=[auth]", cwd=repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert generated(repo) == generated(project(tagged_template, tmp_path / "fresh" / "service", **HOSTILE | new))


PYTHON = r"\b(uv|poetry|pip3?|\.venv)\b"
NODE = r"\b(npm|npx|pnpm|yarn)\b"
ALL = list(checks.FEATURES)
# Walks through answers, each step a re-answer of the one before; with words that must be gone after a change of stack.
WALKS = {
    "stacks": [
        ({"stack": "fastapi-postgres", "package_manager": "poetry", "features": ALL}, NODE),
        ({**matrix.GO, "permissions": "read-only"}, f"{PYTHON}|{NODE}"),
        ({"stack": "nestjs-prisma", "starter": False, "package_manager": "pnpm", "permissions": "sandboxed"}, PYTHON),
    ],
    "answers": [
        ({"stack": "nestjs-prisma", "features": ["auth", "graphql"], "methodology": []}, PYTHON),
        ({"features": ALL, "package_manager": "yarn", "permissions": "edit", "methodology": ["tdd"], "agents_md": True}, PYTHON),
        ({"features": ["money"], "methodology": ["kiss"], "permissions": "full", "agents_md": False}, PYTHON),
    ],
    "by hand": [
        (matrix.GO, PYTHON),
        ({"commands": {"test": "make test"}, "paths": {"source": ["a/**"], "tests": []}, "database": ""}, PYTHON),
        ({"stack": "django-mysql", "starter": False, "command_changes": {"lint": ""}, "path_changes": {"source": ["b/**"]}}, NODE),
    ],
}
OF_A_STACK = {"starter", "package_manager", "command_changes", "path_changes"}
BY_HAND = {"language", "framework", "database", "commands", "paths"}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_a_reanswer_is_a_fresh_copy(template: Path, tagged_template: Path, tmp_path: Path, walk: list[tuple[Answers, str]]) -> None:
    repo, given = tmp_path / "service", Answers()
    for number, (step, foreign) in enumerate(walk):
        if step.get("stack", given.get("stack")) != given.get("stack"):  # answers of the other kind of stack are gone
            gone = (OF_A_STACK if step["stack"] == "generic" else BY_HAND) | {"package_manager"}
            given = {name: value for name, value in given.items() if name not in gone}
        given |= step
        if number == 0:
            project(tagged_template, repo, **given)
        else:
            copier.run_update(repo, data=step, defaults=True, overwrite=True, quiet=True, vcs_ref=VcsRef.CURRENT)
            commit(repo)
        fresh = tmp_path / str(number) / "service"
        copier.run_copy(str(template), fresh, data=given, defaults=True, quiet=True)
        ours = checks.ours(generated(repo))  # the starter stays as it was delivered
        assert without_origin(ours) == without_origin(checks.ours(generated(fresh))), step
        for path, text in ours.items():
            if path.endswith("project.json"):  # the guard's lists of programs and manifests name other stacks' too
                text = json.dumps({key: value for key, value in json.loads(text).items() if key in ("commands", "paths", "stack")})
            text = re.sub(r'.*[("]~/.*', "", text)  # a person's home may hold any tool's secrets
            if not path.endswith(".py"):
                assert not (found := re.search(foreign, text)), f"{path}: {found}"
