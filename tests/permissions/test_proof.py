"""The permissions hold in the real client: calls.yml, played for every stack and every level.

A call that is the same for every stack is played in one stack at each level, or in every other one, and the stack's own
calls all at `standard`, so that this takes minutes; `benchmarks/score.py` plays all of them everywhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import client
import matrix
import proof
import pytest
from checks import BASE_RULES, LEVEL_TOOLS
from client import AGENT, QUESTION, NotPlayed, bash, edit, read, write
from conftest import ROOT, unavailable
from proof import LEVELS, SHELL_LEVELS, STACKS, TABLE, Entry
from test_loading import TABLE as LOADING

pytestmark = pytest.mark.usefixtures("real_client")

ONE = "fastapi-postgres"  # where one stack has to represent all
WITHOUT_TOOLS_LINE = [
    "Agent", "Bash", "Edit", "ListAgents", "Read", "ReportFindings", "Skill", "ToolSearch", "DeferredToolPlaceholder", "Write",
]  # fmt: skip
SENTENCES = {"read-only": "before planning the first file of a kind", "else": "before creating the first file of a kind"}

Staged = Callable[..., Path]  # of the fixture `staged`


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose copies of the template are made once."""
    return tmp_path_factory.mktemp("proof")


@pytest.fixture
def path(workshop: Path) -> str:
    return proof.stand_ins(workshop)


@pytest.fixture
def staged(template: Path, workshop: Path) -> Staged:
    def _staged(stack: str, level: str, **more: object) -> Path:
        if level == "sandboxed":
            needs_sandbox()
        return proof.staged(template, workshop, stack, level, **more)

    return _staged


def needs_sandbox() -> None:
    if missing := [tool for tool in ("bwrap", "socat") if not shutil.which(tool)]:
        unavailable(f"{' and '.join(missing)} not installed")


def lost(verdicts: list[proof.Verdict]) -> list[str]:
    return [str(verdict) for verdict in verdicts if not verdict.held]


# The table itself


def test_the_table_is_whole() -> None:
    """As many calls as promised, each with a reason and a row that exists."""
    table, stacks = TABLE["must_not_leak"]["secret"], TABLE["stacks"].values()
    assert set(TABLE["stacks"]) == set(matrix.STACKS)
    assert len(table) >= 40
    for stack in stacks:
        mine = stack["must_ask_or_be_refused"]
        assert sum(map(len, mine.values())) + sum(map(len, TABLE["must_ask_or_be_refused"].values())) >= 30
    groups = [TABLE[group] for group in TABLE if group.startswith("must_")] + list(TABLE["managers"].values())
    groups += [stack[group] for stack in stacks for group in stack if group.startswith("must_")]
    for rows in groups:
        assert set(rows) <= set(TABLE["actions"])
        assert all(isinstance(why, str) and why for calls in rows.values() for why in calls.values())


