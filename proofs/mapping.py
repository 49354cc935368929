"""Which sentence of the rules is executed by which proof.

    uv run python proofs/mapping.py      # the figures for README: sentences, proved, advice, of each stack
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

PROOFS = Path(__file__).resolve().parent
ROOT = PROOFS.parent
sys.path[:0] = [str(ROOT / "tests"), *map(str, (ROOT / "tests").glob("*/"))]

import checks  # noqa: E402
import matrix  # noqa: E402
from conftest import files_of  # noqa: E402

SUITES = sorted(path.name for path in PROOFS.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
# The suites, and the tests that hold the starters on a bad day.
PLACES = (*(PROOFS / suite for suite in SUITES), ROOT / "tests" / "bad_day")


# --- what the rules say


def sentences(item: str) -> list[str]:
    """The sentences of one list item; a full stop inside a code span ends none."""
    masked = re.sub(r"`[^`]*`", lambda code: "`" + "x" * (len(code[0]) - 2) + "`", item)
    starts = [0, *(found.end() for found in re.finditer(r"(?<=[.!?])\s+(?=[A-Z`(])", masked))]
    return [item[start:end].strip() for start, end in zip(starts, [*starts[1:], len(item)], strict=True)]


def said(files: Mapping[str, str]) -> set[str]:
    """Every sentence of the rules files {path: text}, and of the hard rules in CLAUDE.md; a checklist claims nothing."""
    texts = [text for path, text in files.items() if path.startswith(".claude/rules/")]
    texts.append(checks.section(files["CLAUDE.md"], "Hard rules"))
    items = [item for text in texts for item in re.findall(r"(?m)^- (?!Checklist: )(.+)$", text)]
    return {sentence for item in items for sentence in sentences(item)}


def variants(stack: str) -> list[checks.Answers]:
    """Answers under which every line of the stack's rules comes out."""
    everything: checks.Answers = {"stack": stack, "features": list(checks.FEATURES)}
    if stack == "generic":
        return [matrix.GO | everything]
    return [everything | {"starter": starter, "package_manager": manager} for starter in (True, False) for manager in matrix.MANAGERS[stack]]


def spoken(template: Path) -> dict[str, set[str]]:
    """{stack: its sentences}, from copies of `template`."""
    found: dict[str, set[str]] = {}
    for stack in matrix.STACKS:
        for answers in variants(stack):
            found.setdefault(stack, set()).update(said(files_of(template, **answers)))
    return found


# --- what the proofs and the advice name


def python_fragments(text: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "proves"]
    return [ast.literal_eval(argument) for call in named for argument in call.args]


def typescript_fragments(text: str) -> list[str]:
    """The strings at the head of `proves('…', '…', async () => …)`."""
    string = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
    calls = re.findall(rf"(?<![\w.])proves\(\s*((?:(?:{string})\s*,\s*)+)", text)
    return [ast.literal_eval(found) for call in calls for found in re.findall(string, call)]


def go_fragments(text: str) -> list[str]:
    return re.findall(r"(?m)^// proves: (.+)$", text)


READERS = {".py": python_fragments, ".ts": typescript_fragments, ".go": go_fragments}


@cache
def proved() -> dict[str, list[str]]:
    """{fragment: the files that execute it}."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for folder in PLACES for path in folder.rglob("*") if path.suffix in READERS):
        for fragment in READERS[path.suffix](path.read_text(encoding="utf-8")):
            found.setdefault(fragment, []).append(path.relative_to(ROOT).as_posix())
    return found


@cache
def advice() -> dict[str, str]:
    """{fragment: why it cannot be executed}. Raises ValueError for an entry without a reason, or one listed twice."""
    entries = [entry for path in sorted(PROOFS.glob("*/advice.yml")) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []]
    if unfounded := [entry for entry in entries if set(entry) != {"sentence", "why"} or len(entry["why"]) < 15]:
        raise ValueError(f"advice without a reason: {unfounded}")
    if repeated := [sentence for sentence, times in Counter(entry["sentence"] for entry in entries).items() if times > 1]:
        raise ValueError(f"listed as advice twice: {repeated}")
    return {entry["sentence"]: entry["why"] for entry in entries}


# --- how they fit


def unaccounted(of_stack: set[str], proofs: Mapping[str, object], advised: Mapping[str, object]) -> list[str]:
    """What is wrong between the sentences of one stack and the fragments: one line each."""
    found = []
    for sentence in sorted(of_stack):
        by_proof = [fragment for fragment in proofs if fragment in sentence]
        by_advice = [fragment for fragment in advised if fragment in sentence]
        if not by_proof and not by_advice:
            found.append(f"neither proved nor advice: {sentence}")
        if by_proof and by_advice:
            found.append(f"proved, and yet listed as advice: {sentence}")
    for fragment in [*proofs, *advised]:
        if len(hits := [sentence for sentence in of_stack if fragment in sentence]) > 1:
            found.append(f"{fragment!r} occurs in {len(hits)} sentences: {hits}")
    return found


def figures(of_stacks: Mapping[str, set[str]]) -> list[str]:
    """Rows of a Markdown table: stack, sentences, proved, advice."""
    rows = ["| stack | sentences | executed | advice |", "| --- | --- | --- | --- |"]
    for stack, of_stack in of_stacks.items():
        executed = sum(any(fragment in sentence for fragment in proved()) for sentence in of_stack)
        rows.append(f"| `{stack}` | {len(of_stack)} | {executed} | {len(of_stack) - executed} |")
    return rows


if __name__ == "__main__":
    print("\n".join(figures(spoken(ROOT))))
