"""`@proves("…", …)` above a test: the sentences of the rules that it executes, each by a fragment of its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def proves(*fragments: str) -> Callable[[Test], Test]:
    """Names what a test proves; tests/content/test_proofs.py reads it from the source and holds it against the rules."""
    return lambda test: test
