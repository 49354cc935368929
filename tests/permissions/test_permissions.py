"""settings.json as text: which rules each level holds. What the client makes of them is proven where it is driven."""

import json
from typing import Any

import matrix
import pytest
from checks import SETTINGS, commands_of
from conftest import Render

WITH_SHELL = ("standard", "sandboxed", "full", "custom")


def permissions(render: Render, **answers: object) -> dict[str, Any]:
    return dict(json.loads(render(**answers)[SETTINGS])["permissions"])


@pytest.mark.parametrize("stack", matrix.STACKS)
@pytest.mark.parametrize("level", matrix.LEVELS)
def test_levels_follow_the_table(render: Render, stack: str, level: str) -> None:
    answers = {"stack": stack, "permissions": level, **(matrix.GO if stack == "generic" else {})}
    rules = permissions(render, **answers)
    assert ("Edit(/**)" in rules["allow"]) == (level != "read-only")
    migrate = commands_of(render(**answers)["CLAUDE.md"])["apply migrations"]
    free = [rule for rule in rules["allow"] if rule.startswith("Bash(")]
    assert bool(free) == (level == "full"), "what runs unasked is guard.py's to say"
    assert (f"Bash({migrate})" in rules["ask"]) == (level != "full")
    assert ("Bash(git commit *)" in rules["allow"]) == (level == "full")
    assert ("Bash(git commit *)" in rules["ask"]) == (level != "full")


@pytest.mark.parametrize("stack", matrix.STACKS)
def test_guard_knows_the_level_and_what_runs_unasked(render: Render, stack: str) -> None:
    for level in WITH_SHELL:
        answers = {"stack": stack, "permissions": level, **(matrix.GO if stack == "generic" else {})}
        facts = json.loads(render(**answers)[".claude/hooks/project.json"])
        assert facts["permissions"] == level and ("migrate" in facts["free"]) == (level == "full")
        assert {"test", "lint", "install"} <= set(facts["free"]) and "load_test" not in facts["free"]
        assert {"git status", "git diff", "cat", "grep"} <= set(facts["programs"])


def test_a_project_described_by_hand_has_the_options_of_its_own_tools(render: Render) -> None:
    facts = json.loads(render(**matrix.GO)[".claude/hooks/project.json"])
    assert {"go test", "go vet", "golangci-lint run", "gofmt"} <= set(facts["programs"])
    assert not {"pytest", "npm test", "cargo test"} & set(facts["programs"])
    rust = matrix.GO | {"commands": {"test": "cargo test"}}
    assert "cargo clippy" in json.loads(render(**rust)[".claude/hooks/project.json"])["programs"]


@pytest.mark.parametrize("level", matrix.LEVELS)
def test_secrets_and_discarded_work_are_denied_at_every_level(render: Render, level: str) -> None:
    rules = permissions(render, permissions=level)
    for secret in ("**/.env", "**/.env.local", "**/.env.production", "**/*.pem", "**/*.key", "**/id_rsa", "/secrets/**"):
        assert {f"Read({secret})", f"Edit({secret})"} <= set(rules["deny"])
    assert not [rule for rule in rules["deny"] if "example" in rule or ".env.*)" in rule]
    assert {"Bash(git reset *--hard*)", "Bash(git push *--force*)", "Bash(git -* push *--force*)"} <= set(rules["deny"])
    assert {"Edit(/.claude/settings*.json)", "Edit(/.claude/hooks/**)", "Edit(/.github/**)", "Edit(/.travis.yml)", "Edit(/.copier-answers.yml)"} <= set(rules["ask"])


def test_lists_end_in_two_entries_that_never_change(render: Render) -> None:
    """A person's entry before them and ours merge; with one fixed entry they would conflict."""
    ends = set()
    for level in matrix.LEVELS:
        for stack in matrix.STACKS:
            rules = permissions(render, stack=stack, permissions=level, extra_ask=["Bash(a)"], extra_deny=["Bash(b)"], extra_allow=["Bash(c)"])
            ends.add(tuple(tuple(rules[kind][-2:]) for kind in ("allow", "ask", "deny")))
    assert len(ends) == 1


def test_extra_rules_are_there(render: Render) -> None:
    extra = {"extra_allow": ["Bash(make docs)"], "extra_ask": ["Bash(make deploy *)"], "extra_deny": ["Read(./private/**)"]}
    rules = permissions(render, **extra)
    assert all(rule in rules[kind.removeprefix("extra_")] for kind, (rule,) in extra.items())


def test_a_key_of_ones_own_asks(render: Render) -> None:
    rules = permissions(render, stack="generic", commands={"test": "go test ./...", "load_test": "k6 run load.js"})
    assert "Bash(k6 run load.js *)" in rules["ask"]
    assert not [rule for rule in rules["allow"] if "k6" in rule]


def test_a_free_command_is_not_asked_by_name(render: Render) -> None:
    """`docker compose run *` asks for everyone else; here it would win over guard.py."""
    answers = {"stack": "generic", "commands": {"test": "docker compose run web pytest"}}
    assert "Bash(docker compose run *)" not in permissions(render, **answers)["ask"]
    assert "Bash(docker compose run *)" in permissions(render, stack="generic", commands={"test": "make test"})["ask"]


def test_not_secret_is_known_to_all(render: Render) -> None:
    files = render(not_secret=["tests/fixtures/public.pem"])
    denied = json.loads(files[SETTINGS])["permissions"]["deny"]
    assert "Read(**/*.pem)" not in denied and "Read(**/*.key)" in denied
    assert json.loads(files[".claude/hooks/project.json"])["not_secret"] == ["tests/fixtures/public.pem"]


def test_sandboxed_fails_closed_and_lets_the_projects_commands_out(render: Render) -> None:
    settings = json.loads(render(stack="fastapi-postgres", permissions="sandboxed")[SETTINGS])
    sandbox = settings["sandbox"]
    assert sandbox["enabled"] and sandbox["failIfUnavailable"] and not sandbox["allowUnsandboxedCommands"]
    assert {"uv run pytest *", "uv run alembic upgrade head", "uv sync", "git *"} <= set(sandbox["excludedCommands"])
    assert {"~/.ssh", "~/.netrc", "~/.pgpass", "~/.git-credentials"} <= set(sandbox["filesystem"]["denyRead"])
    assert {"./.github", "./.copier-answers.yml", "~/.claude/settings*.json"} <= set(sandbox["filesystem"]["denyWrite"])
    assert "sandbox" not in json.loads(render(permissions="standard")[SETTINGS])