def test_readme_shows_the_score_of_this_table(template: Path, workshop: Path) -> None:
    """Of so many calls and this client; benchmarks/score.py prints it anew."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Claude Code {client.VERSION}:" in readme
    for level in LEVELS:
        repos = {stack: proof.generate(template, workshop, stack, level) for stack in STACKS}
        calls = sum(len(proof.entries(repo, stack, level=level)) for stack, repo in repos.items())
        (row,) = re.findall(rf"(?m)^\| `{level}` \| [\d,]+ of ([\d,]+) \|", readme)
        assert row == f"{calls:,}", level


def test_every_leak_is_one(staged: Staged, path: str) -> None:
    """Where nothing holds them, all of them show the marker: else the table would prove nothing."""
    repo = staged(ONE, "standard")
    table = proof.entries(repo, ONE)
    by_shell = [entry for entry in table if entry.group == "must_not_leak"]
    by_grep = [entry for entry in table if entry.group == "must_not_leak_by_grep"]
    (repo / ".claude/settings.json").unlink()
    agent = repo / f".claude/agents/{AGENT}.md"
    played = []
    for tools, entries in (("Read, Bash", by_shell), ("Grep", by_grep)):
        agent.write_text(f'---\nname: {AGENT}\ndescription: "x"\ntools: {tools}\n---\n\nx\n')
        how: dict[str, Any] = {"mode": "bypassPermissions", "env": {"PATH": path, "SHELL": shutil.which("bash")}, "parallel": proof.TURN}
        played += client.run(repo, [entry.call for entry in entries], **how).results
    assert [entry.text for entry, result in zip(by_shell + by_grep, played, strict=True) if not proof.leaks(result.text)] == []


# Every stack and every level


@pytest.mark.parametrize("level", SHELL_LEVELS)
@pytest.mark.parametrize("stack", STACKS)
def test_the_table_holds(staged: Staged, path: str, stack: str, level: str) -> None:
    repo = staged(stack, level)
    number = STACKS.index(stack) + LEVELS.index(level)
    of, own = {"standard": (4, 1), "sandboxed": (4, 2), "full": (8, 2)}[level]
    table = proof.part(proof.entries(repo, stack), number, of, own)
    shell = "zsh" if level == "full" and shutil.which("zsh") else "bash"
    assert lost(proof.play(repo, level, "default", path, table, shell)) == []


@pytest.mark.parametrize("level", LEVELS[:2])
@pytest.mark.parametrize("stack", STACKS)
def test_the_table_holds_without_a_shell(staged: Staged, path: str, stack: str, level: str) -> None:
    repo = staged(stack, level)
    table = proof.part(proof.entries(repo, stack, level=level), STACKS.index(stack) + LEVELS.index(level), of=2)
    assert lost(proof.play(repo, level, "default", path, table)) == []


@pytest.mark.parametrize(
    ("stack", "manager"),
    [(stack, manager) for stack in STACKS for manager in matrix.MANAGERS.get(stack, [])[1:]],
)
def test_other_package_managers(staged: Staged, path: str, stack: str, manager: str) -> None:
    repo = staged(stack, "standard", package_manager=manager)
    table = [entry for entry in proof.entries(repo, stack, manager) if not entry.shared]
    table = [entry for entry in table if entry.action != "command" or entry.why.endswith("as written")]
    assert lost(proof.play(repo, "standard", "default", path, table)) == []


def test_custom_is_standard_with_other_tools(staged: Staged, path: str) -> None:
    custom, standard = staged(ONE, "custom", tools=["Read", "Edit"]), staged(ONE, "standard")
    settings = Path(".claude/settings.json")
    assert (custom / settings).read_text() == (standard / settings).read_text()
    assert client.run(custom, [read("README.md")]).tools == ["Read", "Edit"]


# The client's other permission modes


@pytest.mark.parametrize(
    ("stack", "level"),
    [*((stack, "standard") for stack in STACKS), (ONE, "sandboxed"), (ONE, "full"), ("nestjs-prisma", "sandboxed"), ("nestjs-prisma", "full")],
)
@pytest.mark.parametrize("mode", list(TABLE["gives_away"]))
def test_a_mode_gives_away_what_is_written_down(staged: Staged, path: str, stack: str, level: str, mode: str) -> None:
    repo = staged(stack, level)
    number = STACKS.index(stack) + 4 * SHELL_LEVELS.index(level) + 8 * list(TABLE["gives_away"]).index(mode)
    given = [entry for entry in proof.entries(repo, stack) if entry.text in TABLE["gives_away"][mode]["calls"]]
    table = proof.part(proof.entries(repo, stack), number, of=24, own=6)
    table += [entry for entry in given if entry not in table]
    verdicts = proof.play(repo, level, mode, path, table)
    assert [str(verdict) for verdict in verdicts if not verdict.held and not proof.given_away(verdict.entry, level, mode)] == []
    kept = [v for v in verdicts if v.held and v.expected == "ask" and v.entry in given]
    assert [str(verdict) for verdict in kept] == [], "calls.yml gives away what the mode does not"


@pytest.mark.parametrize("stack", [ONE, "nestjs-prisma"])
def test_while_planning_nothing_more_is_open(staged: Staged, path: str, stack: str) -> None:
    repo = staged(stack, "standard")
    table = [entry for entry in proof.part(proof.entries(repo, stack), share=1, of=12, own=4) if entry.group.startswith("must_not") or entry.group == "must_ask_or_be_refused"]
    assert lost(proof.play(repo, "standard", "plan", path, table)) == []


# How the agent loads


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("stack", STACKS)
def test_the_agent_loads_as_asked_for(template: Path, workshop: Path, stack: str, level: str) -> None:
    """Its tools, its model, one CLAUDE.md, one body, and rules with the file that is read or written.

    test_loading.py plays a file of each kind.
    """
    if level == "sandboxed":
        needs_sandbox()
    repo = proof.generate(template, workshop, stack, level, features=[])
    row = LOADING[stack]["service"]
    seen = client.run(repo, [read("README.md"), read(row["file"]) if level == "read-only" else write(row["file"], "x = 1\n")])
    assert AGENT in seen.agents
    tools = LEVEL_TOOLS[level] or WITHOUT_TOOLS_LINE
    if "Bash" in tools:  # the client takes them away beside a shell
        tools = [tool for tool in tools if tool not in ("Grep", "Glob")]
    assert sorted(seen.tools) == sorted(tools)
    assert "haiku" in seen.model and "haiku" not in seen.main_requests[0]["model"]
    assert seen.system.count(SENTENCES.get(level, SENTENCES["else"])) == 1
    assert seen.sent().count("## Hard rules\n") == 1
    arrived = [{rule for rule in BASE_RULES if f"/.claude/rules/{rule}.md:\n" in seen.arrived(at)} for at in (0, 1)]
    assert arrived == [set(), set(row["rules"])]
    assert seen.warnings == []
    if stack == ONE:  # the debug log holds the same; said once a level for who reads the doctor
        told = client.doctor_text(repo)
        assert "Claude Code doctor" in told
        assert "Invalid settings" not in told and "may not work as written" not in told


@pytest.mark.parametrize(("stack", "level"), [*((stack, "standard") for stack in STACKS), (ONE, "edit"), (ONE, "full")])
def test_the_gate_asks_once_for_a_test(staged: Staged, stack: str, level: str) -> None:
    names = TABLE["stacks"][stack]["names"]
    repo = staged(stack, level)
    source, test = write(names["new_source"], "x = 1\n"), write(names["new_test"], "x = 1\n")
    assert client.run(repo, [source, "Done.", "No behavior changed.", "Never said."]).stops == 2
    with pytest.raises(NotPlayed):  # with a test it stops at once, so the call after that is never made
        client.run(repo, [test, "Done.", read("README.md")])


# Headless

TASKS = {  # an ordinary task from the starter, call by call: look, change a model, write the migration, check, report
    "fastapi": ["uv run alembic heads", 'uv run alembic revision --autogenerate -m "add total"'],
    "django": ["uv run python manage.py showmigrations", "uv run python manage.py makemigrations orders --name add_total"],
    "nestjs": ["npx prisma validate", "npx prisma migrate dev --create-only --name add_total", "npx prisma generate"],
    "generic": ["go list ./...", "migrate create -ext sql -dir migrations add_total"],
}


@pytest.mark.parametrize("level", ["standard", "sandboxed"])
@pytest.mark.parametrize("stack", STACKS)
def test_an_agent_finishes_a_task_where_nobody_answers(staged: Staged, path: str, stack: str, level: str) -> None:
    repo = staged(stack, level)
    names, known = TABLE["stacks"][stack]["names"], proof.commands(repo)
    calls = [bash("git status --short"), bash("git log --oneline -5"), bash(f"grep -rn total {names['folder']}")]
    calls += [bash("git switch -c feature/total"), read(names["source"]), edit(names["source"], "total", "sum")]
    calls += [write(names["new_test"], "x = 1\n"), *map(bash, TASKS[stack.partition("-")[0]]), write(names["new_migration"], "x = 1\n")]
    calls += [bash(f"cat {names['new_migration']}")]
    calls += [bash(known[key]) for key in ("test", "lint", "format", "typecheck", "test_e2e", "api_docs", "check_migrations") if key in known]
    calls += [bash(f"{known['test']} 2>&1 | tail -20"), bash("git add -A && git diff --cached --stat"), bash("git diff HEAD")]
    seen = client.run(repo, calls, mode="dontAsk", env={"PATH": path})
    assert [(r.call.input, r.outcome, r.text[:100]) for r in seen.results if r.outcome != "ran"] == []


# A question is a real one


@pytest.mark.parametrize(
    ("level", "call"),
    {
        "read-only": bash("git commit -m x"),
        "edit": write(".github/workflows/new.yml", "x"),
        "standard": bash("python3 -c 1"),
        "sandboxed": bash("git push"),
        "full": bash("python3 -c 1"),
    }.items(),
)
def test_a_person_is_asked(staged: Staged, path: str, level: str, call: client.Call) -> None:
    """In a terminal, in the mode that the settings start in; at read-only by the person's own session."""
    screen = client.prompt_screen(staged(ONE, level), call, agent=level != "read-only", mode=None, env={"PATH": path})
    assert QUESTION in screen


