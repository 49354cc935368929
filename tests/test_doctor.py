"""`hooks/doctor.py`: each check finds its planted fault, and nothing in a clean repo."""

import contextlib
import importlib.util
import io
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROGRAM = Path(__file__).parents[1] / "hooks" / "doctor.py"
AGENT = ".claude/agents/backend-developer.md"
SETTINGS = ".claude/settings.json"
LOCAL = ".claude/settings.local.json"
BESIDE = ".claude/settings.backend-developer.json"
FACTS = ".claude/hooks/project.json"
RULE = ".claude/rules/database.md"

HOOK = 'python3 "$CLAUDE_PROJECT_DIR"/.claude/hooks/%s.py'
COMMANDS = {
    "install": "uv sync",
    "services": "docker compose up -d --wait",
    "test": "uv run pytest",
    "test_one": "uv run pytest PATH::NAME",
    "lint": "uv run ruff check . && uv run ruff format --check .",
    "migrate": "uv run alembic upgrade head",
}
OURS = {
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
    ".claude/hooks/guard.py": "pass\n",
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
            "secrets": [".env", ".env.*", "!.env.example", "*.pem", "secrets/**"],
        },
        indent=2,
    ),
    ".copier-answers.yml": "# Copier\n_commit: v1\nproject_description: keeps {{ braces }} as typed\n",
    ".env.example": "A=1\n",
    "app/main.py": "x = 1\n",
    "compose.yaml": "services: {}\n",
}


def write(root, files):
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def git(root, *arguments):
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    run = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True)
    assert run.returncode == 0 or arguments[0] == "merge", run.stderr


@pytest.fixture(scope="session")
def sane(tmp_path_factory):
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
def repo(sane, tmp_path):
    return Path(shutil.copytree(sane, tmp_path / "it's a repo"))


def doctor(root, *options, **more):
    """Exit code, stdout and stderr of doctor run by hand elsewhere; `more` goes into the environment."""
    environment = {k: v for k, v in os.environ.items() if k != "CLAUDE_PROJECT_DIR"} | more
    program = root / ".claude/hooks/doctor.py"
    run = subprocess.run([sys.executable, program, *options], cwd="/", capture_output=True, env=environment)
    out, said = run.stdout.decode(), run.stderr.decode()
    assert "Traceback" not in said
    assert "its own fault" not in said
    return run.returncode, out, said


def settings_with(**changes):
    """settings.json with what stands at dotted keys (`__` for the dot) replaced."""
    value = json.loads(json.dumps(OURS))
    for dotted, new in changes.items():
        *above, key = dotted.split("__")
        holder = value
        for step in above:
            holder = holder[step]
        holder[key] = new
    return {SETTINGS: json.dumps(value, indent=2)}


def rules(kind, *more):
    return settings_with(**{f"permissions__{kind}": [*OURS["permissions"][kind], *more]})


def edited(name, old, new):
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new, 1)}


def facts_with(**changes):
    return {FACTS: json.dumps(json.loads(FILES[FACTS]) | changes)}


def with_agent(line, new):
    return edited(AGENT, line, new)


PACKAGE = '{"scripts": {"build": "x"}}'
DESCRIPTION = FILES[AGENT].split("\n")[3]
TOOLS = "tools: Read, Grep, Glob, Edit, Write, Bash"


def command(text, **files):
    """The install command replaced everywhere, so that only what the project lacks is wrong."""
    changed = edited("CLAUDE.md", "`uv sync`", f"`{text}`") | facts_with(
        commands=COMMANDS | {"install": text}
    )
    allow = [f"Bash({part.strip()})" for part in text.split("&&")]
    return changed | rules("allow", *allow) | {name.replace("__", "."): body for name, body in files.items()}


