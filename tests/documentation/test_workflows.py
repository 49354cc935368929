"""The workflows are valid, pinned and name what exists; the scripts that they run do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import newest
import platforms
import pytest
import release
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ZIZMOR = ("zizmor", "--offline", "--quiet", "--no-progress", "--min-severity", "medium")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """A program of the development environment."""
    return subprocess.run([Path(sys.executable).parent / str(command[0]), *map(str, command[1:])], capture_output=True, text=True)


def test_they_are_valid_and_safe() -> None:
    valid = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert valid.returncode == 0, valid.stdout
    safe = run(*ZIZMOR, *WORKFLOWS)
    assert safe.returncode == 0, safe.stdout


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("          persist-credentials: false", "          fetch-depth: 1", "artipacked"),
        ("- run: uv run pytest", "- run: echo ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_an_unsafe_workflow_is_found(tmp_path: Path, good: str, bad: str, named: str) -> None:
    text = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert good in text
    (tmp_path / "test.yml").write_text(text.replace(good, bad), encoding="utf-8")
    found = run(*ZIZMOR, tmp_path / "test.yml")
    assert found.returncode and named in found.stdout + found.stderr


def test_what_they_run_exists() -> None:
    words = {word for path in WORKFLOWS for word in re.findall(r"(?:tests|scripts|proofs|benchmarks)/[\w/.-]+(?:::\w+)?", path.read_text(encoding="utf-8"))}
    assert len(words) >= 12
    for word in words:
        file, _, test = word.partition("::")
        assert (ROOT / file).exists(), word
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8") if test else True, word


def test_a_release_that_is_not_prepared_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tests/releases/1.2.0").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.1.0] - 2026-01-01\n\n- Old.\n")
    assert len(release.missing(tmp_path)) == 2
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.0] - 2026-02-01\n\n- New.\n\n## [1.1.0] - 2026-01-01\n\n- Old.\n")
    (tmp_path / "tests/releases/1.2.0/api.yml").write_text("")
    assert release.missing(tmp_path) == [] and release.notes(tmp_path) == "- New."


def test_newest_takes_every_pin_out() -> None:
    text = (ROOT / "proofs/versions.yml").read_text(encoding="utf-8")
    old, new = yaml.safe_load(text), yaml.safe_load(newest.unpinned(text))
    assert [package for suite, content in new.items() if suite != "databases" for package in content.get("packages", []) if "==" in package] == [
        'Django==5.2.19; python_version < "3.12"',
        'Django==5.2.19; python_version < "3.12"',
        "Django==5.2.19",
    ]
    assert set(new["nestjs"]["packages"].values()) == {"latest"} and set(new["nestjs"]["packages"]) == set(old["nestjs"]["packages"])
    client = (ROOT / "tests/support/client.py").read_text(encoding="utf-8")
    assert 'VERSION = "9.9.9"' in newest.with_client(client, "9.9.9")


def test_rendering_and_hooks_hold_here_too() -> None:
    """What CI runs on macOS and Windows."""
    assert platforms.faults("generic") == []


def test_a_difference_of_a_platform_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(platforms.DECISIONS, "cat .env", "allow")
    assert platforms.faults("generic") == ["generic: 'cat .env' is deny, not allow"]
