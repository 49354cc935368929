"""The questions: their names and values are an API, and a wrong answer gets one helpful sentence."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import copier
import copier._template
import copier._user_data
import jinja2
import jinja2.meta
import jinja2.nodes
import matrix
import pytest
import yaml
from checks import COMMANDS, FEATURES, TOOLS, Answers
from conftest import ROOT, Render, write_files

STACKS = list(matrix.STACKS)
LEVELS = list(matrix.LEVELS)
PYTHON, NODE = ["uv", "poetry", "pip"], ["npm", "pnpm", "yarn"]
# What a person is asked, in order: type, and the values there are to choose from.
ASKED: dict[str, tuple[str, list[Any] | None]] = {
    "project_name": ("str", None),
    "project_description": ("str", None),
    "stack": ("str", STACKS),
    "package_manager": ("str", None),  # its choices follow the stack, see test_package_managers
    "starter": ("bool", None),
    "language": ("str", None),
    "framework": ("str", None),
    "database": ("str", None),
    "command_form": ("str", None),
    "path_form": ("str", None),
    "features": ("str, several", list(FEATURES)),
    "methodology": ("str, several", ["tdd", "kiss"]),
    "permissions": ("str", LEVELS),
    "tools": ("str, several", None),  # its choices are rendered, see test_tools
}
STORED: dict[str, tuple[str, list[Any] | None]] = {
    "commands": ("yaml", None),  # these four are what the two forms fill
    "paths": ("yaml", None),
    "command_changes": ("yaml", None),
    "path_changes": ("yaml", None),
    "model": ("str", ["inherit", "sonnet", "opus", "haiku", "fable"]),
    "color": ("str", ["red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"]),
    "web_access": ("bool", None),
    "extra_tools": ("yaml", None),
    "extra_allow": ("yaml", None),
    "extra_ask": ("yaml", None),
    "extra_deny": ("yaml", None),
    "not_secret": ("yaml", None),
    "claude_md": ("str", ["CLAUDE.md", ".claude/CLAUDE.md"]),
    "agents_md": ("bool", None),
    "kept": ("yaml", None),
}
# Answers of `--defaults` in a new empty folder.
DEFAULTS = {
    "project_name": "service",
    "project_description": "A backend service.",
    "features": [],
    "methodology": ["tdd", "kiss"],
    "permissions": "standard",
    "model": "inherit",
    "color": "green",
    "web_access": False,
    "extra_tools": [],
    "extra_allow": [],
    "extra_ask": [],
    "extra_deny": [],
    "not_secret": [],
    "claude_md": "CLAUDE.md",
    "agents_md": False,
    "kept": [],
}
BY_HAND = {
    "language": "Python",
    "framework": "",
    "database": "",
    "commands": {},
    "paths": {"source": ["src/**"], "tests": ["tests/**"], "migrations": ["**/migrations/**"]},
}


# --- copier.yml itself: Copier ignores what it does not know, so a typo has to fail here ---


def known_settings() -> set[str]:
    """Settings that Copier's template class reads, from its source."""
    source = inspect.getsource(copier._template)
    return set(re.findall(r"""\b(?:config_data|_raw_config)(?:\.get\(|\[)\s*["']_?(\w+)["']""", source))


def known_question_keys() -> set[str]:
    """Keys of a question: the arguments of Copier's class that do not come from Copier itself."""
    fields = {field.name for field in dataclasses.fields(copier._user_data.Question)}
    return fields - {"var_name", "answers", "context", "jinja_env", "settings"}