# Each row: what the test is called; files to write over the clean repo (None deletes); how the reported lines
# begin, warnings marked as the program marks them. Nothing else may be reported.
FAULTS = {
    # files
    "a conflict in CLAUDE.md": (
        edited(
            "CLAUDE.md",
            "# orders\n",
            "# orders\n<<<<<<< before updating\nx\n=======\ny\n>>>>>>> after updating\n",
        ),
        ["CLAUDE.md:2: holds a conflict marker"],
    ),
    "only the end of a conflict": (
        {RULE: FILES[RULE] + ">>>>>>> theirs\n"},
        [f"{RULE}:7: holds a conflict marker"],
    ),
    "a marker at the first byte": (
        {".claude/rules/plain.md": "<<<<<<< a\n"},
        [".claude/rules/plain.md:1: holds a conflict marker"],
    ),
    "a conflict in settings": (
        edited(SETTINGS, '      "Edit(.env)",', '<<<<<<< a\n      "Edit(.env)",\n=======\n>>>>>>> b'),
        [f"{SETTINGS}:18: holds a conflict", f"{SETTINGS}:18: is not JSON: Expecting value at column 1"],
    ),
    "a heading under equals signs": ({"AGENTS.md": "Title\n=======\n"}, []),
    "a rejected change": ({"CLAUDE.md.rej": "x"}, ["CLAUDE.md.rej:1: holds changes that did not fit"]),
    "a rejected change deeper": ({RULE + ".rej": "x"}, [f"{RULE}.rej:1: holds changes"]),
    "an .orig file": ({AGENT + ".orig": "x"}, [f"{AGENT}.orig:1: is left over from a merge"]),
    "leftovers that are not ours": ({"app/x.py.rej": "x", "README.md": "<<<<<<< a\n"}, []),
    "other worktrees": ({".claude/worktrees/a/CLAUDE.md": "<<<<<<< a\n"}, []),
    "bytes that are no UTF-8": (
        {"CLAUDE.md": FILES["CLAUDE.md"].encode() + b"\n\xff"},
        ["CLAUDE.md:14: is not UTF-8"],
    ),
    "template code in a rule": (
        {RULE: FILES[RULE] + "{%" + " if x %}\n- {{" + " cmd.test }}\n"},
        [f"{RULE}:7: holds template code: {{% if x", f"{RULE}:8: holds template code: {{{{ cmd.test"],
    ),
    "template code in settings": (
        rules("allow", "Bash({{" + " cmd.test }} *)"),
        [f"{SETTINGS}:11: holds template code"],
    ),
    "braces that are meant": (
        {
            "CLAUDE.md": FILES["CLAUDE.md"].replace("# orders", "# orders keeps {{" + " braces }}")
            + "- `{%"
            + " csrf_token %}`, `docker ps --format '{{"
            + " json . }}'`, ${{}}, {{"
            + ".State}}\n"
        },
        [],
    ),
    "no agent": ({AGENT: None}, [f"{AGENT}:1: is not there"]),
    "no CLAUDE.md": ({"CLAUDE.md": None}, ["CLAUDE.md:1: warning: is not there"]),
    "no settings": ({SETTINGS: None}, [f"{SETTINGS}:1: is not there"]),
    "CLAUDE.md is a folder": (
        {"CLAUDE.md": None, "CLAUDE.md/x": "x"},
        ["CLAUDE.md:1: warning: is not there"],
    ),
    # frontmatter
    "a byte order mark": (
        {AGENT: "\ufeff" + FILES[AGENT]},
        [f"{AGENT}:1: the frontmatter does not parse: a byte order mark"],
    ),
    "a line before the frontmatter": (
        {AGENT: "\n" + FILES[AGENT]},
        [f"{AGENT}:1: the frontmatter does not parse: it does not start at the first byte"],
    ),
    "no frontmatter": (
        {AGENT: "You build.\n"},
        [f"{AGENT}:1: has no name", f"{AGENT}:1: has no description"],
    ),
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
        [f"{AGENT}:4: the frontmatter does not parse: text follows the closing quote, or there"],
    ),
    "text after the quote": (
        with_agent(DESCRIPTION, 'description: "Builds" all'),
        [f"{AGENT}:4: the frontmatter does not parse: text follows the closing quote, or there"],
    ),
    "a key twice": (
        with_agent("color: green", "model: opus"),
        [f"{AGENT}:7: the frontmatter does not parse: the key model stands twice"],
    ),
    "no colon": (
        with_agent("color: green", "color green"),
        [f"{AGENT}:7: the frontmatter does not parse: no `key"],
    ),
    "a tab": (with_agent("  Stop:", "\tStop:"), [f"{AGENT}:9: the frontmatter does not parse: a tab"]),
    "an indent out of place": (
        with_agent("color: green\n", "color:\n    a: b\n  c: d\n"),
        [f"{AGENT}:9: the frontmatter does not parse: the line does not fit"],
    ),
    "a list item among keys": (
        with_agent("color: green", "- green"),
        [f"{AGENT}:7: the frontmatter does not parse: the line does not fit"],
    ),
    "a list as frontmatter": (
        {RULE: '---\n- "a"\n---\n'},
        [f"{RULE}:2: the frontmatter does not parse: the line"],
    ),
    "a folded value": (
        with_agent(DESCRIPTION, "description: >\n  Builds\n  everything"),
        [f"{AGENT}:4: warning: cannot judge the frontmatter: a value of a kind"],
    ),
    "a quoted value on two lines": (
        {".claude/rules/mine.md": '---\npaths: "a\n  b"\n---\n'},
        [".claude/rules/mine.md:2: warning: cannot judge"],
    ),
    "an anchor": (
        {".claude/rules/mine.md": "---\na: &b c\n---\n"},
        [".claude/rules/mine.md:2: warning: cannot judge"],
    ),
    "an escape of YAML's own": (
        {".claude/rules/mine.md": '---\na: "\\x41"\n---\n'},
        [".claude/rules/mine.md:2: warning: cannot judge"],
    ),
    "someone's own broken agent": (
        {".claude/agents/own.md": "---\nname: own\ndescription: a: b\n---\n"},
        [".claude/agents/own.md:3: warning: the frontmatter does not parse"],
    ),
    "a kept rule of our name": (
        {RULE: "No paths.\n"} | facts_with(kept=[RULE]),
        [f"{RULE}:1: warning: has no paths"],
    ),
    "no name": (with_agent("name: backend-developer\n", ""), [f"{AGENT}:1: has no name"]),
    "an empty description": (with_agent(DESCRIPTION, "description:"), [f"{AGENT}:4: has no description"]),
    "a long description": (
        with_agent(DESCRIPTION, f'description: "{"x" * 301}"'),
        [f"{AGENT}:4: the description has 301 characters"],
    ),
    "a description of 300": (with_agent(DESCRIPTION, f'description: "{"x" * 300}"'), []),
    "a rule without paths": ({RULE: "Always.\n"}, [f"{RULE}:1: has no paths"]),
    "a rule with globs": ({RULE: '---\nglobs: "*.py"\n---\n'}, [f"{RULE}:2: the client does not read globs"]),
    "paths as a string": ({RULE: '---\npaths: "*.py"\n---\n'}, [f"{RULE}:2: paths is no list"]),
    "line ends of Windows": (
        {name: FILES[name].replace("\n", "\r\n") for name in ("CLAUDE.md", AGENT, RULE, SETTINGS)},
        [],
    ),
    # tools
    "a pattern in tools": (
        with_agent(TOOLS, "tools: Read, Bash(uv run pytest *), Edit"),
        [f"{AGENT}:5: Bash(uv run pytest *) names all"],
    ),
    "a gone tool": (with_agent(TOOLS, TOOLS + ", TodoWrite"), [f"{AGENT}:5: the tool TodoWrite is gone"]),
    "an unknown tool": (
        with_agent(TOOLS, TOOLS + ", Telepathy"),
        [f"{AGENT}:5: warning: the tool Telepathy"],
    ),
    "tools as a list": (
        with_agent(TOOLS, "tools:\n  - Read\n  - Edit\n  - Bash\n  - LS"),
        [f"{AGENT}:5: the tool LS is gone"],
    ),
    "a pattern in disallowedTools": (
        with_agent(TOOLS, TOOLS + "\ndisallowedTools: Bash(git push *)"),
        [f"{AGENT}:6: Bash(git push *) names all of Bash"],
    ),
    "tools of servers, and agents by type": (
        with_agent(TOOLS, TOOLS + ", mcp__db__query, Agent(a, b), Skill"),
        [],
    ),
    # reach and secrets
    "a rule that reaches nothing": (
        {RULE: '---\npaths:\n  - "src/**"\n---\n'},
        [f"{RULE}:2: warning: its paths match no file"],
    ),
    "a rule for a folder at the root": (
        {RULE: '---\npaths:\n  - "lib/*.py"\n---\n', "app/lib/a.py": ""},
        [f"{RULE}:2: warning: its paths match no file"],
    ),
    "a rule that reaches any depth": (
        {RULE: '---\npaths:\n  - "*.{go,rs}"\n---\n', "app/[x]/a.rs": ""},
        [],
    ),
    "a rule that reaches nothing before there is source": (
        {RULE: '---\npaths:\n  - "src/**"\n---\n', "app/main.py": None},
        [],
    ),
    "tracked secrets": (
        {".env": "A=1", "deep/.env.local": "A=1", "conf/secrets/a b": "x", "k.pem": "x"},
        [
            ".env:1: git tracks",
            "conf/secrets/a b:1: git tracks",
            "deep/.env.local:1: git tracks",
            "k.pem:1: git tracks",
        ],
    ),
    "a secret named from the root": (
        {"k/top": "x", "top": "x"} | facts_with(secrets=["/top"]),
        ["top:1: git tracks"],
    ),
    "an ignored secret": ({".gitignore": ".env\n", ".env": "A=1"}, []),
    # JSON and its shape
    "broken settings": (
        {SETTINGS: '{"permissions": {\n  "allow": [],\n}}'},
        [f"{SETTINGS}:3: is not JSON: Expecting property name"],
    ),
    "broken local settings": (
        {LOCAL: "{"},
        [f"{LOCAL}:1: is not JSON: Expecting property name enclosed in double quotes at column 2"],
    ),
    "broken facts": ({FACTS: "{]"}, [f"{FACTS}:1: is not JSON"]),
    "NaN": ({LOCAL: '{"a":\n NaN}'}, [f"{LOCAL}:2: is not JSON: NaN"]),
    "too deep": ({LOCAL: "[" * 100_000}, [f"{LOCAL}:1: is not JSON: RecursionError"]),
    "a number too long": ({LOCAL: '{"a": ' + "1" * 10_000 + "}"}, [f"{LOCAL}:1: is not JSON: ValueError"]),
    "a key of settings twice": (
        {LOCAL: '{"permissions": {"allow": ["Bash(make report)"],\n"deny": []},\n"permissions": {}}'},
        [f"{LOCAL}:3: has the key permissions twice"],
    ),
    "a byte order mark in settings": (
        {SETTINGS: "\ufeff" + FILES[SETTINGS]},
        [f"{SETTINGS}:1: warning: starts with a byte order mark"],
    ),
    "settings as a list": ({LOCAL: "[]"}, [f"{LOCAL}:1: is not an object"]),
    "permissions as a list": (
        {LOCAL: '{\n"permissions": []}'},
        [f"{LOCAL}:2: permissions is not an object; mend it: the client drops it"],
    ),
    "deny as a string": (
        {LOCAL: '{"permissions": {"deny": "Bash"}}'},
        [f"{LOCAL}:1: permissions.deny is not a list"],
    ),
    "a number in allow": (
        {LOCAL: '{"permissions": {"allow": [3]}}'},
        [f"{LOCAL}:1: permissions.allow[0] is not a string"],
    ),
    "an unknown mode": (
        settings_with(permissions__defaultMode="yolo"),
        [f"{SETTINGS}:21: permissions.defaultMode is none"],
    ),
    "a known mode": (settings_with(permissions__defaultMode="plan"), []),
    "a list as mode": (
        settings_with(permissions__defaultMode=[]),
        [f"{SETTINGS}:21: permissions.defaultMode is none"],
    ),
    "sandbox as true": (settings_with(sandbox=True), [f"{SETTINGS}:35: sandbox is not an object"]),
    "a string for true": (
        settings_with(sandbox__enabled="yes"),
        [f"{SETTINGS}:36: sandbox.enabled is not true or"],
    ),
    "model as a number": ({LOCAL: '{"model": 3}'}, [f"{LOCAL}:1: model is not a string"]),
    "hooks as a list": ({LOCAL: '{"hooks": []}'}, [f"{LOCAL}:1: hooks is not an object"]),
    "an event as an object": ({LOCAL: '{"hooks": {"Stop": {}}}'}, [f"{LOCAL}:1: hooks.Stop is not a list"]),
    "a hook without its group": (
        {LOCAL: '{"hooks": {"Stop": [{"type": "command", "command": "x"}]}}'},
        [f"{LOCAL}:1: hooks.Stop[0]"],
    ),
    "a matcher as a number": (
        {LOCAL: '{"hooks": {"Stop": [{"matcher": 3, "hooks": []}]}}'},
        [f"{LOCAL}:1: hooks.Stop[0]"],
    ),
    "a hook without type": (
        {LOCAL: '{"hooks": {"Stop": [{"hooks": [{}]}]}}'},
        [f"{LOCAL}:1: hooks.Stop[0].hooks[0] has no type"],
    ),
    "a hook without command": (
        {LOCAL: '{"hooks": {"Stop": [{"hooks": [{"type": "command"}]}]}}'},
        [f"{LOCAL}:1: hooks.Stop[0].hooks[0] has no command"],
    ),
    # rules
    "a path rule of Write": (
        rules("deny", "Write(src/**)"),
        [f"{SETTINGS}:20: deny rule Write(src/**) never matches; write Edit(src/**)"],
    ),
    "a path rule of MultiEdit": (
        rules("ask", "MultiEdit(x)"),
        [f"{SETTINGS}:15: ask rule MultiEdit(x) never matches"],
    ),
    "a path rule of Glob": (
        rules("allow", "Glob(x)"),
        [f"{SETTINGS}:11: allow rule Glob(x) never matches; write Read(x)"],
    ),
    "a path rule of Grep": (rules("deny", "Grep(x)"), [f"{SETTINGS}:20: deny rule Grep(x) never matches"]),
    "a rule with &&": (
        rules("allow", "Bash(a && b)"),
        [f"{SETTINGS}:11: allow rule Bash(a && b) never matches"],
    ),
    "a rule with ;": (rules("deny", "Bash(a; b)"), [f"{SETTINGS}:20: deny rule Bash(a; b) never matches"]),
    "a rule with a pipe": (
        rules("deny", "Bash(a | b *)"),
        [f"{SETTINGS}:20: deny rule Bash(a | b *) never matches"],
    ),
    "a pipe in quotes": (rules("ask", 'Bash(grep -E "a|b;c" *)'), []),
    "a gone tool in a rule": (
        rules("allow", "TodoWrite"),
        [f"{SETTINGS}:11: allow rule TodoWrite names a tool that is gone"],
    ),
    "an unknown tool in a rule": (
        rules("ask", "Telepathy"),
        [f"{SETTINGS}:15: warning: ask rule Telepathy names"],
    ),
    "an empty pattern": (
        rules("allow", "Bash()"),
        [f"{SETTINGS}:11: allow rule Bash() is skipped by the client; write Bash, or"],
    ),
    "no rule at all": (rules("deny", "Read(.env"), [f"{SETTINGS}:20: deny rule Read(.env is no Tool"]),
    "a dead rule the client wrote": (
        {LOCAL: '{"permissions": {"allow": ["Bash(a | b)"]}}'},
        [f"{LOCAL}:1: warning: allow rule Bash(a | b)"],
    ),
    "rules that are fine": (
        rules("allow", "mcp__db__query", "mcp__db__*", "WebFetch(domain:a.b)", "Skill(x)", "Read(~/x)"),
        [],
    ),
    **{
        f"open: {rule}": (rules("allow", rule), [f"{SETTINGS}:11: warning: allow rule {rule} opens {what}"])
        for rule, what in {
            "Bash": "every shell command",
            "Bash(*)": "every shell command",
            "Bash(uv run *)": "any program",
            "Bash(uv run:*)": "any program",
            "Bash(npx *)": "any program",
            "Bash(docker exec *)": "any program",
            "Bash(* --version)": "any program",
            "Bash(python *)": "any code",
            "Bash(python3 -c *)": "any code",
            "Bash(npm run *)": "every script",
            "Bash(npm run*)": "every script",
            "Bash(make:*)": "every script",
            "Bash(npm install *)": "new packages",
            "Bash(git *)": "every git command",
            "Bash(git push *)": "pushing",
            "Bash(curl *)": "any address",
            "Bash(rm -rf *)": "deleting",
            "Edit": "changing files outside",
        }.items()
        if rule != "Bash(* --version)"
    },
    "open: any program with an argument": (
        rules("allow", "Bash(* --version)"),
        [f"{SETTINGS}:11: warning: allow rule Bash(* --version) opens any program"],
    ),
    "asking for everything": (rules("ask", "Bash", "Bash(npx *)", "Edit"), []),
    "closed rules": (
        rules("allow", "Bash(npm run test *)", "Bash(npx)", "Bash(git status *)", "Bash(make)"),
        [],
    ),
    # hooks
    "a hook that is gone": (
        {".claude/hooks/guard.py": None},
        [f"{SETTINGS}:29: runs .claude/hooks/guard.py, which is not there"],
    ),
    "a gate that is gone": (
        {".claude/hooks/tdd_gate.py": None},
        [f"{AGENT}:12: runs .claude/hooks/tdd_gate.py, which"],
    ),
    "someone's own hook that is gone": (
        {LOCAL: '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 .claude/x.py"}]}]}}'},
        [f"{LOCAL}:1: runs .claude/x.py"],
    ),
    "a hook that nothing runs": (
        settings_with(hooks={}),
        [f"{SETTINGS}:1: no hook runs .claude/hooks/guard.py"],
    ),
    "a gate that nothing runs": (
        {AGENT: FILES[AGENT].split("hooks:")[0] + "---\nBuild.\n"},
        [f"{AGENT}:1: no hook runs .claude/hooks/tdd_gate.py"],
    ),
    "no gate without tdd": (
        {AGENT: FILES[AGENT].split("hooks:")[0] + "---\nBuild.\n"} | facts_with(methodology=["kiss"]),
        [],
    ),
    "hooks switched off": (
        {LOCAL: '{"disableAllHooks": true}'},
        [f"{LOCAL}:1: warning: switches every hook off"],
    ),
    "a hook of their own that decides": (
        {LOCAL: '{"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "say yes"}]}]}}'},
        [f"{LOCAL}:1: warning: another hook can let through what would ask: say yes"],
    ),
    "a hook of their own that only looks on": (
        {LOCAL: '{"hooks": {"PostToolUse": [{"hooks": [{"type": "command", "command": "say done"}]}]}}'},
        [],
    ),
    # commands
    "a command that no rule knows": (
        edited("CLAUDE.md", "- migrate", "- report: `make report`\n- deploy: `make deploy`\n- migrate")
        | {"Makefile": "report deploy:\n"},
        [f"CLAUDE.md:10: no rule in {SETTINGS} knows `make deploy`; add Bash(make deploy)"],
    ),
    "a part of a command that no rule knows": (
        command("uv sync && make report && cd app && uv build")
        | rules("allow", "Bash(make report)")
        | {"Makefile": "report:\n"},
        [f"CLAUDE.md:4: no rule in {SETTINGS} knows `uv build`"],
    ),
    "an agent without a shell": (
        with_agent(TOOLS, "tools: Read, Edit")
        | edited("CLAUDE.md", "- migrate", "- deploy: `make deploy`\n- migrate")
        | {"Makefile": "deploy:\n"},
        [],
    ),
    "an agent with every tool": (
        with_agent(TOOLS + "\n", "") | settings_with(permissions__allow=OURS["permissions"]["allow"][:-1]),
        [f"CLAUDE.md:8: no rule in {SETTINGS} knows `uv run ruff format --check .`"],
    ),
    "a command that is denied": (
        rules("deny", "Bash(* upgrade *)"),
        ["CLAUDE.md:9: a deny rule forbids `uv run alembic upgrade head`"],
    ),
    "a command that differs from the facts": (
        edited("CLAUDE.md", "`uv run pytest`", "`uv run pytest -q`"),
        [f"CLAUDE.md:3: test is `uv run pytest` in {FACTS}, and not here"],
    ),
    "no commands": (
        edited("CLAUDE.md", "## Commands", "## Orders"),
        ["CLAUDE.md:1: warning: has no section ## Commands"],
    ),
    "commands in AGENTS.md": ({"CLAUDE.md": "@AGENTS.md\n", "AGENTS.md": FILES["CLAUDE.md"]}, []),
    "a command with backticks": (
        edited("CLAUDE.md", "- migrate", "- odd: `` echo `date` ``\n- migrate")
        | rules("allow", "Bash(echo `date`)"),
        [],
    ),
    "an agent that disagrees": (
        with_agent("`uv run ruff check`", "`ruff check src`"),
        [f"{AGENT}:14: says `ruff check src` where CLAUDE.md says `uv run ruff check .`"],
    ),
    "an agent with another runner": (
        with_agent("`uv run pytest tests/test_x.py -x`", "`pytest tests/test_x.py`"),
        [f"{AGENT}:14: says `pytest tests/test_x.py` where CLAUDE.md says `uv run pytest`"],
    ),
    # what the project lacks
    "no package.json": (command("npm run build"), ["CLAUDE.md:4: `npm run build`: there is no package.json"]),
    "no such script": (
        command("npm run lint", package__json=PACKAGE),
        ["CLAUDE.md:4: `npm run lint`: package.json has no script lint"],
    ),
    "npm test without script": (
        command("pnpm test", package__json=PACKAGE),
        ["CLAUDE.md:4: `pnpm test`: package.json has no"],
    ),
    "a script that is there": (command("yarn run build", package__json=PACKAGE), []),
    "a package.json nobody can read": (command("npm run lint", package__json="\t{"), []),
    "a script in a folder": (
        command("cd web && npm run lint")
        | rules("allow", "Bash(npm run lint)")
        | {"web/package.json": PACKAGE},
        ["CLAUDE.md:4: `cd web && npm run lint`: package.json has no script lint"],
    ),
    "no Makefile": (command("make test"), ["CLAUDE.md:4: `make test`: there is no Makefile"]),
    "no such target": (
        command("make test", Makefile="test-all: a\nx := test\n\ttest: no\n"),
        ["CLAUDE.md:4: `make test`: the Makefile has no target test"],
    ),
    "a target that is there": (command("make test", Makefile=".PHONY: test\nlint test: a\n\tx\n"), []),
    "targets from elsewhere": (command("make test", Makefile="include x.mk\n"), []),
    "no manage.py": (
        command("uv run python manage.py check"),
        ["CLAUDE.md:4: `uv run python manage.py check`: there is no manage.py"],
    ),
    "a manage.py elsewhere": (command("python src/manage.py check") | {"src/manage.py": ""}, []),
    "no compose file": (
        {"compose.yaml": None},
        ["CLAUDE.md:5: `docker compose up -d --wait`: there is no compose.yaml"],
    ),
    "an older compose file": ({"compose.yaml": None, "docker-compose.yml": ""}, []),
    "a compose file by name": (
        command("docker compose -f dev.yaml up"),
        ["CLAUDE.md:4: `docker compose -f dev.yaml up`: there is no dev.yaml"],
    ),
    "nothing is lacking before there is source": (command("npm run build") | {"app/main.py": None}, []),
}


