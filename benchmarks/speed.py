"""Print how long a copy and an update of this template take, as ratios to a template of one file, measured in turn.

`uv run python benchmarks/speed.py [ROUNDS]`. Each is a process of its own, from a tagged git repository, as a person
runs it; the ratio is of the medians. Budget: 1.25 for each without the starter, 1.5 for a copy with it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE_FILE = {
    "copier.yml": "project_name:\n  type: str\n  default: service\n",
    "README.md.jinja": "# {{ project_name }}\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
}


IDENTITY = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True)


def as_release(folder: Path) -> Path:
    """Turn `folder` into a git repository with two tags; the second adds a line to each answers file."""
    git(folder, "init", "-q")
    for tag in ("v0.1.0", "v0.2.0"):
        if tag == "v0.2.0":
            for path in folder.rglob("{{ _copier_conf.answers_file }}.jinja"):
                path.write_text("# Next.\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    return folder


def one_file_template(folder: Path) -> Path:
    folder.mkdir()
    for name, text in ONE_FILE.items():
        (folder / name).write_text(text, encoding="utf-8")
    return as_release(folder)


def this_template(folder: Path) -> Path:
    """The files of this repository as they are now, without its tests and pages."""
    for part in ("copier.yml", "questions", "template", "hooks"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        elif source.exists():
            folder.mkdir(exist_ok=True)
            shutil.copy2(source, folder / part)
    return as_release(folder)


def seconds(*arguments: object) -> float:
    """Wall-clock seconds of one `copier` command."""
    command = [sys.executable, "-m", "copier", *map(str, arguments)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    return time.perf_counter() - start


def both(template: Path, destination: Path, *answers: str) -> tuple[float, float]:
    """Seconds of a copy of the first version, and of the update to the second."""
    shutil.rmtree(destination, ignore_errors=True)
    copy = seconds("copy", "--defaults", "--quiet", "-r", "v0.1.0", *answers, template, destination)
    git(destination, "init", "-q")
    git(destination, "add", "-A")
    git(destination, "commit", "-q", "-m", "generated")
    return copy, seconds("update", "--defaults", "--quiet", destination)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        templates = {
            "one file": (one_file_template(base / "one"), []),
            "without starter": (this_template(base / "ours"), ["-d", "starter=false"]),
            "with starter": (base / "ours", ["-d", "starter=true"]),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in templates}
        for _ in range(rounds + 1):  # the first round warms the caches
            for name, (template, answers) in templates.items():
                times[name].append(both(template, base / "out", *answers))
        for number, what in enumerate(("copy", "update")):
            medians = {name: statistics.median(pair[number] for pair in values[1:]) for name, values in times.items()}
            for name, median in medians.items():
                print(f"{what:6} {name:16} {median:.2f} s, {median / medians['one file']:.2f} times the one-file template")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
