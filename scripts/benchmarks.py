"""Write docs/benchmarks.md: what the programs of benchmarks/ print on this machine.

`uv run --group load python scripts/benchmarks.py [speed] [load] [score]` runs those that are named, else speed alone,
and leaves the other sections as they are. Speed takes a minute, load ten, the score an hour. Nothing else may run.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS = {
    "speed": ("Copy and update", "Beside a template of one file, each run from a tagged git repository, packed as a clone is; the ratio is of medians."),
    "load": ("The starters under load", "Beside a service of the same framework that only runs one SELECT."),
    "score": ("Permissions in the real client", "Calls of tests/permissions/calls.yml that were judged as README's table says."),
}
HEAD = "# Benchmarks\n\nWhat `benchmarks/` prints; `uv run --group load python scripts/benchmarks.py` runs it and writes this page.\n"


def section(name: str, output: str) -> str:
    title, what = SECTIONS[name]
    load = os.getloadavg()[2]  # of a quarter of an hour: what else ran
    machine = f"{datetime.date.today()}, {os.cpu_count()} cores (load average {load:.1f}), {platform.system()}, Python {platform.python_version()}, Copier {version('copier')}"
    return f"## {title}\n\n{what} `uv run --group load python benchmarks/{name}.py`, {machine}:\n\n```text\n{output.strip()}\n```\n"


def main(names: list[str]) -> None:
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = {name: found[0] for name in SECTIONS if (found := re.search(rf"(?ms)^## {SECTIONS[name][0]}\n.*?^```\n(?=\n|\Z)", written))}
    for name in names:
        ran = subprocess.run([sys.executable, ROOT / "benchmarks" / f"{name}.py"], check=True, stdout=subprocess.PIPE, text=True)
        kept[name] = section(name, ran.stdout)
    PAGE.write_text("\n".join([HEAD, *(kept[name] for name in SECTIONS if name in kept)]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["speed"])