def test_a_clean_repo_is_clean(sane):
    assert doctor(sane) == (0, "Findings: 0. Warnings: 0.\n", "")
    code, out, _ = doctor(sane, "--json")
    assert (code, json.loads(out)) == (0, {"findings": [], "ok": True})


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_found_and_nothing_else(repo, name):
    files, expected = FAULTS[name]
    for gone in [name for name, text in files.items() if text is None]:
        (repo / gone).unlink()
    write(repo, {name: text for name, text in files.items() if text is not None})
    git(repo, "add", "-A")
    code, out, _ = doctor(repo)
    lines = [line for line in out.splitlines() if "; " in line]
    left = list(lines)
    for begin in expected:
        hit = next((line for line in left if line.startswith(begin)), None)
        assert hit, f"not found: {begin}\n{out}"
        left.remove(hit)
    assert not left
    assert code == int(any(": warning: " not in line for line in lines))
    found = json.loads(run_in_process(load(repo / ".claude/hooks/doctor.py"), "--json")[1])
    assert len(found["findings"]) == len(lines)
    assert found["ok"] == (code == 0)


def test_without_git_the_rest_is_looked_at_but_not_called_clean(repo):
    shutil.rmtree(repo / ".git")
    code, out, said = doctor(repo)
    assert (code, out) == (2, "Findings: 0. Warnings: 0.\n")
    assert said.startswith("doctor: git cannot be asked here")
    write(repo, with_agent("name: backend-developer\n", ""))
    code, out, _ = doctor(repo, "--json")
    assert code == 1
    assert json.loads(out)["error"].startswith("git cannot")
    assert json.loads(out)["findings"][0] == {
        "file": AGENT,
        "line": 1,
        "level": "error",
        "what": "has no name",
        "how": "add it: without it the client does not load the agent",
    }


