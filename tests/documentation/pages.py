"""README and docs as data: their blocks, and the words they set as code."""

from __future__ import annotations

import re

from conftest import ROOT

PAGES = ("README.md", "CONTRIBUTING.md", "proofs/README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
FENCE = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def fenced(page: str) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return [(language, block) for language, block in FENCE.findall(text(page))]


def blocks(page: str) -> list[str]:
    """The shell commands of a page."""
    return [block.strip() for language, block in fenced(page) if language == "bash"]


def spans(page: str) -> set[str]:
    """What a page sets as code within a sentence, quotations of the template left out."""
    prose = FENCE.sub("", re.sub(r"(?s)<!-- excerpt.*?/excerpt -->", "", text(page)))
    return set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose))


ADDRESS: str = re.findall(r"https://\S+?\.git", text("README.md"))[0]
