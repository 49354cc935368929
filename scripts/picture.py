"""Draw docs/prompts.svg: what a person sees of `copier copy`.

`uv run python scripts/picture.py` runs Copier in a pseudo-terminal, answers up to the last prompt and draws the screen
as it then is. Run it after a change of the questions: tests/documentation/test_docs.py compares the picture with a run of its own.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pexpect
import pyte
import yaml
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), *map(str, (ROOT / "tests").glob("*/"))]

from conftest import plain_copy  # noqa: E402
from pages import ADDRESS, blocks  # noqa: E402

PICTURE = ROOT / "docs" / "prompts.svg"
COLUMNS, LINES = 96, 40
COMMAND = blocks("README.md")[0].removeprefix("uvx ")
ENTER, SPACE = "\r", " "
KEYS = {"features": SPACE + ENTER}  # the first feature; every other prompt keeps its default
LAST = "permissions"
# rich's own frame, without the font that it would load from another host.
FRAME = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S).replace("Fira Code", "ui-monospace")


class Terminal(pyte.Screen):
    """A screen that a program writes to, and that tells it where the cursor is."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        super().__init__(COLUMNS, LINES)
        self.child = child
        self.stream = pyte.Stream(self)

    def write_process_input(self, data: str) -> None:
        self.child.send(data)

    def shows(self, condition: Callable[[str], object]) -> None:
        """Take what the program writes, until `condition` holds for the screen's text and it writes no more."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                self.stream.feed(self.child.read_nonblocking(4096, timeout=0.3))
            except pexpect.TIMEOUT:
                if condition(text(self)):
                    return
        raise TimeoutError(text(self))


def text(screen: pyte.Screen) -> str:
    # A wide character takes two cells, of which the second is empty.
    rows = ("".join(screen.buffer[row][column].data for column in range(COLUMNS)).rstrip() for row in range(LINES))
    return "\n".join(rows).rstrip()


def is_asked(question: dict[str, Any], seen: str) -> bool:
    """Whether its prompt is on the screen: what its text has besides Jinja."""
    parts = (part.strip() for part in re.split(r"\{[{%].*?[}%]\}", question.get("help", "")))
    return all(part in seen for part in parts) and question.get("when") is not False


def holds(labels: Iterable[str], seen: str) -> bool:
    return all(label in seen for label in labels)


def run() -> Terminal:
    """The terminal at the prompt LAST."""
    files = [yaml.safe_load((ROOT / "questions" / f"{name}.yml").read_text(encoding="utf-8")) for name in ("project", "commands", "agent")]
    waiting = {name: question for file in files for name, question in file.items()}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        template = plain_copy(folder / "template")
        command = COMMAND.replace(ADDRESS, str(template)).split()
        (folder / "home").mkdir()
        child = pexpect.spawn(
            sys.executable,
            ["-m", *command],
            cwd=folder / "home",
            env=os.environ | {"TERM": "xterm-256color"},
            dimensions=(LINES, COLUMNS),
            encoding="utf-8",
        )
        terminal = Terminal(child)
        try:
            while True:
                terminal.shows(lambda seen: any(is_asked(question, seen) for question in waiting.values()))
                name = next(name for name, question in waiting.items() if is_asked(question, text(terminal)))
                question = waiting.pop(name)
                if name == LAST:
                    terminal.shows(partial(holds, question["choices"]))
                    return terminal
                child.send(KEYS.get(name, ENTER))
        finally:
            child.close(force=True)


def drawn(screen: pyte.Screen) -> str:
    """The screen as SVG, below the command that was typed."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ uvx {COMMAND}", style="bold"))
    for row in range(text(screen).count("\n") + 1):
        line = Text()
        for style, cells in groupby((screen.buffer[row][column] for column in range(COLUMNS)), key=style_of):
            line.append("".join(cell.data for cell in cells), style)
        line.rstrip()
        console.print(line, no_wrap=True)
    return console.export_svg(title="", code_format=FRAME, unique_id="prompts")


def style_of(cell: pyte.screens.Char) -> Style:
    def color(name: str) -> str | None:
        return None if name == "default" else f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else {"brown": "yellow"}.get(name, name)

    return Style(color=color(cell.fg), bgcolor=color(cell.bg), bold=cell.bold, italic=cell.italics, underline=cell.underscore, reverse=cell.reverse)


def text_of(svg: str) -> str:
    """What is written in a picture, line by line."""
    rows: dict[float, dict[float, str]] = {}
    for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "clip-path" in element.attrib:
            rows.setdefault(float(element.attrib["y"]), {})[float(element.attrib["x"])] = (element.text or "").replace("\N{NO-BREAK SPACE}", " ")
    return "\n".join("".join(row[x] for x in sorted(row)).rstrip() for _, row in sorted(rows.items()))


if __name__ == "__main__":
    PICTURE.write_text(drawn(run()), encoding="utf-8")
