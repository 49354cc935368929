"""Plain engineering terms: no word of banned-words.yml in anything that a user or contributor reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Render, listed

BANNED: dict[str, str] = yaml.safe_load((Path(__file__).parent / "banned-words.yml").read_text(encoding="utf-8"))
# Released versions stay as they were, and the list itself names the words.
SKIPPED = ("tests/releases/", "tests/content/banned-words.yml", "tests/content/test_wording.py")
# Terms that readers search for, and one of the answers that must show each.
SEARCHED = {
    "SQL injection": "generic",
    "CQRS": "generic",
    "KISS": "generic",
    "YAGNI": "generic",
    "DRY": "generic",
    "integration test": "generic",
    "end-to-end test": "nestjs-prisma",
    "third-party service": "generic",
    "circuit breaker": "generic",
    "least privilege": "fastapi-postgres",
    "XSS": "generic",
    "SSRF": "generic",
    "OWASP": "generic",
}


def found_in(text: str) -> list[str]:
    """`word: what to write instead` of each banned word in `text`, with its line."""
    faults = []
    for word, instead in BANNED.items():
        for match in re.finditer(rf"(?<![\w-])(?:{word})(?![\w-])", text, re.I):
            faults.append(f"{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}: write {instead}")
    return faults


def tracked() -> list[str]:
    return [name for name in listed(ROOT) if not name.startswith(SKIPPED)]


def test_no_banned_word() -> None:
    faults = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        faults += [f"{name}:{fault}" for fault in found_in(name + "\n" + text)]
    assert not faults, f"{len(faults)} banned words:\n" + "\n".join(faults)


@pytest.mark.parametrize("line", ["Mend it.", "two at once", "a time-out of 5 s", "`rules` stand in a file"])
def test_a_planted_word_is_found(line: str) -> None:
    assert found_in(line)


def test_the_standard_terms_can_be_found(render: Render) -> None:
    files = {stack: render(stack=stack, features=["auth", "event-sourcing", "file-storage", "graphql"]) for stack in sorted(set(SEARCHED.values()))}
    missing = [
        f"{term}: nowhere in {stack}"
        for term, stack in SEARCHED.items()
        if not any(term.lower() in text.lower() for path, text in files[stack].items() if Path(path).suffix == ".md")
    ]
    assert not missing, "\n".join(missing)
