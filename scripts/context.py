"""Write docs/context.md: how many characters of ours Claude Code loads, at the start and with each kind of file.

`uv run python scripts/context.py`. Which rules load with a file follows from their globs; tests/content/test_loading.py holds
the table of files, and lets the real client confirm it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "hooks"), str(ROOT / "tests"), *map(str, (ROOT / "tests").glob("*/"))]

import checks  # noqa: E402
import matrix  # noqa: E402
from conftest import files_of, plain_copy  # noqa: E402
from test_loading import EVERYTHING, PLAIN, TABLE, answers, loaded, reach  # noqa: E402

PAGE = ROOT / "docs" / "context.md"
AGENT = ".claude/agents/backend-developer.md"
HEAD = f"""# Context cost

How many characters of ours are in Claude's context; as a rule of thumb, four characters are a token. `uv run python scripts/context.py` writes this page from what the template generates.

- **Each session**: `CLAUDE.md` and the agent's description. Both load once.
- **Each start of the agent**: its own text, in its own context, beside `CLAUDE.md`.
- **With a file**: the rules whose globs match it, once a session each, when Claude reads the file. Nothing is for every file.
- **Not at all**: `.claude/settings.json` and the hooks, which the client reads and runs. A hook adds text only where it refuses, asks or demands a test.

No file loads more than {PLAIN:,} characters of rules without features, {EVERYTHING:,} with all eight; a test holds that.
"""


def row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


def page(template: Path) -> str:
    starts, tables = [], []
    for stack in matrix.STACKS:
        sizes = {}
        for features in ((), checks.FEATURES):
            files = files_of(template, **answers(stack, features=list(features)))
            rules = reach(files)
            head, body = checks.frontmatter(files[AGENT])
            sizes[bool(features)] = (len(files["CLAUDE.md"]), len(head["description"]), len(body)), {
                kind: loaded(rules, entry["file"]) for kind, entry in TABLE[stack].items()
            }
        (plain, kinds), (full, kinds_full) = sizes[False], sizes[True]
        starts.append(row(f"`{stack}`", *(f"{one:,} to {all_:,}" if one != all_ else one for one, all_ in zip(plain, full, strict=True))))
        rows = [row(kind, f"`{TABLE[stack][kind]['file']}`", ", ".join(rules), sum(rules.values()), sum(kinds_full[kind].values())) for kind, rules in kinds.items()]
        tables.append("\n".join([f"## {stack}\n", "| kind | for example | rules | characters | with all features |", "| --- | --- | --- | --- | --- |", *rows]))
    start = ["## At the start", "", "Without features, to all eight:", "", "| stack | CLAUDE.md | agent's description | agent |", "| --- | --- | --- | --- |", *starts]
    return "\n".join([HEAD, *start]) + "\n\n" + "\n\n".join(tables) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(page(plain_copy(Path(scratch))), encoding="utf-8")
