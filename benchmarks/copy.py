"""Print how long a copy of this template takes, as a ratio to a template of one file, both measured in turn.

`uv run python benchmarks/copy.py [ROUNDS]`. Each copy is a process of its own, from a tagged git repository, as a
person runs it; the ratio is of the medians. Budget: 1.25 without the starter.
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


def as_release(folder: Path) -> Path:
    """Turn `folder` into a git repository with one tagged commit."""
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "release"], ["tag", "v0.1.0"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
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


def seconds(template: Path, destination: Path, *answers: str) -> float:
    """Wall-clock seconds of one `copier copy --defaults`."""
    shutil.rmtree(destination, ignore_errors=True)
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *answers, str(template), str(destination)]
    start = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    return time.perf_counter() - start


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        templates = {
            "one file": (one_file_template(base / "one"), []),
            "without starter": (this_template(base / "ours"), ["-d", "starter=false"]),
        }
        times: dict[str, list[float]] = {name: [] for name in templates}
        for _ in range(rounds + 1):  # the first round warms the caches
            for name, (template, answers) in templates.items():
                times[name].append(seconds(template, base / "out", *answers))
        medians = {name: statistics.median(values[1:]) for name, values in times.items()}
        for name, median in medians.items():
            print(f"{name:16} {median:.2f} s, {median / medians['one file']:.2f} times the one-file template")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
