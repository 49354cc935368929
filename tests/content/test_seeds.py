"""What the five agents this template grew from could do is in what their answers render (seeds.yml)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from checks import AGENT, frontmatter
from conftest import Render

HERE = Path(__file__).parent
CAPABILITIES = yaml.safe_load((HERE / "seeds.yml").read_text())
# The agents' own frontmatter; None: the key was not there (without `tools` an agent has all of them).
HEADS = {
    "seed-000": {"tools": None, "model": "sonnet", "color": None},
    "seed-001": {"tools": None, "model": "sonnet", "color": None},
    "seed-002": {"tools": None, "model": "inherit", "color": "green"},
    "seed-003": {
        "tools": "Task, Bash, Glob, Grep, LS, ExitPlanMode, Read, Edit, MultiEdit, Write, NotebookRead, "
        "NotebookEdit, WebFetch, TodoWrite, WebSearch",
        "model": None,
        "color": None,
    },
    "seed-004": {"tools": None, "model": None, "color": "red"},
}
# Tools that have another name today, or none (a subagent cannot leave plan mode).
RENAMED = {
    "Task": ["Agent"],
    "LS": ["Glob"],
    "MultiEdit": ["Edit"],
    "NotebookRead": ["Read"],
    "TodoWrite": ["TaskCreate", "TaskGet", "TaskList", "TaskUpdate"],
    "ExitPlanMode": [],
}
# Answered more narrowly than the seed: the level `standard` lists its tools.
NARROWED = {"seed-001": "standard", "seed-002": "standard"}


def answers_of(seed: str) -> dict[str, object]:
    return dict(yaml.safe_load((HERE.parent / "answers" / f"{seed}.yml").read_text()))


def statements(text: str) -> list[str]:
    """List items and sentences: no frontmatter, no headings, no comments, no index of rules."""
    body = frontmatter(text)[1] if text.startswith("---\n") else text
    return [
        line
        for line in body.splitlines()
        if (re.match(r"(- |\d\. )", line) or line.endswith("."))
        and not re.match(r"#|<!--|- `\.claude/rules/", line)
    ]


@pytest.mark.parametrize("seed", HEADS)
def test_every_capability_of_the_seed_has_its_line(render: Render, seed: str) -> None:
    files = render(**answers_of(seed))
    missing = [
        f"{entry['says']}: {entry['line']!r} is not in {entry['file']}"
        for entry in CAPABILITIES[seed]
        if not any(entry["line"] in statement for statement in statements(files.get(entry["file"], "")))
    ]
    assert not missing, "\n".join(
        [f"{seed}: {len(missing)} of {len(CAPABILITIES[seed])} capabilities", *missing]
    )


@pytest.mark.parametrize("seed", HEADS)
def test_every_entry_is_whole_and_stands_once(seed: str) -> None:
    said = [entry["says"] for entry in CAPABILITIES[seed]]
    assert not {says for says in said if said.count(says) > 1}
    for entry in CAPABILITIES[seed]:
        assert set(entry) == {"says", "file", "line"} and len(entry["line"]) >= 5, entry


@pytest.mark.parametrize("seed", HEADS)
def test_the_head_agrees_with_the_seed(render: Render, seed: str) -> None:
    head = frontmatter(render(**answers_of(seed))[AGENT])[0]
    had = HEADS[seed]
    assert head["model"] == (had["model"] or "inherit")
    assert head["color"] == (had["color"] or "green")
    if seed in NARROWED:
        assert answers_of(seed)["permissions"] == NARROWED[seed] and "Bash" in head["tools"]
    elif had["tools"] is None:
        assert "tools" not in head
    else:
        today = {new for old in had["tools"].split(", ") for new in RENAMED.get(old, [old])}
        assert set(head["tools"].split(", ")) == today