def test_nobody_is_asked_for_a_free_command(staged: Staged, path: str) -> None:
    assert QUESTION not in client.prompt_screen(staged(ONE, "standard"), bash("uv run pytest"), mode=None, env={"PATH": path})


# The sandbox

CONNECT = "import socket; socket.create_connection(('127.0.0.1', {}), 3); print('reached')"


@pytest.fixture
def port() -> Iterator[int]:
    """A TCP server on loopback that takes every connection: where a database would be."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]  # what connects waits in its backlog


@pytest.mark.parametrize("mode", proof.MODES[:3])
def test_only_the_projects_commands_leave_the_sandbox(staged: Staged, path: str, tmp_path: Path, port: int, mode: str) -> None:
    repo = staged(ONE, "sandboxed")
    (tmp_path / "uv").write_text(f'#!/bin/sh\nexec python3 -c "{CONNECT.format(port)}"\n')
    (tmp_path / "uv").chmod(0o755)
    outside = "import urllib.request as r; r.urlopen('http://example.com', timeout=5)"
    calls = [bash("uv run pytest"), bash(f'python3 -c "{CONNECT.format(port)}"'), bash(f'python3 -c "{outside}"')]
    calls += [bash(text) for text in TABLE["cannot_hold"]["asks"]]
    seen = client.run(repo, calls, mode=mode, env={"PATH": f"{tmp_path}:{path}"}, isolated=False)
    assert [result.outcome for result in seen.results] == ["ran"] * len(calls)
    assert ["reached" in result.text for result in seen.results[:2]] == [True, False]
    assert "403" in seen.results[2].text and seen.questions == []
    assert not proof.leaks(seen.sent())


def test_without_bubblewrap_it_fails_closed(staged: Staged, path: str, tmp_path: Path) -> None:
    repo, found = staged(ONE, "sandboxed"), dict[str, Path]()
    for folder in path.split(os.pathsep):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else []:
            found.setdefault(program.name, program)
    for name, program in found.items():
        if name != "bwrap":
            (tmp_path / name).symlink_to(program)
    with pytest.raises(NotPlayed, match="sandbox required but unavailable"):
        client.run(repo, [bash("ls")], env={"PATH": str(tmp_path)})


# What cannot be held


def test_what_cannot_be_held_leaks(staged: Staged, path: str) -> None:
    """README says so first: a limit that is none any more must leave its list."""
    limits = {kind: [Entry("", "", text.replace("@command", "uv run pytest"), why).call for text, why in calls.items()]
              for kind, calls in TABLE["cannot_hold"].items()}
    repo = staged(ONE, "standard")
    seen = client.run(repo, limits["runs"] + limits["asks"], env={"PATH": path}).results
    assert [result.outcome for result in seen] == ["ran"] * len(limits["runs"]) + ["asked"] * len(limits["asks"])
    assert all(proof.leaks(result.text) for result in seen[: len(limits["runs"])])
    said_yes = client.run(repo, limits["asks"], mode="bypassPermissions", env={"PATH": path}).results
    assert all(proof.leaks(result.text) for result in said_yes)


def test_a_session_below_the_root_has_no_settings(staged: Staged) -> None:
    seen = client.run(staged(ONE, "standard") / "service", [read(".env")])
    assert proof.leaks(seen.results[0].text)


def test_without_python_the_rules_still_hold(staged: Staged, tmp_path: Path) -> None:
    """No hook decides; what the rules name by themselves stays denied, and nothing is allowed."""
    for name in ("sh", "bash", "cat", "git", "unshare", "ls", "dirname", "uname", "sed", "grep"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    seen = client.run(staged(ONE, "standard"), [bash("cat .env"), bash("ls")], env={"PATH": str(tmp_path)})
    assert [result.outcome for result in seen.results] == ["denied", "ran"]


# The checks can fail


@pytest.mark.parametrize(
    ("fault", "shows"),
    {
        "no hook": ["cat .e*", "git log -p"],
        "Bash is allowed": ["python3 -c 1"],
        "no deny": ["docker volume prune -f"],
        "no ask": ["psql -c 'DROP TABLE orders'"],
    }.items(),
)
def test_a_planted_fault_shows(staged: Staged, path: str, fault: str, shows: list[str]) -> None:
    repo = staged(ONE, "standard")
    settings = repo / ".claude/settings.json"
    now = json.loads(settings.read_text())
    if fault == "no hook":
        now["hooks"] = {}
    elif fault == "Bash is allowed":
        now["permissions"]["allow"].append("Bash")
    else:
        now["permissions"][fault.split()[1]] = []
    settings.write_text(json.dumps(now))
    table = [entry for entry in proof.entries(repo, ONE) if entry.text in shows or entry.text == "git status"]
    mode = "bypassPermissions" if fault in ("no deny", "no ask") else "default"
    missed = [verdict.entry.text for verdict in proof.play(repo, "standard", mode, path, table) if not verdict.held]
    assert sorted(missed) == sorted(shows)


# What a person adds is theirs

ALLOWS = {"type": "command", "command": """echo '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow"}}'"""}


def test_a_hook_of_theirs_opens_what_would_ask(staged: Staged, path: str) -> None:
    """Not what a rule names, nor what guard.py refuses; doctor says that the hook is there."""
    repo = staged(ONE, "standard")
    settings = repo / ".claude/settings.json"
    now = json.loads(settings.read_text())
    now["hooks"]["PreToolUse"].append({"matcher": "Bash", "hooks": [ALLOWS]})
    settings.write_text(json.dumps(now))
    calls = [bash("python3 -c 1"), bash("git commit -m x"), bash("cat .e*"), bash("git stash clear")]
    outcomes = [result.outcome for result in client.run(repo, calls, env={"PATH": path}).results]
    assert outcomes == ["ran", "asked", "blocked", "denied"]