def entries(folder: Path) -> list[tuple[str, Any]]:
    """Every top-level (key, value) of copier.yml and the files it includes, in order, doubles kept."""

    class Loader(yaml.SafeLoader):
        pass

    def pairs(loader: yaml.SafeLoader, node: yaml.MappingNode) -> object:
        made = [(loader.construct_object(k, True), loader.construct_object(v, True)) for k, v in node.value]
        doubles = [key for key, count in Counter(key for key, _ in made).items() if count > 1]
        if doubles:
            raise yaml.constructor.ConstructorError(None, None, f"{doubles} stand twice", node.start_mark)
        return dict(made)

    def include(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        return list(yaml.load_all((folder / node.value).read_text(encoding="utf-8"), Loader))

    Loader.add_constructor("tag:yaml.org,2002:map", pairs)
    Loader.add_constructor("!include", include)
    found: list[tuple[str, object]] = []
    for document in yaml.load_all((folder / "copier.yml").read_text(encoding="utf-8"), Loader):
        for part in document if isinstance(document, list) else [document]:
            found += part.items()
    return found


def typos(folder: Path) -> list[str]:
    """What Copier would pass over in silence in `folder`'s copier.yml."""
    try:
        found = entries(folder)
    except yaml.YAMLError as error:
        return [str(error)]
    problems = [f"{key} stands twice" for key, count in Counter(key for key, _ in found).items() if count > 1]
    env = jinja2.Environment(extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"])
    settings, earlier = known_settings(), set[str]()
    names = {key for key, _ in found if not key.startswith("_")}

    def names_in(text: object) -> set[str]:
        if not isinstance(text, str):
            return set()
        tree = env.parse(text)
        imported = {name for line in tree.find_all(jinja2.nodes.FromImport) for name in line.names}
        return jinja2.meta.find_undeclared_variables(tree) - imported

    def unknown_names(where: str, value: object, known: set[str]) -> list[str]:
        texts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        unknown = {name for text in texts for name in names_in(text)} - known
        return [f"{where}: {name} is not known there" for name in sorted(unknown) if not name.startswith("_")]

    for key, value in found:
        if key.startswith("_"):
            if key[1:] not in settings:
                problems.append(f"{key} is not a setting")
            problems += unknown_names(key, value, names)
        elif not isinstance(value, dict):
            problems.append(f"{key} is no question")
        else:
            problems += [
                f"{key}.{name} is not a key of a question"
                for name in value
                if name not in known_question_keys()
            ]
            for name, text in value.items():
                problems += unknown_names(
                    f"{key}.{name}", text, earlier | ({key} if name == "validator" else set())
                )
            earlier.add(key)
    return problems


def test_nothing_is_misspelt() -> None:
    assert {"subdirectory", "exclude", "tasks", "migrations", "envops"} <= known_settings()
    assert {"type", "help", "choices", "default", "when", "ask", "validator"} <= known_question_keys()
    assert not typos(ROOT)


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("copier.yml", "_exclude:", "_exlude:", "_exlude is not a setting"),
        ("copier.yml", "_subdirectory: ", "_min_copier_version: '9'\n_subdirectory: ", "stand twice"),
        ("copier.yml", "default(false)", "default(flase)", "flase is not known there"),
        ("questions/project.yml", "validator:", "validater:", "project_name.validater is not a key"),
        ("questions/project.yml", "stack == 'generic'", "stak == 'generic'", "stak is not known there"),
        ("questions/project.yml", "stack:\n", "stack: generic\nstack:\n", "stand twice"),
        ("questions/agent.yml", "features:\n", "stack:\n", "stack stands twice"),
        ("questions/agent.yml", "permissions == 'custom'", "model == 'custom'", "model is not known there"),
    ],
)
def test_a_typo_is_found(file: str, old: str, new: str, finding: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "questions", tmp_path / "questions")
    shutil.copy(ROOT / "copier.yml", tmp_path)
    broken = (tmp_path / file).read_text(encoding="utf-8")
    assert old in broken
    (tmp_path / file).write_text(broken.replace(old, new, 1), encoding="utf-8")
    assert any(finding in problem for problem in typos(tmp_path)), typos(tmp_path)


def test_nothing_needs_trust() -> None:
    settings = {key for key, _ in entries(ROOT) if key.startswith("_")}
    assert not settings & {"_tasks", "_migrations", "_jinja_extensions"}


# --- the questions as the design has them ---


Questions = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def questions() -> Questions:
    return {key: value for key, value in entries(ROOT) if not key.startswith("_")}


def values(question: dict[str, Any]) -> list[Any] | None:
    choices = question.get("choices")
    return list(choices.values()) if isinstance(choices, dict) else choices


