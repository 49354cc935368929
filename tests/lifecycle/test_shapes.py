"""What is said of a repository that is adopted, held against its files: tests/lifecycle/shapes.yml says all that may be said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import checks
import copier._main
import pytest
import yaml
from conftest import generated, write_files
from guard_files import matcher

SHAPES = yaml.safe_load((Path(__file__).parent / "shapes.yml").read_text(encoding="utf-8"))
FROM_SOURCE = {"api", "database", "security", "operations"}

Adopted = tuple[dict[str, Any], list[str], dict[str, str], Mapping[str, Any]]  # of the fixture `adopted`


@pytest.fixture(scope="module", params=SHAPES)
def adopted(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Adopted:
    """A shape, its files, and what an adoption by defaults added to them."""
    shape = SHAPES[request.param]
    folder = tmp_path_factory.mktemp("shape") / "service"
    before = dict.fromkeys(shape["files"], "") | shape.get("texts", {})
    write_files(folder, before)
    with copier._main.Worker(str(template), folder, defaults=True, quiet=True) as worker:
        worker.run_copy()
        known = worker.answers.combined
    added = {name: text for name, text in generated(folder).items() if name not in before}
    return shape, list(before), added, known


def test_answers_and_commands_are_what_the_files_show(adopted: Adopted) -> None:
    shape, _, added, _ = adopted
    answers = yaml.safe_load(added[".copier-answers.yml"])
    assert {key: answers.get(key) for key in shape["answers"]} == shape["answers"]
    assert json.loads(added[".claude/hooks/project.json"])["commands"] == shape["commands"]


def test_nothing_without_a_sign_is_named(adopted: Adopted) -> None:
    shape, _, added, _ = adopted
    memory = added["CLAUDE.md"] + added[".claude/agents/backend-developer.md"]
    assert [word for word in shape["silent"] if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", memory, re.IGNORECASE)] == []


def test_a_service_in_a_folder_says_where_the_client_starts(adopted: Adopted) -> None:
    shape, _, added, _ = adopted
    home = re.match(r"cd ([\w./-]+) &&", shape["commands"].get("install", ""))
    said = re.search(r"start Claude Code there: in `([^`]+)/` neither its settings nor its hooks load", added["CLAUDE.md"])
    assert (said and said[1]) == (home and home[1])


def test_what_was_not_read_is_known(adopted: Adopted) -> None:
    shape, _, _, known = adopted
    assert known["there"]["unread"] == shape.get("unread", [])


def test_paths_are_there_and_rules_reach_the_source(adopted: Adopted) -> None:
    shape, files, added, _ = adopted
    reached = {
        Path(name).stem: set(filter(matcher(checks.frontmatter(text)[0]["paths"]), files)) for name, text in added.items() if name.startswith(".claude/rules/")
    }
    for rule in {"framework", "tests", "migrations"} & set(reached):
        assert shape["share"] == 0 or reached[rule], f"{rule}.md is for no file"
    source = reached["framework"] - reached.get("tests", set()) - reached.get("migrations", set())
    loads = {file: {rule for rule in reached if file in reached[rule]} for file in source}
    assert not [file for file, those in loads.items() if those >= FROM_SOURCE], "one file gets all rules"
    with_a_rule = [file for file, those in loads.items() if those - {"framework"}]
    assert len(with_a_rule) >= shape["share"] * len(source), f"only {sorted(with_a_rule)} of {sorted(source)} get a rule"
    apart = {file for file in files if file.startswith(("frontend/", "apps/web/"))}
    assert not apart & set().union(*reached.values()), "a rule of the service reaches what is beside it"