def test_no_generated_repo(repo):
    (repo / FACTS).unlink()
    code, out, said = doctor(repo, "--json")
    assert code == 2
    assert json.loads(out)["findings"] == []
    assert (
        said == f"doctor: {FACTS} is not there: this is no generated repo, or copier recopy brings it back\n"
    )


def test_paths_that_git_holds_as_unmerged(repo):
    git(repo, "checkout", "-qb", "other")
    write(repo, {"app/main.py": "x = 2\n"})
    git(repo, "commit", "-qam", "two")
    git(repo, "checkout", "-q", "main")
    write(repo, {"app/main.py": "x = 3\n"})
    git(repo, "commit", "-qam", "three")
    git(repo, "merge", "other")
    code, out, _ = doctor(repo)
    assert (code, out.splitlines()[0]) == (
        1,
        "app/main.py:1: is unmerged in git; resolve it, then git add it",
    )


def test_a_project_below_the_git_root_and_in_a_worktree(sane, tmp_path):
    root = tmp_path / "services/orders"
    shutil.copytree(sane, root, ignore=shutil.ignore_patterns(".git"))
    git(tmp_path, "init", "-q")
    write(tmp_path, {".env": "A=1", "services/orders/conf/.env": "A=1"})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    git(tmp_path, "worktree", "add", "-q", "tree ü", "-b", "w")
    for place in (root, tmp_path / "tree ü/services/orders"):
        code, out, _ = doctor(place)
        assert (code, len(out.splitlines())) == (1, 2)
        assert out.startswith("conf/.env:1: git tracks this secret file")


