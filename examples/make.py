"""Write examples/<stack>.md: every file that comes out, one page a stack, to read in a browser.

`uv run python examples/make.py` writes the pages. They are pages, not trees, because Claude Code would load
the CLAUDE.md and rules of a tree into the session of whoever reads a file of it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import copier
import yaml

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("django-mysql", "django-postgres", "nestjs-prisma", "fastapi-postgres", "generic")


def answers(stack: str) -> dict[str, Any]:
    """The answers of a page, from tests/answers/<stack>.yml."""
    return dict(yaml.safe_load((ROOT / "tests" / "answers" / f"{stack}.yml").read_text(encoding="utf-8")))


def page(stack: str, template: Path = ROOT) -> str:
    """Generate from `template` with the stack's answers, and return the result as one Markdown page."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "orders-api"
        copier.run_copy(str(template), folder, data=answers(stack), defaults=True, quiet=True)
        files = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in sorted(folder.rglob("*")) if p.is_file()}
    files[".copier-answers.yml"] = re.sub(r"(?m)^_(commit|src_path): .*\n", "", files[".copier-answers.yml"])
    parts = [f"# {stack}\n\nEvery file that comes out of [these answers](../tests/answers/{stack}.yml).\n"]
    for path, text in files.items():
        if path.startswith(".claude/hooks/") and path.endswith(".py"):
            program = Path(path).name
            parts.append(f"\n## `{path}`\n\n[hooks/{program}](../hooks/{program}), as it is.\n")
            continue
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        parts.append(f"\n## `{path}`\n\n{fence}{path.rpartition('.')[2]}\n{text}{fence}\n")
    return "".join(parts)


if __name__ == "__main__":
    for name in STACKS:
        (ROOT / "examples" / f"{name}.md").write_text(page(name), encoding="utf-8")
