"""`hooks/doctor.py`: each check finds its planted fault, and nothing in a clean repo."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROGRAM = Path(__file__).parents[2] / "hooks" / "doctor.py"
AGENT = ".claude/agents/backend-developer.md"
SETTINGS = ".claude/settings.json"
LOCAL = ".claude/settings.local.json"
BESIDE = ".claude/settings.backend-developer.json"
FACTS = ".claude/hooks/project.json"
RULE = ".claude/rules/database.md"

HOOK = 'python3 "$CLAUDE_PROJECT_DIR"/.claude/hooks/%s.py'
PROGRAMS = ("guard", "guard_files", "guard_options", "guard_shell")
COMMANDS = {
    "install": "uv sync",
    "services": "docker compose up -d --wait",
    "test": "uv run pytest",
    "test_one": "uv run pytest PATH::NAME",
    "lint": "uv run ruff check . && uv run ruff format --check .",
    "migrate": "uv run alembic upgrade head",
}
OURS: dict[str, Any] = {
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "permissions": {
        "allow": [
            "Edit(/**)",
            "Bash(uv sync)",
            "Bash(docker compose up -d --wait)",
            "Bash(uv run pytest *)",
            "Bash(uv run ruff check:*)",
            "Bash(uv run ruff format *)",
        ],
        "ask": ["Bash(uv run alembic upgrade *)", "Edit(/.claude/settings.json)"],
        "deny": ["Read(.env)", "Edit(.env)", "Bash(git push --force *)"],
    },
    "hooks": {
        "PreToolUse": [
            {"matcher": "Bash|Edit|Write", "hooks": [{"type": "command", "command": HOOK % "guard"}]}
        ]
    },
    "sandbox": {"enabled": False, "excludedCommands": ["uv run *"]},
}
FILES = {
    "CLAUDE.md": """\
# orders

## Commands
- install everything: `uv sync`
- start the database: `docker compose up -d --wait`
- all tests: `uv run pytest`
- one test: `uv run pytest PATH::NAME`
- lint: `uv run ruff check . && uv run ruff format --check .`
- migrate: `uv run alembic upgrade head`

## This project's own notes
- ours: `some other command`
""",
    AGENT: f"""\
---
name: backend-developer
# comments are free
description: "Builds the orders service: endpoints, \\"models\\", tests."
tools: Read, Grep, Glob, Edit, Write, Bash
model: inherit
color: green
hooks:
  Stop:
    - hooks:
        - type: command
          command: {HOOK % "tdd_gate"}
---
You change the orders service. Run `uv run pytest tests/test_x.py -x`, `uv run ruff check` and `git diff`.
""",
    RULE: '---\npaths:\n  - "app/**/*.py"\n  - "**/migrations/versions/*.py"\n---\n- One session.\n',
    ".claude/rules/mine.md": "---\npaths: [app/**]\ntitle: 'it''s'\n---\nOwn rule.\n",
    ".claude/rules/plain.md": "A rule for every session, with a --- in it.\n",
    **{f".claude/hooks/{name}.py": PROGRAM.with_name(f"{name}.py").read_text() for name in PROGRAMS},
    ".claude/hooks/tdd_gate.py": "pass\n",
    SETTINGS: json.dumps(OURS, indent=2) + "\n",
    LOCAL: '{"permissions": {"allow": ["Bash(make report)"]}}\n',
    FACTS: json.dumps(
        {
            "stack": "fastapi-postgres",
            "permissions": "standard",
            "methodology": ["tdd", "kiss"],
            "claude_md": "CLAUDE.md",
            "settings": SETTINGS,
            "commands": COMMANDS,
            "paths": {"source": ["app/**/*.py"], "tests": ["tests/**"], "migrations": []},
            "secrets": [".env", ".env.local", "*.pem", "secrets/**"],
            "not_secret": ["tests/public.pem"],
            "protected": [],
            "marks": ["pyproject.toml"],
        },
        indent=2,
    ),
    ".copier-answers.yml": "# Copier\n_commit: v1\nproject_description: keeps {{ braces }} as typed\n",
    ".env.example": "A=1\n",
    ".gitignore": ".env\n.venv/\n",
    "app/main.py": "x = 1\n",
    "pyproject.toml": "[project]\n",
    "compose.yaml": "services: {}\n",
}

Written = Mapping[str, str | bytes | None]  # path: content, None deletes the file


def write(root: Path, files: Written) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    run = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True)
    assert run.returncode == 0 or arguments[0] == "merge", run.stderr


@pytest.fixture(scope="session")
def sane(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean generated repo; copy it before changing it."""
    root = tmp_path_factory.mktemp("sane") / "an 'odd' path ü"
    root.mkdir()
    write(root, FILES)
    shutil.copy(PROGRAM, root / ".claude/hooks/doctor.py")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    return root


