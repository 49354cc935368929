"""The harness tells the truth about the client: outcomes are told apart, and follow the setup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import client
import pytest
from client import QUESTION, Call, ClientUnavailable, NotPlayed, bash, read, write
from conftest import write_files
from scripted_model import texts

pytestmark = pytest.mark.usefixtures("real_client")

AGENT = """---
name: backend-developer
description: "Builds."
tools: Read, Edit, Write, Bash
{hooks}---

The body.
"""
STOP_HOOK = """hooks:
  Stop:
    - hooks:
        - type: command
          command: 'grep -q "stop_hook_active.:false" && echo "one more thing" >&2 && exit 2; exit 0'
"""
GUARD = {"type": "command", "command": "grep -q forbidden && echo 'do this instead' >&2 && exit 2; exit 0"}
MARKER = "m4rk3r"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "a repo"
    files = {
        ".claude/agents/backend-developer.md": AGENT.format(hooks=""),
        ".claude/rules/sql.md": '---\npaths:\n  - "**/*.sql"\n---\n\nThe rule for SQL.\n',
        "CLAUDE.md": "# Orders\n",
        "notes.txt": f"{MARKER}-notes\n",
        ".env": f"KEY={MARKER}-env\n",
    }
    write_files(repo, files)
    settings(repo)
    return repo


def settings(repo: Path, without: str = "") -> None:
    """Write the settings, `without` one of its parts."""
    rules = {"allow": ["Bash(mkdir *)"], "ask": ["Bash(cat notes.txt)"], "deny": ["Read(.env)"]}
    hooks = {"PreToolUse": [{"matcher": "Bash", "hooks": [GUARD]}]}
    rules = {kind: [] if kind == without else some for kind, some in rules.items()}
    parts = {"permissions": rules, "hooks": {} if without == "hooks" else hooks}
    (repo / ".claude/settings.json").write_text(json.dumps(parts))


CALLS = {
    "allowed": (bash("mkdir made"), "ran"),
    "failing": (bash("ls nothing"), "ran"),
    "unruled": (bash("python3 -c 1"), "asked"),
    "ask rule": (bash("cat notes.txt"), "asked"),
    "a new file": (write("new.txt", "x"), "asked"),
    "deny rule": (read(".env"), "denied"),
    "deny rule, shell": (bash("cat .env"), "denied"),
    "hook": (bash("echo forbidden"), "blocked"),
    "no such tool": (Call("Nothing", {}), "invalid"),
    "bad input": (Call("Read", {"file": "notes.txt"}), "invalid"),
}


def outcomes(repo: Path, **how: Any) -> dict[str, str]:
    played = client.run(repo, [call for call, _ in CALLS.values()], **how)
    return {name: result.outcome for name, result in zip(CALLS, played.results, strict=True)}


@pytest.mark.parametrize("agent", [True, False], ids=["agent", "main"])
@pytest.mark.parametrize("parallel", [1, 4], ids=["one a turn", "parallel"])
def test_outcomes_are_told_apart(repo: Path, agent: bool, parallel: int) -> None:
    expected = {name: outcome for name, (_, outcome) in CALLS.items()}
    assert outcomes(repo, agent=agent, parallel=parallel) == expected


@pytest.mark.parametrize(
    ("part", "now"),
    [
        ("allow", {"allowed": "asked"}),
        ("ask", {"ask rule": "ran"}),
        ("deny", {"deny rule": "ran", "deny rule, shell": "ran"}),
        ("hooks", {"hook": "ran"}),
    ],
)
def test_an_outcome_follows_the_setup(repo: Path, part: str, now: dict[str, str]) -> None:
    settings(repo, without=part)
    assert outcomes(repo) == {name: outcome for name, (_, outcome) in CALLS.items()} | now


def test_modes(repo: Path) -> None:
    without = {"unruled", "a new file"}  # what no rule decides is the mode's to decide
    for mode, expected in {"bypassPermissions": "ran", "dontAsk": "denied"}.items():
        seen = outcomes(repo, mode=mode)
        assert {seen[name] for name in without} == {expected}
        assert (seen["deny rule"], seen["hook"]) == ("denied", "blocked")
    assert outcomes(repo, mode="plan")["unruled"] == "asked"


def test_what_reaches_the_model_is_seen(repo: Path) -> None:
    calls = [read(repo / "notes.txt"), bash("head -1 notes.txt"), bash("head -1 .e*"), bash("head -1 .env")]
    seen = client.run(repo, calls)
    assert [MARKER in result.text for result in seen.results] == [True, True, True, False]
    assert f"{MARKER}-env" in seen.sent()
    refused = client.run(repo, [read(repo / ".env"), bash("cat .env"), bash("cat notes.txt")])
    assert MARKER not in refused.sent()


def test_saying_yes_lets_the_call_through(repo: Path) -> None:
    asked = client.run(repo, [write(repo / "new.txt", "x")])
    assert (asked.results[0].outcome, (repo / "new.txt").exists()) == ("asked", False)
    approved = client.run(repo, [write(repo / "new.txt", "x")], approve=True)
    assert (approved.results[0].outcome, (repo / "new.txt").exists()) == ("asked", True)


def test_what_the_agent_gets(repo: Path) -> None:
    seen = client.run(repo, [read(repo / name) for name in ("notes.txt", "db/first.sql", "db/next.sql")])
    assert client.AGENT in seen.agents
    assert seen.tools == ["Read", "Edit", "Write", "Bash"]
    assert (seen.system.count("The body."), seen.sent().count("# Orders")) == (1, 1)
    assert ["The rule for SQL." in seen.arrived(n) for n in (0, 1, 2)] == [False, True, False]
    assert (seen.stops, seen.warnings) == (1, [])
    assert "backend-developer: Builds." in "\n".join(texts(seen.main_requests[0]["messages"]))


def test_a_stop_hook_sends_the_agent_on(repo: Path) -> None:
    (repo / ".claude/agents/backend-developer.md").write_text(AGENT.format(hooks=STOP_HOOK))
    seen = client.run(repo, ["Done.", bash("mkdir made")])
    assert (seen.stops, seen.results[0].outcome) == (2, "ran")
    assert "one more thing" in seen.sent()
    with pytest.raises(NotPlayed, match="0 of 2"):
        client.run(repo, ["Done.", bash("mkdir made")], agent=False)


def test_an_agent_that_does_not_load_is_no_result(repo: Path) -> None:
    path = repo / ".claude/agents/backend-developer.md"
    path.write_text("<<<<<<< before\n" + path.read_text())
    with pytest.raises(NotPlayed, match="backend-developer"):
        client.run(repo, [bash("mkdir made")])


def test_a_broken_setup_shows(repo: Path) -> None:
    assert "Invalid settings" not in client.doctor_text(repo)
    (repo / ".claude/settings.json").write_text('{"permissions": {"deny": ["Read(.env)"],}}')
    assert "Invalid settings" in client.doctor_text(repo)
    seen = client.run(repo, [read(repo / ".env")])
    assert seen.results[0].outcome == "ran"
    assert "malformed JSON" in "".join(seen.warnings)


def test_the_question_on_the_screen(repo: Path) -> None:
    for call, asks in {"allowed": False, "ask rule": True, "a new file": True}.items():
        screen = client.prompt_screen(repo, CALLS[call][0])
        assert (QUESTION in screen) == asks, screen
        assert ("1. Yes\n" in screen) == asks, screen


def test_nothing_but_loopback_is_there(repo: Path) -> None:
    if not client.namespace():
        pytest.skip("no network namespaces on this system")
    seen = client.run(repo, [bash("cat /proc/net/dev")], approve=True)
    devices = [line.split(":")[0].strip() for line in seen.results[0].text.splitlines() if ":" in line]
    assert devices == ["lo"]


def test_a_machine_without_npm_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientUnavailable, match="npm"):
        client.client_binary()