def test_as_a_pre_commit_hook_of_a_project_below_the_git_root(sane, tmp_path):
    root = tmp_path / "services/orders"
    shutil.copytree(sane, root, ignore=shutil.ignore_patterns(".git"))
    git(tmp_path, "init", "-q")
    hook = tmp_path / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\n{sys.executable} services/orders/.claude/hooks/doctor.py > out.txt 2>&1\n")
    hook.chmod(0o755)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    assert (tmp_path / "out.txt").read_text() == "Findings: 0. Warnings: 0.\n"
    assert doctor(root, GIT_DIR="/no", GIT_INDEX_FILE="no")[0] == 0


def test_names_are_shown_without_control_characters(repo):
    write(
        repo,
        {"a\x1b[31m\n\udc80.pem".encode("utf-8", "surrogateescape").decode("latin-1"): "x", "b\x1b.pem": "x"},
    )
    git(repo, "add", "-A")
    code, out, _ = doctor(repo)
    assert code == 1
    assert "b?.pem:1: git tracks" in out
    assert "\x1b" not in out + doctor(repo, "--json")[1]


# --- settings beside a person's own

THEIRS = {
    "model": "opus",
    "permissions": {"deny": ["Bash(rm *)", "Read(.env)"], "defaultMode": "plan"},
    "hooks": {
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}],
        "Stop": [{"hooks": [{"type": "command", "command": "true"}]}],
    },
    "sandbox": {"enabled": True},
}


