"""Every sentence of the rules is executed by a proof, or is named as advice with its reason; and every proof passes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mapping
import matrix
import pytest
from conftest import unavailable

ADVICE_LIMIT = 1 / 3
# What a suite needs beside uv: the variable that names it. fastapi and postgresql bring their own PostgreSQL.
NEEDS = {
    "django": "TEST_MYSQL_URL",
    "mysql": "TEST_MYSQL_URL",
    "django-postgres": "TEST_POSTGRES_URL",
    "nestjs": "TEST_POSTGRES_URL",
    "shared": "TEST_POSTGRES_URL",
}
# Suite, file, what it asserts, a false claim in its place, and the arguments that run that test alone.
FALSEHOODS = [
    ("go", "language_test.go", '{"items":null}', '{"items":[]}', ("-run", "TestNilSlice")),
    ("postgresql", "test_operations.py", 'fetchone() == ("0",)', 'fetchone() == ("60000",)', ("-k", "test_timeouts_are_off")),
    ("mysql", "test_operations.py", '"SELECT SLEEP(1)") == 1', '"SELECT SLEEP(1)") == 0', ("-k", "test_max_execution_time")),
    ("fastapi", "test_api.py", '(500, {"mine": True})', "(500, {})", ("-k", "test_handler_of_exception_is_outside_middleware")),
    ("nestjs", "money.spec.ts", "toBe('1234567890123456790')", "toBe('1234567890123456789.99')", ("money.spec.ts",)),
]


@pytest.fixture(scope="session")
def spoken(template: Path) -> dict[str, set[str]]:
    return mapping.spoken(template)


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_every_sentence_is_proved_or_advice(spoken: dict[str, set[str]], stack: str) -> None:
    faults = mapping.unaccounted(spoken[stack], mapping.proved(), mapping.advice())
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


def test_every_proof_and_advice_has_its_sentence(spoken: dict[str, set[str]]) -> None:
    said = set().union(*spoken.values())
    named = mapping.proved() | {fragment: ["advice.yml"] for fragment in mapping.advice()}
    astray = [f"{fragment!r} of {', '.join(files)}" for fragment, files in named.items() if not any(fragment in sentence for sentence in said)]
    assert not astray, "said by no rule:\n" + "\n".join(astray)


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_advice_is_the_minority(spoken: dict[str, set[str]], stack: str) -> None:
    advised = [sentence for sentence in spoken[stack] if any(fragment in sentence for fragment in mapping.advice())]
    assert len(advised) <= len(spoken[stack]) * ADVICE_LIMIT, f"{len(advised)} of {len(spoken[stack])} sentences are advice"


def test_readme_has_the_figures(spoken: dict[str, set[str]]) -> None:
    readme = (mapping.ROOT / "README.md").read_text(encoding="utf-8")
    assert "\n".join(mapping.figures(spoken)) in readme, "run `uv run python proofs/mapping.py`"
    (versions,) = re.findall(r"(?s)on current versions: (.+?)\. What", readme)
    pinned = (mapping.PROOFS / "versions.yml").read_text(encoding="utf-8")
    assert [number for number in re.findall(r"\d+(?:\.\d+)+", versions) if number not in pinned] == []


@pytest.mark.parametrize(
    ("sentences", "fault"),
    [
        ({"A is b."}, "neither proved nor advice"),
        ({"P is q. ", "P is r."}, "occurs in 2 sentences"),
        ({"P is so, and so is Z."}, "proved, and yet listed"),
    ],
)
def test_a_gap_in_the_mapping_is_found(sentences: set[str], fault: str) -> None:
    assert any(fault in line for line in mapping.unaccounted(sentences, {"P is": []}, {"is Z": ""}))


def test_sentences_are_told_apart() -> None:
    said = mapping.sentences("Use `a.b. C` here. `x` is it: never y. Z (1.5 s).")
    assert said == ["Use `a.b. C` here.", "`x` is it: never y.", "Z (1.5 s)."]


def run(suite: str, *arguments: str, proofs: Path = mapping.PROOFS) -> subprocess.CompletedProcess[str]:
    if (variable := NEEDS.get(suite)) and variable not in os.environ:
        unavailable(f"{variable} names no server for proofs/{suite}")
    command = [sys.executable, str(proofs / "run.py"), suite, "--", *arguments]
    environment = {"PROOFS_CACHE": str(mapping.PROOFS.parent / ".cache" / "proofs")} | os.environ
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=800)


@pytest.mark.xdist_group("proofs")
@pytest.mark.parametrize("suite", mapping.SUITES)
def test_the_proofs_pass(suite: str) -> None:
    done = run(suite)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.mark.xdist_group("proofs")
@pytest.mark.parametrize(("suite", "file", "true", "false", "only"), FALSEHOODS, ids=[row[0] for row in FALSEHOODS])
def test_a_planted_falsehood_is_caught(tmp_path: Path, suite: str, file: str, true: str, false: str, only: tuple[str, ...]) -> None:
    proofs = shutil.copytree(mapping.PROOFS, tmp_path / "proofs", ignore=shutil.ignore_patterns("__pycache__"))
    text = (proofs / suite / file).read_text(encoding="utf-8")
    assert text.count(true) == 1
    (proofs / suite / file).write_text(text.replace(true, false), encoding="utf-8")
    done = run(suite, *only, proofs=proofs)
    said = done.stdout + done.stderr
    # A failed assertion, not a run that never came to it.
    assert done.returncode and re.search(r"AssertionError|--- FAIL", said), said[-6000:]
