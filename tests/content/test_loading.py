"""Rules load where the code is: with each kind of file its own, none too heavy, as the real client does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import checks
import client
import matrix
import proof
import pytest
import yaml
from conftest import Render
from guard_files import matcher

TABLE: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "loading.yml").read_text(encoding="utf-8"))
Rules = dict[str, tuple[Callable[[str], object], int]]
# Characters of rules that one source file may pull in.
PLAIN, EVERYTHING = 4_500, 7_000
# Characters of all rules of a stack with every feature: what a strong model does unasked is not said (proofs/*/trial.md).
WHOLE = 13_500
# What a kind of file needs, whatever the stack calls it: queries need the owner filter, calls their timeouts.
NEEDS = {
    "database": ("model", "repository", "selector", "service", "task", "command", "processor", "worker"),
    "security": ("view", "viewset", "controller", "router", "resolver", "handler", "repository", "selector", "service"),
    "operations": ("client of a service", "image", "compose", "override of compose", "main"),
    "api": ("view", "viewset", "controller", "router", "handler", "serializer", "schemas", "DTO"),
    "tests": ("test",),
    "migrations": ("migration",),
}


def answers(stack: str, **more: object) -> dict[str, object]:
    return ({**matrix.GO} if stack == "generic" else {"stack": stack}) | more


def reach(files: checks.Files) -> Rules:
    """{rule: (whether it loads with a path, its characters)}."""
    rules = {Path(path).stem: text for path, text in files.items() if path.startswith(".claude/rules/")}
    return {rule: (matcher(checks.frontmatter(text)[0]["paths"]), len(text)) for rule, text in rules.items()}


def loaded(rules: Rules, file: str) -> dict[str, int]:
    """{rule: characters} of what loads with `file`."""
    return {rule: size for rule, (matches, size) in rules.items() if matches(file)}


def test_every_stack_has_its_table() -> None:
    assert set(TABLE) == set(matrix.STACKS)


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_each_kind_of_file_loads_its_rules(render: Render, stack: str) -> None:
    rules = reach(render(**answers(stack)))
    found = {kind: sorted(loaded(rules, row["file"])) for kind, row in TABLE[stack].items()}
    assert found == {kind: sorted(row["rules"]) for kind, row in TABLE[stack].items()}


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_each_kind_of_file_has_what_it_needs(stack: str) -> None:
    missing = [f"{kind} without {rule}" for rule, kinds in NEEDS.items() for kind in kinds if kind in TABLE[stack] and rule not in TABLE[stack][kind]["rules"]]
    assert not missing


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_no_file_pulls_in_more_than_its_budget(render: Render, stack: str) -> None:
    faults = []
    for features, budget in (([], PLAIN), (list(checks.FEATURES), EVERYTHING)):
        files = render(**answers(stack, features=features))
        rules = reach(files)
        for file in sorted({*files, *(row["file"] for row in TABLE[stack].values())} - set(checks.ours(files))):
            weights = loaded(rules, file)
            if sum(weights.values()) > budget:
                faults.append(f"{file}: {sum(weights.values())} characters of {weights}, budget {budget}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_all_rules_together_stay_short(render: Render, stack: str) -> None:
    sizes = {rule: size for rule, (_, size) in reach(render(**answers(stack, features=list(checks.FEATURES)))).items()}
    assert sum(sizes.values()) <= WHOLE, sizes


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_no_rule_is_for_every_file(render: Render, stack: str) -> None:
    for rule, (matches, _) in reach(render(**answers(stack, features=list(checks.FEATURES)))).items():
        assert not matches("some/unknown/file.xyz"), f"{rule} loads with any file"


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_the_client_loads_them(real_client: None, template: Path, tmp_path: Path, stack: str) -> None:
    repo = proof.generate(template, tmp_path, stack, "standard")
    everything = reach({f".claude/rules/{path.name}": path.read_text(encoding="utf-8") for path in (repo / ".claude/rules").glob("*.md")})
    rows = list(TABLE[stack].values())
    seen = client.run(repo, [client.read(row["file"]) for row in rows])
    known: set[str] = set()  # a rules file is sent once a session
    for at, row in enumerate(rows):
        new = {rule for rule in everything if f"/.claude/rules/{rule}.md:\n" in seen.arrived(at)}
        assert new == set(loaded(everything, row["file"])) - known, row["file"]
        known |= new
    assert known == set(everything)