def test_order_types_and_values(questions: Questions) -> None:
    visible = {name: question for name, question in questions.items() if question.get("when") is not False}
    assert [name for name, question in visible.items() if question.get("ask") is not False] == list(ASKED)
    assert [name for name, question in visible.items() if question.get("ask") is False] == list(STORED)
    for name, (type_, choices) in (ASKED | STORED).items():
        question = visible[name]
        assert question["type"] + (", several" if question.get("multiselect") else "") == type_, name
        if choices:
            assert values(question) == choices, name


def test_each_has_a_default_and_a_line_of_help(questions: Questions) -> None:
    for name, question in questions.items():
        assert "default" in question, name
        if question.get("when") is False:
            assert "help" not in question, f"{name} is hidden, nobody reads its help"
            continue
        line = re.sub(r"\({%.*%}\)|{%.*%}\s*", "", question["help"]).strip()  # what is rendered before and in it: test_prompts.py
        assert re.fullmatch(r"[A-Z][^\n]*\?( \([^\n]+\))?", line), f"{name}: {line}"
        assert len(line) <= 77, f"{name}: wraps at 80 columns"
        for label in question["choices"] if isinstance(question.get("choices"), dict) else []:
            assert label == "GraphQL" or (len(label) <= 60 and " " in label), f"{name}: {label}"


@pytest.mark.parametrize("stack", STACKS)
def test_defaults_and_what_is_stored(render: Render, stack: str) -> None:
    stored = yaml.safe_load(render(stack=stack)[".copier-answers.yml"])
    own = (
        BY_HAND
        if stack == "generic"
        else {"package_manager": "npm" if stack == "nestjs-prisma" else "uv", "starter": True}
    )
    assert stored.pop("_src_path")
    assert stored == DEFAULTS | own | {"stack": stack}


def answers_for(template: Path, folder: Path, **given: object) -> Mapping[str, Any]:
    """The answers a copy into `folder` takes; no file is rendered."""
    worker = copier.run_copy(
        str(template), folder, data=given, defaults=True, pretend=True, quiet=True, exclude=["*"]
    )
    return worker.answers.combined


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("", {"stack": "fastapi-postgres", "starter": True, "claude_md": "CLAUDE.md"}),
        (".git/HEAD README.md LICENSE .gitignore", {"stack": "fastapi-postgres", "starter": True}),
        ("README LICENCE.txt COPYING", {"starter": True}),
        ("app.py", {"starter": False}),
        ("docs/x.md", {"starter": False}),
        ("manage.py uv.lock", {"stack": "generic", "language": "Python", "framework": "Django"}),
        ("manage.py poetry.lock", {"stack": "generic", "framework": "Django"}),
        ("alembic.ini requirements.txt", {"stack": "generic", "framework": "", "database": ""}),
        ("nest-cli.json", {"stack": "generic", "language": "TypeScript", "framework": "NestJS"}),
        ("nest-cli.json pnpm-lock.yaml", {"stack": "generic", "framework": "NestJS"}),
        ("prisma/schema.prisma yarn.lock", {"stack": "generic", "framework": ""}),
        ("go.mod", {"stack": "generic", "language": "Go"}),
        ("Cargo.toml", {"stack": "generic", "language": "Rust"}),
        ("pom.xml", {"stack": "generic", "language": "Java"}),
        ("build.gradle.kts", {"stack": "generic", "language": "Kotlin"}),
        ("package.json", {"stack": "generic", "language": "JavaScript"}),
        ("package.json tsconfig.json", {"stack": "generic", "language": "TypeScript"}),
        ("Gemfile", {"stack": "generic", "language": "Ruby"}),
        ("composer.json", {"stack": "generic", "language": "PHP"}),
        ("mix.exs", {"stack": "generic", "language": "Elixir"}),
        ("CLAUDE.md", {"claude_md": ".claude/CLAUDE.md"}),
    ],
)
def test_defaults_follow_what_is_there(template: Path, tmp_path: Path, there: str, expected: Answers) -> None:
    folder = tmp_path / "a [b] *c"  # what a glob would trip over
    write_files(folder, dict.fromkeys(there.split(), ""))
    answers = answers_for(template, folder)
    assert {name: answers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("folder", "name"), [("orders-api", "orders-api"), ("x" * 120, "x" * 100), ("naïve é", "naïve é")]
)
def test_name_follows_the_folder(template: Path, tmp_path: Path, folder: str, name: str) -> None:
    assert answers_for(template, tmp_path / folder)["project_name"] == name


