"""What others' checkers say of every stack at every level: nothing.

agnix reads agents, CLAUDE.md and rules; `claude doctor` reads settings and names rules that cannot work; `claude plugin
validate` reads skills only, of which we have none, so it can but agree.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import checks
import client
import copier
import matrix
import pytest
from conftest import ROOT

# Of level info, and no fault: no tool versions are pinned; `full` has no `tools` line; AGENTS.md is imported on purpose.
NO_FAULT = {"VER-001", "CC-AG-022", "AGM-004", "XP-006"}
# Said of any glob beside a sandbox. Ours are expanded anew at each call: what they deny was tried in the client.
NO_FAULT_EITHER = "- Glob patterns in sandbox permission rules are not fully supported on Linux"

RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff"


def agnix(folder: Path) -> list[str]:
    """Findings of agnix in all repositories under `folder`, as `rule file: message`."""
    program = shutil.which("agnix", path=str(Path(sys.executable).parent)) or "agnix"
    command = [program, "--target", "claude-code", "--strict", "--format", "json", str(folder)]
    report = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    assert report["files_checked"] >= 10
    return [f"{d['rule']} {d['file']}: {d['message']}" for d in report["diagnostics"] if d["rule"] not in NO_FAULT]


def doctor(repo: Path) -> list[str]:
    """What `claude doctor` has against the settings in `repo`."""
    lines = client.doctor_text(repo).splitlines()
    return [line for line in lines if re.match("- .*(ermission|settings)", line) and line != NO_FAULT_EITHER]


def validate(repo: Path) -> tuple[bool, int]:
    """Whether `claude plugin validate --strict` passes `repo`/.claude, and its exit code."""
    command = [str(client.client_binary()), "plugin", "validate", "--strict", "--json", str(repo / ".claude")]
    environment = {"HOME": str(repo), "PATH": "/usr/bin:/bin", "DISABLE_AUTOUPDATER": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)["success"], done.returncode


def generate(template: Path, folder: Path, stack: str, level: str) -> dict[str, Any]:
    """Generate into `folder`; returns its settings."""
    answers = (matrix.GO if stack == "generic" else {"stack": stack}) | {
        "permissions": level,
        "features": [] if level == "edit" else list(checks.FEATURES),
        "agents_md": level == "sandboxed",
    }
    if level == "custom":
        answers["tools"] = ["Read", "Edit", "Bash"]
    copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
    return dict(json.loads((folder / checks.SETTINGS).read_text()))


def test_nothing_is_found_in_any_stack_at_any_level(template: Path, tmp_path: Path, real_client: None) -> None:
    everything: dict[str, Any] = {"permissions": {}}  # the rules of all, so that the client starts once
    for stack in matrix.STACKS:
        for level in matrix.LEVELS:
            made = generate(template, tmp_path / f"{stack}-{level}", stack, level)
            for name, value in made.pop("permissions").items():
                old = everything["permissions"].get(name, [])
                everything["permissions"][name] = old + value if isinstance(value, list) else value
            everything |= made
    assert agnix(tmp_path) == []
    union = tmp_path / "generic-full"
    (union / checks.SETTINGS).write_text(json.dumps(everything))
    assert doctor(union) == []
    assert validate(union) == (True, 0)


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        (checks.AGENT, "tools: Read, ", "tools: Raed, ", "CC-AG-009"),
        (checks.AGENT, "model: inherit", "model: opuss", "CC-AG-003"),
        (checks.AGENT, 'description: "', "description: a: b: ", "CC-AG-007"),
        (".claude/rules/tests.md", '  - "**', "  - **", "CC-MEM-011"),
        (checks.SETTINGS, "{", "", "CC-HK-012"),
    ],
)
def test_agnix_finds_a_planted_fault(template: Path, tmp_path: Path, file: str, old: str, new: str, rule: str) -> None:
    generate(template, tmp_path, "generic", "standard")
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    assert [finding for finding in agnix(tmp_path) if finding.startswith(rule)]


def test_the_client_finds_a_planted_fault(template: Path, tmp_path: Path, real_client: None) -> None:
    settings = generate(template, tmp_path, "generic", "standard")
    settings["permissions"]["allow"] += ["Write(/x/**)", "Bash("]
    (tmp_path / checks.SETTINGS).write_text(json.dumps(settings))
    assert len(doctor(tmp_path)) == 2
    skill = tmp_path / ".claude" / "skills" / "x" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("no frontmatter\n")
    assert validate(tmp_path) == (False, 1)


def test_a_projects_own_tools_pass_over_the_hooks(tmp_path: Path) -> None:
    """`ruff format .` in an adopted repository would rewrite them, and each update would conflict."""
    before = {program.name: program.read_bytes() for program in sorted((ROOT / "hooks").glob("*.py"))}
    assert before
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    for command in (["format"], ["check", "--select", "ALL", "--ignore", "PGH004", "--fix", "--unsafe-fixes"]):
        done = subprocess.run([RUFF, *command, "--isolated", "--no-cache", "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_our_own_linter_does_not() -> None:
    done = subprocess.run([RUFF, "check", "--ignore-noqa", "--no-cache", "hooks"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_types_of_our_own_code_hold() -> None:
    command = [sys.executable, "-m", "mypy", "--cache-dir", os.devnull]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
