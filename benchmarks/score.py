"""Print how much of tests/permissions/calls.yml holds in the real client: every call, for every stack, level and mode.

`uv run python benchmarks/score.py [STACK | LEVEL | MODE …]` plays what is named, else everything: a line for each as
it is played, then README's table, which adds the stacks up. The client's modes other than the default are played at
every level with a shell; what a mode gives away by calls.yml is counted apart. With `standard` in mode default comes
the friction: how many ordinary calls ask needlessly. Exit 1 if a call did not hold. All of it takes an hour on two cores.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), *map(str, (ROOT / "tests").glob("*/"))]

import client  # noqa: E402
import proof  # noqa: E402
from conftest import plain_copy  # noqa: E402


def played(template: Path, workshop: Path, stack: str, level: str, mode: str) -> tuple[int, int, list[str]]:
    """How many calls held, how many the mode gives away, and those that did not hold."""
    repo = proof.staged(template, workshop, stack, level)
    verdicts = proof.play(repo, level, mode, proof.stand_ins(workshop), proof.entries(repo, stack, level=level))
    missed = [verdict for verdict in verdicts if not verdict.held]
    lost = [str(verdict) for verdict in missed if not proof.given_away(verdict.entry, level, mode)]
    return len(verdicts) - len(missed), len(missed) - len(lost), lost


def rubbed(template: Path, workshop: Path, stack: str) -> tuple[int, list[str], list[str]]:
    """The ordinary calls of one stack at `standard` in mode default: see proof.friction."""
    repo = proof.staged(template, workshop, stack, "standard")
    return proof.friction(repo, stack, proof.stand_ins(workshop))


def cell(held: int, given: int, lost: int) -> str:
    """One cell of README's table."""
    return f"{held:,} of {held + given + lost:,}" + (f", {given} allowed" if given else "")


def main(named: set[str]) -> int:
    stacks, levels, modes = ([name for name in names if name in named] or names for names in (proof.STACKS, proof.LEVELS, proof.MODES))
    combinations = [
        (stack, level, mode)
        for stack in stacks
        for level in levels
        for mode in (modes if level in proof.SHELL_LEVELS else proof.MODES[:1])
    ]
    totals: dict[tuple[str, str], Counter[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        template, workshop = plain_copy(Path(scratch) / "template"), Path(scratch) / "w"
        workshop.mkdir()
        proof.stand_ins(workshop)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda combination: played(template, workshop, *combination), combinations)
            for (stack, level, mode), (held, given, lost) in zip(combinations, results, strict=True):
                print(f"{stack:18}{level:11}{mode:19}{cell(held, given, len(lost))}", *(f"\n    {what}" for what in lost), flush=True)
                totals.setdefault((level, mode), Counter()).update(held=held, given=given, lost=len(lost))
        print("\nOrdinary calls at `standard`, mode default:")
        for stack in stacks if ("standard", "default") in totals else ():
            calls, needless, ran = rubbed(template, workshop, stack)
            limits = [entry.text for kind, entry in proof.ordinary(stack) if kind == "limit" and entry.text in needless]
            ours = [text for text in needless if text not in limits]
            print(f"{stack:18}{calls} calls, {len(needless)} needless questions ({len(needless) / calls:.0%}), {len(limits)} of them limits")
            for text in ours + [f"ran, and should have asked: {text}" for text in ran]:
                print(f"    {text}")
    print(f"\nClaude Code {client.VERSION}\n")
    print(f"| level | {' | '.join(f'`{mode}`' for mode in proof.MODES)} |\n|{' --- |' * (len(proof.MODES) + 1)}")
    for level in proof.LEVELS:
        cells = [cell(**totals[level, mode]) if (level, mode) in totals else "–" for mode in proof.MODES]
        print(f"| `{level}` | {' | '.join(cells)} |")
    return int(any(total["lost"] for total in totals.values()))


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