@pytest.mark.parametrize(
    ("stack", "managers"),
    [("django-mysql", PYTHON), ("django-postgres", PYTHON), ("fastapi-postgres", PYTHON), ("nestjs-prisma", NODE), ("generic", ["none"])],
)
def test_package_managers(template: Path, tmp_path: Path, stack: str, managers: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        copier.run_copy(
            str(template), tmp_path / "new", data={"stack": stack, "package_manager": "x"}, defaults=True
        )
    assert str(refused.value) == f"Invalid choice for 'package_manager': 'x' is not in {managers}"


def test_tools(template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as refused:
        copier.run_copy(
            str(template), tmp_path / "new", data={"permissions": "custom", "tools": ["x"]}, defaults=True
        )
    assert set(re.findall(r"'(\w+)'", str(refused.value).partition(" is not in ")[2])) == TOOLS


# --- answers from the command line and from a file ---

EVERYTHING = {
    "fastapi-postgres": {
        "project_name": "Orders: API",
        "project_description": "Takes orders, and 'tracks' them.",
        "stack": "fastapi-postgres",
        "package_manager": "poetry",
        "starter": False,
        "command_changes": {"test": "poetry run pytest -q", "lint": "", "load_test": "k6 run load.js"},
        "path_changes": {"source": ["src/orders/**/*.py"]},
        "features": ["auth", "money"],
        "methodology": ["kiss"],
        "permissions": "custom",
        "tools": ["Read", "Bash"],
        "model": "opus",
        "color": "pink",
        "web_access": True,
        "extra_tools": ["Skill", "mcp__github__get_issue"],
        "extra_allow": ["Bash(make docs)"],
        "extra_ask": ["Bash(make deploy *)"],
        "extra_deny": ["Read(./private/**)"],
        "not_secret": ["tests/fixtures/public.pem"],
        "claude_md": ".claude/CLAUDE.md",
        "agents_md": True,
        "kept": [".claude/rules/money.md"],
    },
    "generic": {
        "project_name": "12",
        "project_description": "true",
        "stack": "generic",
        "language": "Go",
        "framework": "Gin",
        "database": "PostgreSQL",
        "commands": {key: f"make {key}" for key in COMMANDS} | {"own": "make own"},
        "paths": {"source": ["cmd/**/*.go"], "tests": ["**/*_test.go"], "migrations": []},
        "features": list(FEATURES),
        "methodology": [],
        "permissions": "full",
        "model": "haiku",
        "color": "red",
        "web_access": True,
        "extra_tools": [],
        "extra_allow": [],
        "extra_ask": [],
        "extra_deny": [],
        "not_secret": [],
        "claude_md": "CLAUDE.md",
        "agents_md": False,
        "kept": [],
    },
}


@pytest.mark.parametrize(("stack", "way"), [("fastapi-postgres", "-d"), ("generic", "--data-file")])
def test_everything_can_be_answered(template: Path, tmp_path: Path, stack: str, way: str) -> None:
    answers = EVERYTHING[stack]
    if way == "-d":
        text = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in answers.items()
        }
        options = [option for name, value in text.items() for option in ("-d", f"{name}={value}")]
    else:
        (tmp_path / "answers.yml").write_text(yaml.safe_dump(answers))
        options = ["--data-file", str(tmp_path / "answers.yml")]
    # No --defaults and no terminal: a question left open would end the run.
    subprocess.run(
        [sys.executable, "-m", "copier", "copy", "-q", *options, str(template), str(tmp_path / "new")],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    stored = yaml.safe_load((tmp_path / "new" / ".copier-answers.yml").read_text())
    assert {name: value for name, value in stored.items() if not name.startswith("_")} == answers


# --- wrong answers ---

HAND = {"stack": "generic"}
REPO = {"starter": False}
CUSTOM = {"permissions": "custom"}
# question, its wrong value, further answers, how the sentence begins, what it names as allowed
WRONG = [
    ("project_name", "", {}, "Empty", "1 to 100 characters"),
    ("project_name", " \u00a0", {}, "Empty", "1 to 100 characters"),
    ("project_name", "x" * 101, {}, "Too long by 1", "at most 100 characters"),
    ("project_name", "a\nb", {}, "Control character or line break", "one line"),
    ("project_description", "", {}, "Empty", "1 to 300 characters"),
    ("project_description", "x" * 312, {}, "Too long by 12", "at most 300 characters"),
    ("project_description", "a\u2028b", {}, "Control character or line break", "one line"),
    ("project_description", "a\x1b[31mb", {}, "Control character or line break", "one line"),
    ("project_description", " <!-- a", {}, "Starts with a comment", "start with a word"),
    ("language", "", HAND, "Empty", "1 to 40 characters"),
    ("language", "x" * 41, HAND, "Too long by 1", "at most 40 characters"),
    ("framework", "x" * 41, HAND, "Too long by 1", "at most 40 characters"),
    ("framework", "a\tb", HAND, "Control character", "one line"),
    ("database", "x" * 42, HAND, "Too long by 2", "at most 40 characters"),
    ("database", "a\x00", HAND, "Control character", "one line"),
    ("commands", "make test", HAND, "Not a map", "{test: go test ./...}"),
    ("commands", ["make test"], HAND, "Not a map", "{test: go test ./...}"),
    ("commands", {"Test": "make"}, HAND, "Write test, not Test", "name of this command"),
    ("commands", {"tests": "make"}, HAND, "Write test, not tests", "name of this command"),
    ("commands", {"type_check": "make"}, HAND, "Write typecheck, not type_check", "name of this command"),
    ("commands", {"Own": "make"}, HAND, 'Bad name "Own"', "1 to 40 lower-case letters"),
    ("commands", {"own\n": "make"}, HAND, "Bad name", "1 to 40 lower-case letters"),
    ("commands", {True: "make"}, HAND, 'Bad name "True"', "1 to 40 lower-case letters"),
    ("commands", {"t" * 41: "make"}, HAND, "Bad name", "1 to 40 lower-case letters"),
    ("commands", {"test": 5}, HAND, "Not text: put the command test", 'test: "go test ./..."'),
    ("commands", {"test": ["make"]}, HAND, "Not text: put the command test", 'test: "go test ./..."'),
    ("commands", {"test": "a\nb"}, HAND, "Line break", "one line"),
    ("commands", {"test": "x" * 301}, HAND, "Too long: the command test", "at most 300"),
    ("commands", {"A": "x", "B": 1, "c": "x\ny"}, HAND, 'Bad name "A"', "1 to 40 lower-case letters"),
    ("paths", ["src/**"], HAND, "Not a map", "{source: [src/**]"),
    ("paths", {"tests": ["t/**"]}, HAND, "No source", "{source: [src/**]}"),
    ("paths", {"source": []}, HAND, "No source", "{source: [src/**]}"),
    ("paths", {"source": ["a"], "src": ["a"]}, HAND, "Write source, not src", "source, tests and migrations"),
    ("paths", {"source": ["a"], "test": ["a"]}, HAND, "Write tests, not test", "source, tests and migrations"),
    ("paths", {"source": "src/**"}, HAND, "Not a list of globs", 'source: ["src/**"]'),
    ("paths", {"source": [1]}, HAND, "Not a list of globs", 'source: ["src/**"]'),
    ("paths", {"source": [""]}, HAND, "Empty or with a line break", "src/**"),
    ("paths", {"source": ["a\nb"]}, HAND, "Empty or with a line break", "src/**"),
    (
        "paths",
        {"source": ["a"], "x": 1, "tests": "t"},
        HAND,
        'Unknown name "x"',
        "source, tests and migrations",
    ),
    ("command_changes", "x", REPO, "Not a map", "{} for none"),
    ("command_changes", {"TEST": "x"}, REPO, "Write test, not TEST", "name of this command"),
    ("command_changes", {"e2e": "x"}, REPO, "Write test_e2e, not e2e", "name of this command"),
    ("path_changes", "x", REPO, "Not a map", "{source: [src/**]"),
    ("path_changes", {"source": "x"}, REPO, "Not a list of globs", 'source: ["src/**"]'),
    ("tools", [], CUSTOM, "Nothing picked", "at least one"),
    ("extra_tools", "Skill", {}, "Not a list", '["mcp__github__get_issue"]'),
    ("extra_tools", ["mcp__x__*"], {}, "Not a tool name", "letters, digits, _ and -"),
    ("extra_tools", ["Skill, Bash"], {}, "Not a tool name", "letters, digits, _ and -"),
    ("extra_allow", "Bash(x)", {}, "Not a list", '["Bash(make docs)"]'),
    ("extra_allow", {"Bash(x)": 1}, {}, "Not a list", '["Bash(make docs)"]'),
    ("extra_ask", ["a\nb"], {}, "Empty or with a line break", "Bash(make deploy *)"),
    ("extra_ask", [1], {}, "Not a list of texts", "Bash(make deploy *)"),
    ("extra_deny", [""], {}, "Empty or with a line break", "Read(./private/**)"),
    ("not_secret", "x.pem", {}, "Not a list", '["tests/fixtures/public.pem"]'),
    ("kept", "CLAUDE.md", {}, "Not a list", '["CLAUDE.md"]'),
    ("extra_deny", None, {}, "Not a list", "Read(./private/**)"),
]
WRONG_CHOICES = [
    (
        "stack",
        "django",
        {},
        "'django' is not in ['django-mysql', 'django-postgres', 'nestjs-prisma', 'fastapi-postgres', 'generic']",
    ),
    ("package_manager", "npm", {"stack": "django-mysql"}, "'npm' is not in ['uv', 'poetry', 'pip']"),
    ("package_manager", "uv", {"stack": "nestjs-prisma"}, "'uv' is not in ['npm', 'pnpm', 'yarn']"),
    ("features", ["auth", "payments"], {}, f"'payments' is not in {list(FEATURES)}"),
    ("methodology", ["bdd"], {}, "'bdd' is not in ['tdd', 'kiss']"),
    ("permissions", "all", {}, f"'all' is not in {LEVELS}"),
    ("tools", ["Read", "read"], CUSTOM, "'read' is not in ['Read', "),
    ("model", "gpt", {}, "'gpt' is not in ['inherit', 'sonnet', 'opus', 'haiku', 'fable']"),
    ("color", "black", {}, "'black' is not in ['red', 'blue', "),
    ("claude_md", "docs/CLAUDE.md", {}, "'docs/CLAUDE.md' is not in ['CLAUDE.md', '.claude/CLAUDE.md']"),
]


def refusal(template: Path, folder: Path, answers: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as refused:
        copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
    return str(refused.value)


@pytest.mark.parametrize(("name", "value", "others", "wrong", "allowed"), WRONG)
def test_wrong_answer_gets_one_sentence_and_creates_nothing(
    template: Path, tmp_path: Path, name: str, value: object, others: Answers, wrong: str, allowed: str
) -> None:
    message = refusal(template, tmp_path / "new", {name: value} | others)
    prefix = f"Validation error for question '{name}': "
    assert message.startswith(prefix)
    sentence = message.removeprefix(prefix)
    assert re.fullmatch(r"[^\n]+\.", sentence), sentence
    assert sentence.startswith(wrong) and allowed in sentence, sentence
    assert sentence.count(". ") == 0, f"more than one sentence: {sentence}"
    assert len(sentence) <= 200, f"{len(sentence)} characters: {sentence}"
    assert list(tmp_path.iterdir()) == []


# A filled-in form, and how the sentence under it begins: 34 of 80 columns are left for it.
FORMS = {
    "command_form": [
        ("test: make\ntests: make unit", "Write test, not tests"),
        ("type_check: mypy .", "Write typecheck, not type_check"),
        ("Test: make", "Write test, not Test"),
        ("e2e: make", "Write test_e2e, not e2e"),
        ("load test: k6", 'Bad name "load test": 1 to 40'),
        ("make test", "Write name: make test on a line"),
        ("{test: make}", 'Bad name "{test": 1 to 40'),
        ('test: "make test"', "Take off quotes and brackets of"),
        ("test: |", "Take off quotes and brackets of"),
        ("a: x\na: y", "Keep one line of a"),
        ("own: " + "x" * 301, "Too long: the command own has 301"),
        ("own: a\tb", "Line break in own"),
    ],
    "path_form": [
        ("source: a\ntest: b", "Write tests, not test"),
        ("src: a", "Write source, not src"),
        ("source: a\nviews: b", 'Unknown name "views": allowed are'),
        ("tests: a", "Name a folder after source:"),
        ("source: [a, b]", "Take off quotes and brackets of"),
        ("app/**", "Write name: src/** on a line"),
    ],
}


@pytest.mark.parametrize(("name", "text", "told"), [(name, *case) for name, cases in FORMS.items() for case in cases])
def test_a_wrong_line_of_a_form_gets_one_sentence(template: Path, tmp_path: Path, name: str, text: str, told: str) -> None:
    sentence = refusal(template, tmp_path / "new", HAND | {name: text}).removeprefix(f"Validation error for question '{name}': ")
    assert sentence.startswith(told) and len(told) <= 34, sentence
    assert re.fullmatch(r"[^\n]+\.", sentence) and sentence.count(". ") == 0, sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "stored"),
    [
        (
            HAND | {"command_form": "install:\ntest: pytest -k 'a: b' # all\nlint:\nown: make own", "path_form": "source: a/**  {b,c}/**, d\ntests:\n"},
            {"commands": {"test": "pytest -k 'a: b' # all", "own": "make own"}, "paths": {"source": ["a/**", "{b,c}/**", "d"], "tests": []}},
        ),
        # Only what differs from the stack's own, so that an update brings better ones.
        (
            REPO | {"stack": "nestjs-prisma", "command_form": "install: npm install\ntest: npm run unit\n", "path_form": "source: lib/**"},
            {"command_changes": {"test": "npm run unit"}, "path_changes": {"source": ["lib/**"]}},
        ),
    ],
)
def test_a_form_becomes_a_map(render: Render, answers: Answers, stored: Answers) -> None:
    saved = yaml.safe_load(render(**answers)[".copier-answers.yml"])
    assert not {"command_form", "path_form", "present"} & set(saved)
    if "stack" in answers and answers["stack"] != "generic":  # a line that was taken out is a command switched off
        assert {key for key, command in saved["command_changes"].items() if not command} >= {"lint", "typecheck", "migrate"}
        saved["command_changes"] = {key: command for key, command in saved["command_changes"].items() if command}
    assert {name: saved[name] for name in stored} == stored


@pytest.mark.parametrize(("name", "value", "others", "detail"), WRONG_CHOICES)
def test_wrong_choice_names_the_choices_and_creates_nothing(template: Path, tmp_path: Path, name: str, value: object, others: Answers, detail: str) -> None:
    message = refusal(template, tmp_path / "new", {name: value} | others)
    assert message.startswith(f"Invalid choice for '{name}': {detail}"), message
    assert list(tmp_path.iterdir()) == []


def test_every_open_question_is_refused_something(questions: Questions) -> None:
    open_ended = {name for name, question in questions.items() if "validator" in question}
    assert open_ended == {name for name, *_ in WRONG} | set(FORMS) | {"starter"}  # of another stack: test_update.py
    chosen = {name for name, question in questions.items() if "choices" in question}
    assert chosen == {name for name, *_ in WRONG_CHOICES}
    assert set(ASKED | STORED) == open_ended | chosen | {
        "web_access",
        "agents_md",
    }  # Copier takes any truth


@pytest.mark.parametrize(
    ("name", "value"), [("project_name", ["a"]), ("language", {"a": 1}), ("stack", ["generic"])]
)
def test_a_list_for_a_text_is_refused(template: Path, tmp_path: Path, name: str, value: object) -> None:
    assert refusal(template, tmp_path / "new", HAND | {name: value}) == f"Could not convert {value} to string"
    assert list(tmp_path.iterdir()) == []


def test_wrong_answer_leaves_an_existing_repository_alone(template: Path, tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("x")
    refusal(template, tmp_path, {"project_name": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["manage.py"]


def test_command_line_ends_with_the_sentence(template: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "copier",
            "copy",
            "--defaults",
            "-d",
            "project_name=",
            str(template),
            str(tmp_path / "new"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("Empty: type one line of 1 to 100 characters, such as orders-api.")
    )
    assert list(tmp_path.iterdir()) == []
