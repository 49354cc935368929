"""README and docs say what is so: the picture, the walk, every name, path and command on a page."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import copier
import picture
import pytest
import starters
from conftest import ROOT


def test_the_picture_shows_the_prompts_of_today():
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert picture.text_of(drawn) == picture.text_of(picture.drawn(picture.run())), "run `uv run python scripts/picture.py`"
    assert "url(http" not in drawn


# --- the walk


def printed(told: str, output: str) -> list[str]:
    """The lines of a `text` block that did not come, in this order; `…` stands for anything."""
    at, missing = 0, []
    for line in filter(None, (line.strip() for line in told.splitlines())):
        found = re.compile(".*".join(map(re.escape, line.split("…")))).search(output, at)
        missing += [] if found else [line]
        at = found.end() if found else at
    return missing


def test_what_a_command_does_not_print_is_found():
    assert printed("a\n… b\nc…d", "x a\n1 b\nc 2 d") == []
    assert printed("b\na\nc…d", "a\nb\nc\nd") == ["a", "c…d"]


@pytest.mark.xdist_group("python")
def test_the_walk(tagged_template, tmp_path):
    """Every command of the page in one shell, on a database of this run's own in the place of the one in Docker."""
    steps = re.findall(r"(?ms)^```(bash|text)\n(.*?)^```$", (ROOT / "docs/walk.md").read_text(encoding="utf-8"))
    script = ["set -eo pipefail"]
    for number, (kind, text) in enumerate(steps):
        if kind == "bash":
            assert picture.ADDRESS in text or "copier copy" not in text
            text = text.replace(picture.ADDRESS, f"git+file://{tagged_template}").replace("docker compose up -d --wait\n", "")
            script += [f"exec >{tmp_path}/{number}.txt 2>&1", text]
    copied = tmp_path / "example"
    copier.run_copy(str(tagged_template), copied, defaults=True, quiet=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VIRTUAL_ENV"))}
    environment |= {"PATH": starters.path_with("uv", tmp_path / "shims"), "UV_PYTHON": os.environ.get("UV_PYTHON", sys.executable)}
    with starters.locked(f"starter-port-{starters.PORTS['fastapi-postgres']}"), starters.database(copied) as url:
        ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=tmp_path, env=environment | {"DATABASE_URL": url}, timeout=600)
    outputs = {number: (tmp_path / f"{number}.txt").read_text(encoding="utf-8") for number in range(len(steps)) if (tmp_path / f"{number}.txt").exists()}
    assert ran.returncode == 0, list(outputs.values())[-1]
    faults = [(line, outputs[number - 1]) for number, (kind, text) in enumerate(steps) if kind == "text" for line in printed(text, outputs[number - 1])]
    assert not faults, faults[0][0] + " is not printed by:\n" + faults[0][1]