def beside(repo, theirs, ours=FILES[SETTINGS]):
    """A person's own settings with ours beside them."""
    write(repo, {SETTINGS: theirs, BESIDE: ours, **facts_with(settings=BESIDE)})
    git(repo, "add", "-A")
    return repo


@pytest.mark.parametrize(
    ("indent", "end", "newline"), [(2, "\n", "\n"), (4, "", "\n"), ("\t", "\n", "\n"), (2, "\n", "\r\n")]
)
def test_merging_keeps_all_of_theirs_and_adds_ours(repo, indent, end, newline):
    text = (json.dumps(THEIRS, indent=indent) + end).replace("\n", newline)
    beside(repo, text.encode())
    (repo / SETTINGS).chmod(0o640)
    code, out, _ = doctor(repo)
    assert code == 1
    missing = [line for line in out.splitlines()[:-1] if ": ours" in line]
    assert [line.split(": ours")[0].rpartition(" ")[2] for line in missing] == [
        "$schema",
        "permissions.allow",
        "permissions.ask",
        "permissions.deny",
        "hooks.PreToolUse",
        "sandbox.enabled",
        "sandbox.excludedCommands",
    ]
    assert (
        ":6: permissions.deny: ours is not in force: Edit(.env), Bash(git push --force *); run python3"
        in (out.replace(f"{SETTINGS}:4:", f"{SETTINGS}:6:"))
    )

    code, shown, _ = doctor(repo, "--merge-settings", "--dry-run")
    assert code == 0
    assert (repo / SETTINGS).read_bytes() == text.encode()
    code, out, _ = doctor(repo, "--merge-settings")
    assert code == 0
    assert out.splitlines()[:-1] == shown.splitlines()[:-1]
    assert f"--- {SETTINGS}" in out
    assert "+" + (indent if isinstance(indent, str) else " " * indent) * 3 + '"Edit(.env)",' in out

    new = (repo / SETTINGS).read_bytes().decode()
    both = json.loads(new)
    assert list(both)[:4] == list(THEIRS)
    assert both["model"] == "opus"
    assert both["permissions"]["defaultMode"] == "plan"
    assert both["permissions"]["deny"] == [
        "Bash(rm *)",
        "Read(.env)",
        "Edit(.env)",
        "Bash(git push --force *)",
    ]
    assert both["permissions"]["allow"] == OURS["permissions"]["allow"]
    assert both["hooks"]["PreToolUse"] == THEIRS["hooks"]["PreToolUse"] + OURS["hooks"]["PreToolUse"]
    assert both["hooks"]["Stop"] == THEIRS["hooks"]["Stop"]
    assert both["sandbox"] == {"enabled": True, "excludedCommands": ["uv run *"]}
    assert new == (json.dumps(both, indent=indent) + end).replace("\n", newline)
    assert (repo / SETTINGS).stat().st_mode & 0o777 == 0o640
    assert not list(repo.glob(".claude/tmp*"))

    code, out, _ = doctor(repo)
    assert code == 0
    assert out == (
        f"{SETTINGS}:{line_number(new, 'true')}: warning: another hook can let through what would ask: true"
        "; look at what it allows\n"
        f"{SETTINGS}:{line_number(new, 'enabled')}: warning: sandbox.enabled: ours is not in force: false"
        "; yours stays unless you change it\nFindings: 0. Warnings: 2.\n"
    )
    assert doctor(repo, "--merge-settings")[:2] == (
        0,
        f"Nothing to merge: {SETTINGS} lacks nothing of ours.\n",
    )
    assert (repo / SETTINGS).read_bytes().decode() == new


