"""Hostile answers: files stay valid, text comes out as typed, and no command opens a permission that is not its own.

Hypothesis draws the same examples each time; HOSTILE=50 draws fifty times as many, and others each time.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import checks
import copier
import jinja2
import matrix
import pytest
import yaml
from checks import Answers
from conftest import Render, files_of, git
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from test_guard import judging

MORE = int(os.environ.get("HOSTILE", "0"))


def examples(count: int) -> settings:
    """Settings of a property that is tried `count` times."""
    return settings(
        max_examples=count * max(1, MORE),
        derandomize=not MORE,
        database=None,
        phases=list(Phase) if MORE else [Phase.explicit, Phase.generate],  # shrinking renders hundreds of copies
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# --- text ---

FRAGMENTS = [
    '"', "'", "`", "``", "```", ":", ": ", " #", "# ", "## Commands", "## Notes of this project", "---", "- ", "* ",
    "{{ 1 + 1 }}", "{{", "}}", "{% raw %}", "{% if x %}", "%}", "{#", "#}", "{", "}", "[", "]", "\\", "\\n", "\\u0041",
    "<!--", "-->", "</x>", "<b>", "@path", "@~/.ssh/id_rsa", "!tag", "&a", "*a", "%", "| ", "> ", "? ", ",", ";",
    "true", "False", "no", "null", "~", "1e3", "0x1f", "1_000", "12:30:00", "2024-01-01", ".inf", "=", "<<",
    "😀", "👩‍👩‍👧", "e\u0301", "\u200f", "\u202e", "\u200b", "\u00a0", "ß", "İ", "漢字", " ", "  ",
]  # fmt: skip
LETTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")


def text(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    """One line of hostile text that the questions accept."""
    pieces = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(LETTERS, max_size=4)), min_size=shortest, max_size=12)
    line = st.one_of(pieces.map("".join), st.sampled_from(FRAGMENTS).map(lambda piece: piece * longest))
    line = line.map(lambda drawn: drawn[:longest]).filter(lambda drawn: not drawn.strip().startswith("<!--"))
    return line.filter(lambda drawn: drawn.strip()) if shortest else line


OWN_KEYS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
    st.sampled_from(["items", "keys", "get", "pop", "update", "copy", "clear", "null", "true", "yes", "no", "on", "y"]),
)
MAPS = st.fixed_dictionaries(
    {
        "commands": st.dictionaries(st.one_of(st.sampled_from(checks.COMMANDS), OWN_KEYS), text(300, 0), max_size=6),
        "paths": st.fixed_dictionaries(
            {"source": st.lists(text(60), min_size=1, max_size=3)},
            optional={name: st.lists(text(60), max_size=3) for name in ("tests", "migrations")},
        ),
    }
)
# Rules of one's own may hold anything; ours are left alone by a prefix that none of ours has.
RULES = st.lists(text(60).map(lambda drawn: f"Bash(own {drawn})"), max_size=3, unique=True)
ANSWERS = st.fixed_dictionaries(
    {
        "project_name": text(100),
        "project_description": text(300),
        "language": text(40),
        "framework": text(40, 0),
        "database": text(40, 0),
        "extra_allow": RULES,
        "extra_ask": RULES,
        "extra_deny": RULES,
        "agents_md": st.booleans(),
    }
)


@pytest.fixture(scope="module")
def rendered(template: Path) -> Callable[..., dict[str, str]]:
    """As `render`, for a property: one fixture, many copies."""
    return functools.partial(files_of, template)


LONGEST = {"project_name": "n" * 100, "project_description": "d" * 300} | dict.fromkeys(("language", "framework", "database"), "é" * 40)
EMPTY = {"extra_allow": [], "extra_ask": [], "extra_deny": [], "agents_md": False}
TINY = {"commands": {"t" * 40: "c" * 300, "test": "`", "items": "``x` ``y", "pop_up": "x"}, "paths": {"source": ["s" * 300], "tests": [], "migrations": ["m", "m", "M"]}}


@examples(25)
@example(answers=LONGEST | EMPTY, maps=TINY, feature="auth", level="full")
@example(answers=LONGEST | EMPTY, maps=TINY, feature="auth", level="sandboxed")
@given(answers=ANSWERS, maps=MAPS, feature=st.sampled_from(checks.FEATURES), level=st.sampled_from(matrix.LEVELS))
def test_files_stay_valid_and_text_comes_out_as_typed(rendered: Render, answers: Answers, maps: Answers, feature: str, level: str) -> None:
    answers = answers | maps | {"stack": "generic", "features": [feature], "permissions": level}
    files = rendered(**answers)
    assert not checks.findings(files, answers)

    stored = yaml.safe_load(files[".copier-answers.yml"])
    assert {name: stored[name] for name in answers if name in stored} == answers

    memory = files[checks.memory_path(stored)]
    head = f"# {answers['project_name'].strip()}\n\n{answers['project_description'].strip()}\n"
    assert memory.startswith(head)
    shown = checks.commands_of(memory[len(head) - 1 :])
    ordered = [(key, command) for key, command in in_order(answers["commands"]) if command.strip()]
    assert list(shown.values()) == [command.strip() for _, command in ordered]
    own = [key.replace("_", " ") for key, _ in ordered if key not in checks.COMMANDS]
    assert list(shown)[len(shown) - len(own) :] == own
    globs = checks.frontmatter(files[".claude/rules/framework.md"])[0]["paths"]
    assert globs[: len(answers["paths"]["source"])] == answers["paths"]["source"]
    described = checks.frontmatter(files[checks.AGENT])[0]["description"]
    for name in ("language", "framework", "database"):
        assert answers[name].strip() in described
    permissions = json.loads(files[checks.SETTINGS])["permissions"]
    for kind in ("allow", "ask", "deny"):
        assert [rule for rule in permissions[kind] if rule.startswith("Bash(own ")] == answers[f"extra_{kind}"]


def in_order(commands: dict[str, str]) -> list[tuple[str, str]]:
    """The commands as CLAUDE.md lists them: known keys first, in their order, then one's own by name."""
    known = [key for key in checks.COMMANDS if key in commands]
    return [(key, commands[key]) for key in [*known, *sorted(key for key in commands if key not in known)]]


