"""Render every stack and run its hooks on this machine: what does not depend on Linux.

`uv run python scripts/platforms.py`: the files are those of examples/, and the command of the hook, as
settings.json has it, refuses a secret, asks before a push and lets `git status` run. Exit 1 with what differs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))

import copier  # noqa: E402
import make  # noqa: E402

# On Windows another `bash`, that of WSL, comes first on the PATH; Claude Code uses the one of Git.
BASH = Path(shutil.which("git") or "git").parents[1] / "bin" / "bash.exe" if os.name == "nt" else shutil.which("bash") or "bash"
DECISIONS = {"cat .env": "deny", "cat .e*": "deny", "git status": "allow", "git push": "ask"}


def faults(stack: str) -> list[str]:
    found = []
    if make.page(stack) != (ROOT / "examples" / f"{stack}.md").read_text(encoding="utf-8"):
        found.append(f"{stack}: other files than examples/{stack}.md")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "service"
        copier.run_copy(str(ROOT), folder, data=make.answers(stack), defaults=True, quiet=True)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        (folder / ".env").write_text("KEY=1\n", encoding="utf-8")
        command = hook_command((folder / ".claude/settings.json").read_text(encoding="utf-8"))
        for text, expected in DECISIONS.items():
            decision = decided(command, folder, text)
            if decision != expected:
                found.append(f"{stack}: {text!r} is {decision}, not {expected}")
    return found


def hook_command(settings: str) -> str:
    """What the one hook before each tool call runs, by the text of settings.json."""
    command: str
    (command,) = (hook["command"] for entry in json.loads(settings)["hooks"]["PreToolUse"] for hook in entry["hooks"])
    return command


def decided(command: str, folder: Path, text: str) -> str | None:
    """What the hook says to a command; None where it says nothing."""
    call = json.dumps({"tool_name": "Bash", "tool_input": {"command": text}, "cwd": str(folder), "permission_mode": "default"})
    environment = os.environ | {"CLAUDE_PROJECT_DIR": folder.as_posix()}
    said = subprocess.run([BASH, "-c", command], input=call, cwd=folder, env=environment, capture_output=True, text=True)
    decision: str | None = json.loads(said.stdout)["hookSpecificOutput"]["permissionDecision"] if said.stdout.strip() else None
    return decision


if __name__ == "__main__":
    sys.exit("\n".join(fault for stack in make.STACKS for fault in faults(stack)))
