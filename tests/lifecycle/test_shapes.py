"""What is said of a repository that is adopted, held against its files: tests/lifecycle/shapes.yml says all that may be said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import copier._main
import pytest
import yaml
from conftest import generated

SHAPES = yaml.safe_load((Path(__file__).parent / "shapes.yml").read_text(encoding="utf-8"))
FROM_SOURCE = {"api", "database", "security", "operations"}


def expression(glob: str) -> re.Pattern[str]:
    """A glob of the answers, by the client's rules, as a regular expression."""
    glob = re.escape(glob)
    for written, meant in {r"\*\*/": "(?:.+/)?", r"\*\*": ".*", r"\*": "[^/]*", r"\{": "(?:", r"\}": ")", ",": "|"}.items():
        glob = glob.replace(written, meant)
    return re.compile(glob)


def reached(globs: list[str], files: list[str]) -> set[str]:
    return {file for file in files for glob in globs if expression(glob).fullmatch(file)}


@pytest.fixture(scope="module", params=SHAPES)
def adopted(request, template, tmp_path_factory):
    """A shape, its files, and what an adoption by defaults added to them."""
    shape = SHAPES[request.param]
    folder = tmp_path_factory.mktemp("shape") / "service"
    before = dict.fromkeys(shape["files"], "") | shape.get("texts", {})
    for name, text in before.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with copier._main.Worker(str(template), folder, defaults=True, quiet=True) as worker:
        worker.run_copy()
        known = worker.answers.combined
    added = {name: text for name, text in generated(folder).items() if name not in before}
    return shape, list(before), added, known


def test_answers_and_commands_are_what_the_files_show(adopted):
    shape, _, added, _ = adopted
    answers = yaml.safe_load(added[".copier-answers.yml"])
    assert {key: answers.get(key) for key in shape["answers"]} == shape["answers"]
    assert json.loads(added[".claude/hooks/project.json"])["commands"] == shape["commands"]


def test_nothing_without_a_sign_is_named(adopted):
    shape, _, added, _ = adopted
    memory = added["CLAUDE.md"] + added[".claude/agents/backend-developer.md"]
    assert [word for word in shape["silent"] if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", memory, re.IGNORECASE)] == []


def test_what_was_not_read_is_known(adopted):
    shape, _, _, known = adopted
    assert known["there"]["unread"] == shape.get("unread", [])


def test_paths_are_there_and_rules_reach_the_source(adopted):
    shape, files, added, _ = adopted
    rules = {Path(name).stem: yaml.safe_load(text.split("---\n")[1])["paths"] for name, text in added.items() if name.startswith(".claude/rules/")}
    for rule in {"framework", "tests", "migrations"} & set(rules):
        assert shape["share"] == 0 or reached(rules[rule], files), f"{rule}.md is for no file"
    source = reached(rules["framework"], files) - reached(rules.get("tests", []) + rules.get("migrations", []), files)
    loads = {file: {rule for rule in rules if reached(rules[rule], [file])} for file in source}
    assert not [file for file, those in loads.items() if those >= FROM_SOURCE], "one file gets all rules"
    with_a_rule = [file for file, those in loads.items() if those - {"framework"}]
    assert len(with_a_rule) >= shape["share"] * len(source), f"only {sorted(with_a_rule)} of {sorted(source)} get a rule"
    apart = [file for file in files if file.startswith(("frontend/", "apps/web/"))]
    assert not reached([glob for globs in rules.values() for glob in globs], apart), "a rule of the service reaches what is beside it"