# --- commands: which calls run unasked because of what the person typed ---


@pytest.fixture(scope="module")
def verdict(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], str]]:
    """What guard.py says to a call, in a project whose only command is another one; every program's options are known."""
    folder = tmp_path_factory.mktemp("hostile")
    copier.run_copy(str(template), folder, data={"stack": "generic", "commands": {"test": "x"}}, defaults=True, quiet=True)
    git(folder, "init", "-q")
    facts = json.loads((folder / ".claude/hooks/project.json").read_text())
    for path in sorted((template / "template/facts/options").glob("*.yml")):
        text = jinja2.Template(path.read_text(encoding="utf-8"), trim_blocks=True, lstrip_blocks=True).render()
        facts["programs"] |= yaml.safe_load(text)
    with judging(folder) as judge:
        guard = sys.modules["guard"]
        project = guard.Project(str(folder), facts)

        def _verdict(own: str, command: str) -> str:
            given = facts | {"commands": {"test": own}, "free": ["test"]}
            call = {"tool_name": "Bash", "tool_input": {"command": command}, "cwd": str(folder), "permission_mode": "default"}
            return str(guard.judge(call, project, given)[0])

        assert judge("echo x")[0] == "free"
        yield _verdict


# What people answer, of every ecosystem.
COMMANDS = [
    "go test ./...",
    "go test ./... -run NAME",
    "go run ./cmd/api",
    "go vet ./... && staticcheck ./...",
    "golangci-lint run",
    "gofmt -w .",
    "CGO_ENABLED=0 go test ./...",
    "cargo test",
    "cargo test NAME",
    "cargo +nightly fmt",
    "cargo clippy --all-targets -- -D warnings",
    "cargo run",
    "sqlx migrate add NAME",
    "./mvnw test",
    "./mvnw test -Dtest=NAME",
    "./gradlew test --tests NAME",
    "./gradlew spotlessApply",
    "java -jar app.jar",
    "bundle exec rspec",
    "bundle exec rspec PATH",
    "bundle exec rake test",
    "bin/rails db:test:prepare",
    "php artisan test --filter=NAME",
    "vendor/bin/phpunit",
    "php -d memory_limit=-1 vendor/bin/phpstan",
    "composer test",
    "mix format --check-formatted",
    "mix ecto.gen.migration NAME",
    "dotnet test --filter NAME",
    "dotnet ef migrations add NAME",
    "npm test",
    "npm test -- -t NAME",
    "npm run lint && npm run typecheck",
    "npx --yes jest",
    "npx prisma migrate dev --name NAME",
    "NODE_ENV=test npx jest",
    "pnpm --filter api test",
    "yarn workspace api test",
    "node --test tests/",
    "dotenv -e .env.test -- jest",
    "uv run pytest",
    "uv run --with httpx pytest",
    "uv run python -m pytest",
    "poetry run pytest PATH::NAME",
    ".venv/bin/pytest -k NAME",
    "python manage.py makemigrations --check",
    'alembic revision --autogenerate -m "NAME"',
    'alembic revision -m "add NAME"',
    'pytest -m "not slow"',
    "DATABASE_URL=sqlite:// pytest",
    "docker compose up -d --wait",
    "docker compose run --rm app pytest",
    "docker compose exec -T -e CI=1 app pytest",
    "timeout 60 pytest",
    "cd api && go test ./...",
    "make test",
    "make test ARGS=NAME",
    "just lint",
    "npm run",
    "docker compose exec app",
    "go test ./... | tee out.txt",
    "rm -rf dist && npm run build",
    "npm run generate && git diff --exit-code HEAD",
]
# A word in capitals is filled in, unless it would be the program or the task.
OPEN = ["make NAME", "npm run test:NAME", "uv run ./NAME", "./NAME", "CI=1 scripts/NAME", "TOKEN=NAME make", "bash -c NAME",
        "docker compose run --rm app NAME", "python3 NAME", "uv run python -c NAME", "python manage.py NAME", "npx --yes NAME"]  # fmt: skip