def line_number(text, key):
    return text[: text.index(f'"{key}"')].count("\n") + 1


def test_a_hook_they_run_already_is_not_run_twice(repo):
    theirs = json.loads(json.dumps(OURS))
    theirs["hooks"]["PreToolUse"][0]["hooks"][0]["timeout"] = 5
    beside(repo, json.dumps(theirs))
    assert doctor(repo)[0] == 0
    assert "Nothing to merge" in doctor(repo, "--merge-settings")[1]


def test_merging_into_nothing(repo):
    beside(repo, FILES[SETTINGS])
    (repo / SETTINGS).unlink()
    assert doctor(repo)[1].startswith(f"{SETTINGS}:1: is not there: no rule holds; run python3")
    assert doctor(repo, "--merge-settings")[0] == 0
    assert (repo / SETTINGS).read_text() == FILES[SETTINGS]
    assert doctor(repo)[0] == 0


def test_merging_where_nothing_stands_beside(repo):
    assert doctor(repo, "--merge-settings")[:2] == (
        0,
        f"Nothing to merge: {SETTINGS} lacks nothing of ours.\n",
    )
    assert (repo / SETTINGS).read_text() == FILES[SETTINGS]


def test_ours_beside_is_gone(repo):
    beside(repo, "{}")
    (repo / BESIDE).unlink()
    assert f"{BESIDE}:1: is not there" in doctor(repo)[1]


@pytest.mark.parametrize("text", ["é 日本", "\ud800"])
def test_merging_keeps_letters(repo, text):
    beside(repo, json.dumps({"language": text}))
    assert doctor(repo, "--merge-settings")[0] == 0
    assert json.loads((repo / SETTINGS).read_text())["language"] == text


