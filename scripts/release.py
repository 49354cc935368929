"""Print the notes of the release that is due, from CHANGELOG.md; `--version` prints its version. Exit 1 if something is missing.

`uv run python scripts/release.py`. The version is written in pyproject.toml; it needs its section in CHANGELOG.md and its
folder in tests/releases/, which `uv run python tests/releases/make.py VERSION` makes.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def version(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def notes(root: Path) -> str:
    """The section of the version in CHANGELOG.md."""
    sections = re.split(r"(?m)^## ", (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    return next((section.partition("\n")[2].strip() for section in sections if section.startswith(f"[{version(root)}] - ")), "")


def missing(root: Path) -> list[str]:
    faults = [] if notes(root) else [f"CHANGELOG.md has no section of {version(root)} with its date"]
    return faults + ([] if (root / "tests/releases" / version(root) / "api.yml").is_file() else [f"tests/releases/{version(root)} is not made"])


if __name__ == "__main__":
    if found := missing(ROOT):
        sys.exit("\n".join(found))
    print(version(ROOT) if "--version" in sys.argv else notes(ROOT))
