"""The pages under examples/ are equal to a fresh copy."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "examples"))
import make


@pytest.mark.parametrize("stack", make.STACKS)
def test_page_is_fresh(stack: str, template: Path) -> None:
    written = (ROOT / "examples" / f"{stack}.md").read_text(encoding="utf-8")
    assert written == make.page(stack, template), "run `uv run python examples/make.py` and read the difference"
