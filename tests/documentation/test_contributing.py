"""The steps of CONTRIBUTING, performed on a copy of the template."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import checks
import copier
import mapping
import pages
import pytest
import yaml
from conftest import ROOT, commit, doctor, generated, git, plain_copy
from test_proofs import run

FRAMEWORKS = ("django", "fastapi", "nestjs", "generic")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return plain_copy(tmp_path / "template")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def made(template: Path, folder: Path, **answers: object) -> dict[str, str]:
    """What comes out, in a repository that doctor finds no fault with."""
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
    commit(folder)
    checked = doctor(folder)
    assert checked.returncode == 0, checked.stdout
    return generated(folder)


def rules(files: dict[str, str]) -> set[str]:
    return {Path(path).stem for path in files if path.startswith(".claude/rules/")}


def globs(files: dict[str, str], rule: str) -> list[str]:
    return list(checks.frontmatter(files[f".claude/rules/{rule}.md"])[0]["paths"])


def test_the_page_has_these_steps() -> None:
    """Each test below performs the list of its name."""
    performed = {name.removeprefix("test_add_").replace("_", " ") for name in globals() if name.startswith("test_add_")}
    assert {step.lower() for step in re.findall(r"(?m)^\*\*Add (.+?)\*\*", pages.text("CONTRIBUTING.md"))} == performed


@pytest.mark.parametrize("program", sorted(set(re.findall(r"uv run python ([\w/]+\.py)", pages.text("CONTRIBUTING.md")))))
def test_its_programs_start(program: str, tmp_path: Path) -> None:
    """As a command a program finds its own folder alone, not what pytest puts on the path."""
    path = ROOT / program
    code = f"import runpy, sys; sys.path[0] = {str(path.parent)!r}; runpy.run_path({str(path)!r}, run_name='started')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_tree_is_the_one_on_the_page() -> None:
    (tree,) = (block for language, block in pages.fenced("CONTRIBUTING.md") if language == "text")
    shown = [path for line in tree.splitlines() for path in re.split(r",? +", line.partition("  ")[0] if ", " in line[:27] else line[:27].strip()) if path]
    assert len(shown) >= 11
    assert [path for path in shown if not list(ROOT.glob(re.sub("[A-Z]{4,}", "*", path.strip("/"))))] == []
    told = {path.split("/")[0] for path in shown}
    there = {name.split("/")[0] for name in git(ROOT, "ls-files").splitlines() if "/" in name and not name.startswith(".")}
    assert there <= told, there - told


@pytest.mark.xdist_group("proofs")
def test_add_a_rule(mine: Path, tmp_path: Path) -> None:
    sentence = "`json.dumps()` writes `NaN`, which no JSON parser has to accept."
    change(mine / "template/fastapi/.claude/rules/api.md.jinja", "{% block stack %}\n", f"{{% block stack %}}\n- {sentence}\n")
    files = made(mine, tmp_path / "shop", stack="fastapi-postgres", starter=False)
    said = mapping.said(files)
    assert sentence in said
    # Without its proof it is found; with it, everything is accounted for.
    proofs = shutil.copytree(mapping.PROOFS, tmp_path / "proofs", ignore=shutil.ignore_patterns("__pycache__"))
    proof = proofs / "fastapi" / "test_added.py"
    proof.write_text(
        'import json\n\nimport pytest\nfrom proves import proves\n\n\n@proves("`json.dumps()` writes `NaN`")\ndef test_nan_is_written():\n'
        '    assert json.dumps(float("nan")) == "NaN"\n    with pytest.raises(ValueError):\n        json.dumps(float("nan"), allow_nan=False)\n'
    )
    faults = mapping.unaccounted(said, mapping.proved(), mapping.advice())
    assert len(faults) == 1 and "neither proved nor advice" in faults[0] and "NaN" in faults[0]
    fragments = {fragment: [proof.name] for fragment in mapping.python_fragments(proof.read_text())}
    assert mapping.unaccounted(said, mapping.proved() | fragments, mapping.advice()) == []
    done = run("fastapi", "-k", "test_nan_is_written", proofs=proofs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_add_a_feature(mine: Path, tmp_path: Path) -> None:
    change(mine / "questions/agent.yml", '    "file storage: uploads, S3": file-storage\n', '    "file storage: uploads, S3": file-storage\n    "search: full text": search\n')
    names = mine / "template/facts/names.jinja"
    change(names, '  "file-storage": "uploads, downloads, cleanup",\n', '  "file-storage": "uploads, downloads, cleanup",\n  "search": "indexes, ranking, staleness",\n')
    change(names, '  "file-storage": ["attachment",', '  "search": ["search"],\n  "file-storage": ["attachment",')
    for facts in ("django", "fastapi-postgres", "nestjs-prisma"):
        change(mine / f"template/facts/{facts}.yml", "scopes:\n", 'scopes:\n  search: ["**/*search*"]\n')
    (mine / "template/shared/rules/search.md").write_text(
        '{% extends "template/shared/rule.md" %}\n{% set rule = "search" %}\n{% block title %}Search{% endblock %}\n{% block statements %}\n- Rebuild the index from the table.\n{% endblock %}\n'
    )
    for framework in FRAMEWORKS:
        (mine / f"template/{framework}/.claude/rules/search.md.jinja").write_text('{% extends "template/shared/rules/search.md" %}\n')
    for stack in ("django-mysql", "fastapi-postgres", "nestjs-prisma", "generic"):
        answers = {"stack": stack} | ({} if stack == "generic" else {"starter": False})
        folder = tmp_path / stack
        copier.run_copy(str(mine), folder, data=answers | {"features": ["search"]}, defaults=True, quiet=True)
        files = generated(folder)
        assert "- Rebuild the index from the table." in files[".claude/rules/search.md"] and "search" in globs(files, "search")[0]
        assert "- indexes, ranking, staleness: `.claude/rules/search.md`\n" in files["CLAUDE.md"]
        shutil.rmtree(folder)
        copier.run_copy(str(mine), folder, data=answers, defaults=True, quiet=True)
        assert "search" not in rules(generated(folder))


def test_add_a_database_to_a_framework(mine: Path, tmp_path: Path) -> None:
    facts = (mine / "template/facts/fastapi-postgres.yml").read_text(encoding="utf-8")
    (mine / "template/facts/fastapi-mysql.yml").write_text(
        facts.replace("engine: postgresql", "engine: mysql").replace("label: FastAPI, SQLAlchemy, PostgreSQL", "label: FastAPI, SQLAlchemy, MySQL"), encoding="utf-8"
    )
    change(mine / "questions/project.yml", "    Another stack, described by you", "    FastAPI + SQLAlchemy + MySQL: fastapi-mysql\n    Another stack, described by you")
    files = made(mine, tmp_path / "shop", stack="fastapi-mysql", starter=False)
    of_mysql = (mine / "template/shared/databases/mysql/migrations.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in of_mysql if line.startswith("- ") and line not in files[".claude/rules/migrations.md"]] == []
    assert "FastAPI, SQLAlchemy, MySQL" in files["CLAUDE.md"]


def test_add_a_stack(mine: Path, tmp_path: Path) -> None:
    shutil.copytree(mine / "template/generic", mine / "template/flask")
    memory = mine / "template/flask/{{ claude_md }}.jinja"
    memory.write_text('{% extends "template/shared/memory.md" %}\n{% block layout %}\n- `shop/views.py`: blueprints.\n{% endblock %}\n', encoding="utf-8")
    (mine / "template/flask/.claude/rules/framework.md.jinja").write_text(
        '{% extends "template/shared/rules/framework.md" %}\n{% block stack %}\n- `g` lives for one request.\n{% endblock %}\n', encoding="utf-8"
    )
    (mine / "template/facts/flask-postgres.yml").write_text(
        """{% from "template/facts/package-managers.jinja" import managers %}
{% set run = managers[package_manager].run %}
language: Python
engine: postgresql
label: Flask, PostgreSQL
commands: {install: "{{ managers[package_manager].install }}", test: "{{ run }}pytest", migrate: "{{ run }}flask db upgrade"}
paths: {source: ["**/shop/**/*.py"], tests: ["**/tests/**/*.py"], migrations: ["**/migrations/**/*.py"]}
scopes: {api: ["**/views.py"], database: ["**/models.py"], security: ["**/views.py"], operations: ["**/Dockerfile"]}
statements: {}
permissions: {options: [shell, git, python], deny: [], ask: ["*flask db downgrade*"]}
marks: [pyproject.toml]
""",
        encoding="utf-8",
    )
    change(mine / "questions/project.yml", "    Another stack, described by you", "    Flask + PostgreSQL: flask-postgres\n    Another stack, described by you")
    files = made(mine, tmp_path / "shop", stack="flask-postgres", starter=False, command_changes={})
    assert "- run the tests: `uv run pytest`\n" in files["CLAUDE.md"] and "- `shop/views.py`: blueprints." in files["CLAUDE.md"]
    assert "- `g` lives for one request." in files[".claude/rules/framework.md"]
    assert globs(files, "api") == ["**/views.py"] and rules(files) == {*map(str, checks.BASE_RULES)}
    assert "Bash(*flask db downgrade*)" in files[".claude/settings.json"]


def test_add_an_ecosystem(mine: Path, tmp_path: Path) -> None:
    (mine / "template/facts/ecosystems/dart.yml").write_text(
        yaml.safe_dump(
            {"extension": "dart", "handlers": ["**/routes/**/*.dart"], "queries": ["**/*_repository.dart"], "business": ["**/services/**/*.dart"]}
            | {"clients": ["**/*_client.dart"], "setup": ["**/bin/*.dart"], "statements": {"framework": ["`Future` errors without `await` are lost."]}}
        )
    )
    change(mine / "template/facts/names.jinja", '  "go": "go", "golang": "go",\n', '  "go": "go", "golang": "go",\n  "dart": "dart",\n')
    files = made(mine, tmp_path / "shop", stack="generic", language="Dart", features=["money"])
    assert "**/routes/**/*.dart" in globs(files, "api") and any(glob.endswith(".dart") for glob in globs(files, "money"))
    assert "- `Future` errors without `await` are lost." in files[".claude/rules/framework.md"]
