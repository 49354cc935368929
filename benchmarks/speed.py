"""Print how long a copy and an update of this template take, as ratios to a template of one file, measured in turn.

`uv run python benchmarks/speed.py [ROUNDS] [--beside REVISION]`. Each is a process of its own, from a tagged git
repository that is packed as a clone is; the ratio is of the medians. Budget: 1.25 for each without the starter, 1.5 for
a copy with it. `--beside` measures a revision of this repository, such as a release, in the same run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("copier.yml", "questions", "template", "hooks")
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
    git(folder, "gc", "-q")
    return folder


def one_file_template(folder: Path) -> Path:
    folder.mkdir()
    for name, text in ONE_FILE.items():
        (folder / name).write_text(text, encoding="utf-8")
    return as_release(folder)


def this_template(folder: Path) -> Path:
    """The files of this repository as they are now, without its tests and pages."""
    folder.mkdir()
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)
    return as_release(folder)


def revision(name: str, folder: Path) -> Path:
    """The same files of a revision; CalledProcessError where there is none of that name."""
    archive = subprocess.run(["git", "archive", name, *PARTS], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=11)
    parser.add_argument("--beside", metavar="REVISION")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        ours = {"": this_template(base / "ours")}
        if options.beside:
            ours[f", {options.beside}"] = revision(options.beside, base / "beside")
        templates: dict[str, tuple[Path, list[str]]] = {"one file": (one_file_template(base / "one"), [])}
        for word, starter in {"without": "false", "with": "true"}.items():
            for name, template in ours.items():
                templates[f"{word} starter{name}"] = (template, ["-d", f"starter={starter}"])
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in templates}
        for _ in range(options.rounds + 1):  # the first round warms the caches
            for name, (template, answers) in templates.items():
                times[name].append(both(template, base / "out", *answers))
        for number, what in enumerate(("copy", "update")):
            medians = {name: statistics.median(pair[number] for pair in values[1:]) for name, values in times.items()}
            for name, median in medians.items():
                print(f"{what:6} {name:25} {median:.2f} s, {median / medians['one file']:.2f} times the one-file template")


if __name__ == "__main__":
    main()