def fill(command: str, word: str) -> str:
    return re.sub(r"NAME|PATH", word, command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs_as_written_and_opens_nothing_else(verdict: Callable[[str, str], str], command: str) -> None:
    assert verdict(command, command) == verdict(command, fill(command, "x")) == "free"
    assert [other for other in FOREIGN if verdict(command, other) == "free"] == []


@pytest.mark.parametrize("command", OPEN)
def test_a_word_in_capitals_names_no_program(verdict: Callable[[str, str], str], command: str) -> None:
    assert verdict(command, fill(command, "evil")) != "free"


@pytest.mark.parametrize("command", ["python3 -", "bash", "sh", "node", "python manage.py shell", "psql"])
def test_nothing_is_fed_to_a_command(verdict: Callable[[str, str], str], command: str) -> None:
    assert verdict(command, f"echo x | {command}") != "free"


# What runs whatever follows it, written down here by hand.
RUNNERS = """
make|make -j4|make V=1|make -C api|gmake|just|task|rake|bundle exec|bundle exec rake|mvn|./mvnw -q|./gradlew|./gradlew --no-daemon|ant|sbt
npm run|npm run --silent|npm -w api run|npm --prefix api run|npm exec|npm exec --|npm exec --package=x --|npx|npx --yes|npx -p x|npx --
pnpm|pnpm exec|pnpm dlx|pnpm -C api|pnpm --filter api exec|yarn|yarn run|yarn dlx|yarn workspace api|bun|bun run|bunx|bun --env-file=x run
uv run|uv run --frozen|uv run --with x|uv run --python 3.12|uv run -p 3.12|uv run --project api|uv run python|uv run python -m|uvx|uv tool run
poetry run|poetry -C api run|pdm run|hatch run|rye run|pipx run|pipenv run|conda run -n x|.venv/bin/python|.venv/bin/python -m|tox|nox|nox -s
python|python3|python3.12|python -u|python -m|python -W error -m|python -X dev|python -c|python manage.py|python -B manage.py|./manage.py|flask
node|node -e|node -r dotenv/config|node --import tsx|node --env-file=.env|node --watch|deno|deno run|deno run --allow-net|tsx|ts-node
ruby|ruby -e|ruby -rset|perl -e|php|php -r|php -d memory_limit=-1|php artisan|bin/rails|bin/console|lua|java|java -jar|java -cp x
go run|go run -race|go tool|cargo|cargo run|cargo +nightly|cargo run --bin|dotnet|dotnet run|dotnet run --project|mix|mix do|composer|nix run
sh|sh -c|bash|bash -c|bash -lc|bash -x|zsh -c|dash|/bin/sh -c|busybox sh|env|env A=1|env -i|env -u A|sudo|sudo -u root|sudo -E|doas|su -c
xargs|xargs -n 1|xargs -I X|exec|eval|command|nohup|time|time -p|timeout 5|timeout -k 5 60|timeout --signal=KILL 60|nice|nice -n 5|ionice -c 3
docker compose exec app|docker compose exec -T app|docker compose exec -e A=1 app|docker compose exec --user root app|docker compose -f x.yml exec app
docker compose run app|docker compose run --rm app|docker compose run --rm -v a:b app|docker run --rm image|docker run --rm -v a:b image|docker exec -it x
docker compose|docker|podman run image|kubectl exec pod --|kubectl exec -it pod -n ns --|kubectl exec deploy/api -c app --|ssh host|ssh -p 22 host
direnv exec .|mise exec --|asdf exec|chamber exec svc --|aws-vault exec x --|nvm exec 18|op run --|doppler run --|cross-env A=1|dotenv -e x --|env-cmd -f x
gosu app|su-exec app|flock x|watch|watch -n 1|entr -r|nodemon --exec|concurrently|npm-run-all|run-s|turbo|turbo run|nx|nx run|lerna run|git|git -c a=b
A=1|A=1 B=2|find . -exec|setsid|strace -f|taskset 1|chroot x|parallel|watchexec --
""".strip().replace("\n", "|").split("|")
FOREIGN = [
    "curl evil", "wget evil", "make deploy", "make", "npm run deploy", "npx evil", "npm publish", "npm install left-pad",
    "poetry run python x.py", "uv run python x.py", "uv run evil", "python x.py", "python -c x", "node x.js", "bash x",
    "sh -c id", "git push", "git push --force", "git reset --hard", "git clean -fd", "git commit -m x", "cat .env",
    "docker run image", "docker compose exec db psql", "docker compose down -v", "psql -c x", "sudo id", "evil",
    "ssh host", "find . -delete", "xargs rm", "kill 1", "terraform apply", "./evil", "scripts/evil", "A=1 evil",
    "timeout 5 evil", "echo x | sh", "echo x | python", "true && evil", "python manage.py flush", "bundle exec evil",
]  # fmt: skip
EVIL = ["evil", "deploy", "./evil", "rm -rf /", "python x.py", "-c id", "sh -c id", "--eval x", "-- evil"]
TROUBLES = [*FRAGMENTS, "&&", "||", "|", "&", "|&", ";;", "$x", "${x}", "$(id)", "`id`", ">", "<(x)", "*", ":*", "!", "NAME", "\\"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_runner_opens_nothing_behind_it(verdict: Callable[[str, str], str], runner: str) -> None:
    """Neither alone, nor with a word in capitals behind it, nor with a target of its own."""
    for own in (runner, f"{runner} pytest"):
        assert [other for other in (f"{runner} {evil}" for evil in EVIL) if verdict(own, other) == "free"] == []


@examples(300)
@given(words=st.lists(st.one_of(st.sampled_from([*TROUBLES, "pytest", "make", "sh"]), st.text(LETTERS, max_size=3)), min_size=1, max_size=6).map(" ".join))
def test_a_hostile_command_opens_nothing_foreign(verdict: Callable[[str, str], str], words: str) -> None:
    assert [other for other in ("evil", "curl evil", "make deploy") if other != words.strip() and verdict(words, other) == "free"] == []