@pytest.fixture
def repo(sane: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sane, tmp_path / "it's a repo"))


def doctor(root: Path, *options: str, **more: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of doctor run by hand elsewhere; `more` goes into the environment."""
    environment = {k: v for k, v in os.environ.items() if k != "CLAUDE_PROJECT_DIR"} | more
    program = root / ".claude/hooks/doctor.py"
    run = subprocess.run([sys.executable, program, *options], cwd="/", capture_output=True, env=environment)
    out, said = run.stdout.decode(), run.stderr.decode()
    assert "Traceback" not in said
    assert "its own fault" not in said
    return run.returncode, out, said


def settings_with(**changes: Any) -> dict[str, str]:
    """settings.json with what stands at dotted keys (`__` for the dot) replaced."""
    value = json.loads(json.dumps(OURS))
    for dotted, new in changes.items():
        *above, key = dotted.split("__")
        holder = value
        for step in above:
            holder = holder[step]
        holder[key] = new
    return {SETTINGS: json.dumps(value, indent=2)}


def rules(kind: str, *more: str) -> dict[str, str]:
    return settings_with(**{f"permissions__{kind}": [*OURS["permissions"][kind], *more]})


def edited(name: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new, 1)}


def facts_with(**changes: Any) -> dict[str, str]:
    return {FACTS: json.dumps(json.loads(FILES[FACTS]) | changes)}


def with_agent(line: str, new: str) -> dict[str, str]:
    return edited(AGENT, line, new)


DESCRIPTION = FILES[AGENT].split("\n")[3]


# Each row: files to write over the clean repository (None deletes); how the reported lines begin, warnings marked as
# the program marks them. Nothing else may be reported.
FAULTS: dict[str, tuple[Written, list[str]]] = {
    "a conflict in CLAUDE.md": (
        edited("CLAUDE.md", "# orders\n", "# orders\n<<<<<<< before updating\nx\n=======\ny\n>>>>>>> after updating\n"),
        ["CLAUDE.md:2: holds a conflict marker"],
    ),
    "a conflict in settings": (
        edited(SETTINGS, '      "Edit(.env)",', '<<<<<<< a\n      "Edit(.env)",\n=======\n>>>>>>> b'),
        [f"{SETTINGS}:18: holds a conflict", f"{SETTINGS}:18: is not JSON: Expecting value at column 1"],
    ),
    "a conflict in a hook": ({".claude/hooks/guard.py": "<<<<<<< a\n"}, [".claude/hooks/guard.py:1: holds a conflict"]),
    "a rejected change": ({"CLAUDE.md.rej": "x"}, ["CLAUDE.md.rej:1: is left over from a merge"]),
    "an .orig file": ({AGENT + ".orig": "x"}, [f"{AGENT}.orig:1: is left over from a merge"]),
    "leftovers that are not ours": ({"app/x.py.rej": "x", "README.md": "<<<<<<< a\n"}, []),
    "other worktrees": ({".claude/worktrees/a/CLAUDE.md": "<<<<<<< a\n"}, []),
    "no agent": ({AGENT: None}, [f"{AGENT}:1: is not there"]),
    "no CLAUDE.md": ({"CLAUDE.md": None}, ["CLAUDE.md:1: warning: is not there"]),
    "no settings": ({SETTINGS: None}, [f"{SETTINGS}:1: is not there"]),
    "an emptied guard": ({".claude/hooks/guard.py": ""}, [".claude/hooks/guard.py:1: is not there, or empty"]),
    "a part of the guard gone": ({".claude/hooks/guard_shell.py": None}, [".claude/hooks/guard_shell.py:1: is not there"]),
    # frontmatter
    "a byte order mark": ({AGENT: "\ufeff" + FILES[AGENT]}, [f"{AGENT}:1: the frontmatter does not parse"]),
    "a line before the frontmatter": (
        {RULE: "\n" + FILES[RULE]},
        [f"{RULE}:1: the frontmatter does not parse: it does not start at the first byte"],
    ),
    "no frontmatter": ({AGENT: f"You build. {HOOK % 'tdd_gate'}\n"}, [f"{AGENT}:1: has no name", f"{AGENT}:1: has no description"]),
    "no end of the frontmatter": (
        {RULE: FILES[RULE].replace("\n---\n", "\n")},
        [f"{RULE}:1: the frontmatter does not parse: it has no closing"],
    ),
    "an unquoted colon": (
        with_agent(DESCRIPTION, "description: Builds: everything"),
        [f"{AGENT}:4: the frontmatter does not parse: the value needs double quotes"],
    ),
    "a quote that does not end": (
        with_agent(DESCRIPTION, 'description: "Builds'),
        [f"{AGENT}:4: the frontmatter does not parse: the value needs double quotes"],
    ),
    "a key twice": (with_agent("color: green", "model: opus"), [f"{AGENT}:7: the frontmatter does not parse: a key"]),
    "no colon": (with_agent("color: green", "color green"), [f"{AGENT}:7: the frontmatter does not parse: a key"]),
    "no name": (with_agent("name: backend-developer\n", ""), [f"{AGENT}:1: has no name"]),
    "a rule with globs": ({RULE: '---\nglobs: "*.py"\n---\n'}, [f"{RULE}:2: globs is not read"]),
    "paths as a string": ({RULE: '---\npaths: "*.py"\n---\n'}, [f"{RULE}:2: paths is not read"]),
    "line ends of Windows": (
        {name: FILES[name].replace("\n", "\r\n") for name in ("CLAUDE.md", AGENT, RULE, SETTINGS)},
        [],
    ),
    # reach, marks, secrets
    "a rule that reaches nothing": (
        {RULE: '---\npaths:\n  - "src/**"\n---\n'},
        [f"{RULE}:2: warning: its paths match no file"],
    ),
    "a rule that reaches any depth": ({RULE: '---\npaths:\n  - "*.{go,rs}"\n---\n', "app/[x]/a.rs": ""}, []),
    "another stack": ({"pyproject.toml": None}, [f"{FACTS}:2: the stack is fastapi-postgres, and there is no pyproject.toml"]),
    "another stack, before there is source": ({"pyproject.toml": None, "app/main.py": None}, []),
    "tracked secrets": (
        {".gitignore": "", ".env": "A=1", "deep/.env.local": "A=1", "conf/secrets/a b": "x", "k.pem": "x"},
        [".env:1: git tracks", "conf/secrets/a b:1: git tracks", "deep/.env.local:1: git tracks", "k.pem:1: git tracks"],
    ),
    "what looks like a secret": ({"tests/public.pem": "x", "app/secrets/service.py": "x"}, []),
    "an ignored secret": ({".env": "A=1"}, []),
    "what git does not ignore": (
        {".gitignore": "*.log\n", "package.json": "{}", ".venv/x": "x"},
        [f".gitignore:1: warning: git does not ignore {name}; add a line with it" for name in (".env", ".venv/", "node_modules/")],
    ),
    "no .gitignore, but nothing that would need one": ({".gitignore": None, ".env.example": None}, []),
    # JSON
    "broken settings": ({SETTINGS: '{"permissions": {\n  "allow": [],\n}}'}, [f"{SETTINGS}:3: is not JSON: Expecting property"]),
    "broken facts": ({FACTS: "{]"}, [f"{FACTS}:1: is not JSON"]),
    "too deep": ({LOCAL: "[" * 100_000}, [f"{LOCAL}:1: is not JSON: RecursionError"]),
    "settings as a list": ({LOCAL: "[]"}, [f"{LOCAL}:1: is not an object"]),
    "deny as a string": ({LOCAL: '{"permissions": {"deny": "Bash"}}'}, [f"{LOCAL}:1: permissions holds more than lists"]),
    # rules
    **{
        f"open: {rule}": (rules("allow", rule), [f"{SETTINGS}:11: warning: allow rule {rule} allows whatever"])
        for rule in (
            "Bash", "Bash(*)", "Bash(uv run *)", "Bash(uv run:*)", "Bash(npx *)", "Bash(docker exec *)", "Bash(python *)",
            "Bash(python3 -c *)", "Bash(npm run *)", "Bash(npm run*)", "Bash(make:*)", "Bash(npm install *)", "Bash(git *)",
            "Bash(curl *)", "Bash(rm -rf *)", "Edit",
        )
    },
    "closed rules": (rules("allow", "Bash(npm run test *)", "Bash(npx)", "Bash(git status *)", "Bash(make)"), []),
    # hooks
    "a gate that is gone": ({".claude/hooks/tdd_gate.py": None}, [f"{AGENT}:12: runs .claude/hooks/tdd_gate.py, which"]),
    "a hook that nothing runs": (settings_with(hooks={}), [f"{SETTINGS}:1: no hook runs .claude/hooks/guard.py"]),
    "a gate that nothing runs": (
        {AGENT: FILES[AGENT].split("hooks:")[0] + "---\nBuild.\n"},
        [f"{AGENT}:1: no hook runs .claude/hooks/tdd_gate.py"],
    ),
    "hooks switched off": ({LOCAL: '{"disableAllHooks": true}'}, [f"{LOCAL}:1: warning: switches every hook off"]),
    "a hook of their own that decides": (
        {LOCAL: '{"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "say yes"}]}]}}'},
        [f"{LOCAL}:1: warning: another hook can let through what would ask: say yes"],
    ),
    # a command that CLAUDE.md says otherwise is a person's own
    "a changed command": (edited("CLAUDE.md", "`uv run pytest`", "`uv run pytest -q`"), []),
}


def test_a_clean_repo_is_clean(sane: Path) -> None:
    assert doctor(sane) == (0, "Findings: 0. Warnings: 0.\n", "")


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_found_and_nothing_else(repo: Path, name: str) -> None:
    files, expected = FAULTS[name]
    write(repo, files)
    git(repo, "add", "-A")
    code, out, said = doctor(repo)
    lines = out.splitlines()[:-1]
    assert len(lines) == len(expected), lines
    for line, start in zip(sorted(lines), sorted(expected), strict=True):
        assert line.startswith(start), (line, start)
    assert code == any(": warning: " not in line for line in lines) and said == ""


def test_without_git_it_cannot_look(repo: Path) -> None:
    shutil.rmtree(repo / ".git")
    assert doctor(repo)[0] == 2


def test_no_generated_repo(repo: Path) -> None:
    (repo / FACTS).unlink()
    code, out, said = doctor(repo)
    assert (code, out) == (2, "") and "this is no generated repository" in said


def test_a_reader_that_leaves_early_is_no_error(repo: Path) -> None:
    write(repo, {f".claude/rules/r{n}.md": "<<<<<<< a\n" for n in range(3000)})
    command = f'"{sys.executable}" .claude/hooks/doctor.py | head -1; echo "${{PIPESTATUS[0]}}"'
    run = subprocess.run(["bash", "-c", command], cwd=repo, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == "0" and run.stderr == ""


def test_names_are_shown_without_control_characters(repo: Path) -> None:
    write(repo, {".claude/rules/\x1b[31m.md": "<<<<<<< a\n"})
    assert "\x1b" not in doctor(repo)[1]


# Settings beside a person's own


def beside(theirs: str) -> dict[str, str]:
    facts = json.loads(FILES[FACTS]) | {"settings": BESIDE, "kept": [SETTINGS]}
    return {BESIDE: FILES[SETTINGS], SETTINGS: theirs, FACTS: json.dumps(facts)}


def test_merging_keeps_all_of_theirs_and_adds_ours(repo: Path) -> None:
    theirs = {"model": "opus", "permissions": {"allow": ["Bash(make docs)"], "defaultMode": "plan"}, "mine": [1]}
    write(repo, beside(json.dumps(theirs, indent="\t") + "\n"))
    assert doctor(repo)[0] == 1 and "ours is not in force" in doctor(repo)[1]
    code, out, _ = doctor(repo, "--merge-settings")
    merged = json.loads((repo / SETTINGS).read_text())
    assert code == 0 and 'permissions.deny: "Read(.env)"' in out
    assert merged["model"] == "opus" and merged["mine"] == [1] and merged["permissions"]["defaultMode"] == "plan"
    assert merged["permissions"]["allow"] == ["Bash(make docs)", *OURS["permissions"]["allow"]]
    assert merged["permissions"]["deny"] == OURS["permissions"]["deny"] and merged["hooks"] == OURS["hooks"]
    assert "\n\t" in (repo / SETTINGS).read_text()
    assert doctor(repo)[0] == 0 and "Nothing to merge" in doctor(repo, "--merge-settings")[1]


def test_merging_refuses_what_it_would_harm(repo: Path) -> None:
    write(repo, beside('{"permissions": {,}}'))
    code, _, said = doctor(repo, "--merge-settings")
    assert code == 2 and "nothing was changed" in said
    assert (repo / SETTINGS).read_text() == '{"permissions": {,}}'


def test_merging_refuses_a_link_out_of_the_project(repo: Path, tmp_path: Path) -> None:
    write(repo, beside("{}"))
    (tmp_path / "elsewhere.json").write_text("{}")
    (repo / SETTINGS).unlink()
    (repo / SETTINGS).symlink_to(tmp_path / "elsewhere.json")
    assert doctor(repo, "--merge-settings")[0] == 2
    assert (tmp_path / "elsewhere.json").read_text() == "{}"


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["permissions", "allow", "deny", "hooks", "PreToolUse", "command", "x"]), inner, max_size=3), max_leaves=12)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES, name=st.sampled_from([SETTINGS, LOCAL, FACTS]))
def test_any_json_in_any_file(repo: Path, value: object, name: str) -> None:
    write(repo, {name: json.dumps(value)})
    assert doctor(repo)[0] in (0, 1, 2)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.binary(max_size=80), name=st.sampled_from([AGENT, RULE, "CLAUDE.md", SETTINGS]))
def test_any_bytes_in_any_file(repo: Path, text: bytes, name: str) -> None:
    write(repo, {name: b"---\n" + text})
    assert doctor(repo)[0] in (0, 1)