REFUSED = {
    "broken": b'{"a": ',
    "a conflict": b"<<<<<<< a\n{}\n",
    "a list": b"[]",
    "a key twice": b'{"model": "a", "model": "b"}',
    "a shape the client rejects": b'{"permissions": {"allow": "Bash"}}',
    "bytes": b'{"a": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_merging_refuses_what_it_would_harm(repo, name, side):
    texts = {"theirs": "{}", "ours": FILES[SETTINGS], side: REFUSED[name]}
    beside(repo, **texts)
    before = (repo / SETTINGS).read_bytes()
    code, out, said = doctor(repo, "--merge-settings")
    assert (code, out) == (2, "")
    assert said.startswith(f"doctor: {SETTINGS if side == 'theirs' else BESIDE}:1: ")
    assert "nothing was changed" in said
    assert (repo / SETTINGS).read_bytes() == before


def test_merging_refuses_a_link_out_of_the_project_and_follows_one_inside(repo, tmp_path):
    beside(repo, "{}")
    (repo / SETTINGS).unlink()
    outside = tmp_path / "own.json"
    outside.write_text("{}")
    (repo / SETTINGS).symlink_to(outside)
    code, _, said = doctor(repo, "--merge-settings")
    assert (code, said) == (2, f"doctor: {SETTINGS} links to a file outside the project: merge it by hand\n")
    assert outside.read_text() == "{}"

    (repo / SETTINGS).unlink()
    (repo / "own.json").write_text("{}")
    (repo / SETTINGS).symlink_to("../own.json")
    assert doctor(repo, "--merge-settings")[0] == 0
    assert (repo / SETTINGS).is_symlink()
    assert json.loads((repo / "own.json").read_text())["permissions"] == OURS["permissions"]


def test_a_file_that_cannot_be_replaced_stays(repo, monkeypatch):
    program = load(repo / ".claude/hooks/doctor.py")
    beside(repo, "{}")

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(program.os, "replace", fail)
    assert run_in_process(program, "--merge-settings")[0] == 2
    assert (repo / SETTINGS).read_text() == "{}"
    assert sorted(path.suffix for path in (repo / ".claude").iterdir() if path.is_file()) == [".json"] * 3


# --- any bytes


def load(path):
    """The doctor at `path` as a module; it looks at the project it stands in."""
    spec = importlib.util.spec_from_file_location("doctor", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_in_process(program, *options):
    out, said = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = program.main(list(options))
    for stream in (out, said):
        stream.seek(0)
    return code, out.read(), said.read()


SPOILABLE = [name for name in FILES if not name.startswith("app/")]
SNIPPETS = [
    b"---\n",
    b"- ",
    b"  ",
    b'"',
    b": ",
    b"\t",
    b"[",
    b"{",
    b"}",
    b"<<<<<<< a\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"`",
    b"*",
]
SNIPPETS += [
    b"null",
    b"[]",
    b"{}",
    b"1",
    b"\r",
    b"\0",
    b"## Commands\n",
    b"- a: `npm run x`\n",
    b"Bash(",
    b")",
    b"|",
    b"\\",
]


@st.composite
def spoilt(draw):
    """One file of a sane repo with bytes put in, cut out, or all replaced."""
    name = draw(st.sampled_from(SPOILABLE))
    text = FILES[name].encode()
    if draw(st.integers(0, 4)) == 0:
        return name, draw(st.binary(max_size=200) | st.lists(st.sampled_from(SNIPPETS)).map(b"".join))
    for _ in range(draw(st.integers(1, 4))):
        at, size = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(SNIPPETS) | st.binary(max_size=4)) + text[at + size :]
    return name, text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "permissions",
                    "allow",
                    "deny",
                    "hooks",
                    "Stop",
                    "command",
                    "args",
                    "paths",
                    "source",
                    "secrets",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def in_process(sane, tmp_path_factory):
    root = Path(shutil.copytree(sane, tmp_path_factory.mktemp("fuzz") / "r"))
    return root, load(root / ".claude/hooks/doctor.py")


def judge(in_process, name, text):
    root, program = in_process
    write(root, {name: text})
    for options in ([], ["--json"], ["--merge-settings", "--dry-run"]):
        code, out, said = run_in_process(program, *options)
        assert code in (0, 1, 2)
        assert "its own fault" not in said
        if options == ["--json"]:
            assert json.loads(out)["ok"] == (code == 0)
    write(root, {name: FILES[name]})


FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(spoilt())
def test_any_bytes_in_any_file(in_process, fault):
    judge(in_process, *fault)


@FUZZ
@given(st.sampled_from([SETTINGS, LOCAL, FACTS]), JSON)
def test_any_json_in_any_file(in_process, name, value):
    judge(in_process, name, json.dumps(value))


@FUZZ
@given(JSON, JSON)
def test_merging_any_two_loses_nothing_and_is_done_once(in_process, theirs, ours):
    _, program = in_process
    both = program.merged(theirs, ours)
    assert program.merged(both, ours) == both
    assert holds(both, theirs)


def holds(both, theirs):
    if isinstance(theirs, dict):
        return list(both)[: len(theirs)] == list(theirs) and all(
            holds(both[key], theirs[key]) for key in theirs
        )
    if isinstance(theirs, list):
        return both[: len(theirs)] == theirs
    return both == theirs


def test_odd_things_in_place_of_files(repo):
    (repo / AGENT).unlink()
    os.mkfifo(repo / AGENT)
    (repo / RULE).unlink()
    (repo / RULE).symlink_to("nowhere")
    (repo / LOCAL).unlink()
    (repo / LOCAL).mkdir()
    (repo / ".claude/loop").symlink_to(".")
    (repo / ("deep/" * 200)).mkdir(parents=True)
    code, out, _ = doctor(repo)
    assert code == 1
    assert out.startswith(f"{AGENT}:1: is not there or empty")


def test_what_the_reader_accepts_a_yaml_parser_reads_the_same():
    program = load(PROGRAM)
    source = random.Random(4)
    pieces = ["", " ", "  ", '"', ": ", "- ", "x", "\t", "'", "\n", "#", " #", "a: b\n", "[", "]", ","]
    accepted = 0
    for name in (AGENT, RULE, ".claude/rules/mine.md") * 400:
        text = FILES[name]
        at = source.randrange(4, text.index("---", 4))
        text = text[:at] + source.choice(pieces) + text[at + source.randrange(3) :]
        with contextlib.suppress(program.Broken, program.Unclear):
            mine = program.read_frontmatter(text) or None
            theirs = yaml.load(text[4:].partition("\n---\n")[0], yaml.BaseLoader)
            assert json.dumps(mine).replace("null", '""') == json.dumps(theirs).replace("null", '""'), text
            accepted += 1
    assert accepted > 400


def test_passes_through_jinja():
    assert not [mark for mark in ("{" + "{", "{" + "%", "{" + "#") if mark in PROGRAM.read_text()]
