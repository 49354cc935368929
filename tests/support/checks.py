"""What must hold for every generated repository, as checks that return findings (one sentence each).

A check takes `files` ({path: text}) and `answers` (the stored ones) and yields what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
AGENT = ".claude/agents/backend-developer.md"
SETTINGS = ".claude/settings.json"
BASE_RULES = ("framework", "api", "database", "migrations", "security", "tests", "operations")
PROGRAMS = tuple(sorted(path.stem for path in (ROOT / "hooks").glob("*.py")))
FEATURES = (
    "auth",
    "background-jobs",
    "caching",
    "realtime",
    "graphql",
    "event-sourcing",
    "money",
    "file-storage",
)
COMMANDS = (
    "install",
    "services",
    "dev",
    "generate",
    "test",
    "test_one",
    "test_e2e",
    "lint",
    "format",
    "typecheck",
    "api_docs",
    "new_migration",
    "migrate",
    "check_migrations",
)
# Tools of the client's version that tests/support/client.py pins, as an agent may list them.
TOOLS = {
    "Read", "Grep", "Glob", "Edit", "Write", "NotebookEdit", "Bash", "WebFetch", "WebSearch", "Agent", "Skill",
    "TaskCreate", "TaskGet", "TaskList", "TaskUpdate", "TaskStop", "SendMessage", "EnterWorktree", "ExitWorktree",
    "Monitor",
}  # fmt: skip
LEVEL_TOOLS = {
    "read-only": ["Read", "Grep", "Glob"],
    "edit": ["Read", "Grep", "Glob", "Edit", "Write"],
    "standard": ["Read", "Grep", "Glob", "Edit", "Write", "Bash"],
    "sandboxed": ["Read", "Grep", "Glob", "Edit", "Write", "Bash"],
    "full": None,
}
# Words that belong to another stack: whole words, case-sensitive where the word is an English one.
FOREIGN = yaml.safe_load((HERE / "foreign-words.yml").read_text())

Files = dict[str, str]
Answers = dict[str, Any]


def frontmatter(text: str) -> tuple[dict[str, Any], str]:
    """The strict YAML between the first two `---` lines, and the body. Raises ValueError or yaml.YAMLError."""
    if not text.startswith("---\n"):
        raise ValueError("the first bytes are not `---`")
    head, _, body = text[4:].partition("\n---\n")
    return yaml.safe_load(head), body


def section(text: str, title: str) -> str:
    """The lines under the heading `## title`, up to the next heading of that rank."""
    return re.split(r"(?m)^## ", text.split(f"\n## {title}\n", 1)[1])[0]


def commands_of(memory: str) -> dict[str, str]:
    """{label: command} of the section `## Commands`, read as Markdown reads code spans."""
    found = {}
    for line in section(memory, "Commands").splitlines():
        match = re.fullmatch(r"- ([^`]+?): (`+)( ?)(.+?)\3\2", line)
        if match and match[2] not in re.findall(r"`+", match[4]):  # else the span would end there
            found[match[1]] = match[4]
    return found


def settings_path(answers: Answers) -> str:
    """Where our settings stand: beside those that were there first."""
    return SETTINGS.replace("settings", "settings.backend-developer") if SETTINGS in answers.get("kept", []) else SETTINGS


def memory_path(answers: Answers) -> str:
    return "AGENTS.md" if answers["agents_md"] else str(answers["claude_md"])


def is_ours(path: str, answers: Answers) -> bool:
    """Whether updates reach that file; any other is the starter's, and from the copy on the project's."""
    return path.startswith(".claude/") or path in (".copier-answers.yml", "AGENTS.md", str(answers["claude_md"]))


def ours(files: Files, answers: Answers | None = None) -> Files:
    answers = answers or yaml.safe_load(files[".copier-answers.yml"])
    return {path: text for path, text in files.items() if is_ours(path, answers)}


def expected_files(files: Files, answers: Answers) -> Iterator[str]:
    paths = answers.get("paths") or answers.get("path_changes") or {}
    none_of = {rule for rule, kind in (("framework", "source"), ("tests", "tests"), ("migrations", "migrations")) if paths.get(kind) == []}
    gated = "tdd" in answers["methodology"] and AGENT not in answers.get("kept", [])  # our agent runs the gate
    allowed = {
        str(answers["claude_md"]),
        ".copier-answers.yml",
        AGENT,
        settings_path(answers),
        ".claude/hooks/project.json",
        *(f".claude/hooks/{program}.py" for program in PROGRAMS if program != "tdd_gate" or gated),
        *(f".claude/rules/{rule}.md" for rule in (*BASE_RULES, *answers["features"]) if rule not in none_of),
        *(["AGENTS.md"] if answers["agents_md"] else []),
    } - set(answers.get("kept", []))
    for path in sorted(allowed ^ set(files)):
        if path in allowed or is_ours(path, answers) or not answers.get("starter"):
            yield f"{path} is {'missing' if path in allowed else 'not in the design'}"


def starter_files(files: Files, answers: Answers) -> Iterator[str]:
    """What the project owns from the copy on: named in questions/starter-files.yml, and whole."""
    named = yaml.safe_load((ROOT / "questions" / "starter-files.yml").read_text(encoding="utf-8"))
    for path, text in files.items():
        if is_ours(path, answers):
            continue
        if answers.get("starter") and not any(f"/{path}" == name or (name.endswith("/") and f"/{path}".startswith(name)) for name in named):
            yield f"{path}: not in questions/starter-files.yml"
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            yield f"{path}: does not end in exactly one newline"
        if text[:1].isspace():
            yield f"{path}: begins with white space"
        if "\n\n\n\n" in text or ("\n\n\n" in text and not path.endswith((".py", ".mako"))):
            yield f"{path}: a run of blank lines"
        if re.search(r"[ \t]+$", text, re.M) or "\r" in text:
            yield f"{path}: a trailing blank or carriage return"
        if found := re.search(STARTER_JINJA, _without_answers(text, answers, STARTER_JINJA)):
            yield f"{path}: leftover Jinja: {found[0]}"


def agent_file(files: Files, answers: Answers) -> Iterator[str]:
    if AGENT in answers.get("kept", []):
        return
    head, body = frontmatter(files[AGENT])
    if set(head) - {"name", "description", "tools", "model", "color", "hooks"}:
        yield f"agent: unknown keys in {sorted(head)}"
    if head["name"] != "backend-developer":
        yield f"agent: name is {head['name']}"
    if not isinstance(head["description"], str) or len(head["description"]) > 300:
        yield f"agent: description has {len(head['description'])} characters, budget 300"
    if not re.search(r'(?m)^description: ".*"$', files[AGENT]):
        yield "agent: description is not one double-quoted line"
    if len(body.strip()) > 2400:
        yield f"agent: body has {len(body.strip())} characters, budget 2,400"
    if head["model"] != answers["model"] or head["color"] != answers["color"]:
        yield f"agent: model {head['model']} or color {head['color']} is not the answer"
    listed = head["tools"].split(", ") if "tools" in head else None
    wanted = answers["tools"] if answers["permissions"] == "custom" else LEVEL_TOOLS[answers["permissions"]]
    if wanted is not None:
        wanted = [*wanted, *(["WebFetch", "WebSearch"] if answers["web_access"] else []), *answers["extra_tools"]]
        wanted = list(dict.fromkeys(wanted))
    if listed != wanted:
        yield f"agent: tools are {listed}, the level's are {wanted}"
    if listed and (unknown := set(listed) - TOOLS - set(answers["extra_tools"])):
        yield f"agent: unknown tools {sorted(unknown)}"
    may_run = listed is None or "Bash" in listed
    if not may_run and re.search(r"\b(run it|you ran|could not run|measure again)\b", body, re.I):
        yield "agent: told to run something without a shell"
    may_edit = listed is None or {"Edit", "Write"} & set(listed)
    if not may_edit and re.search(r"(?im)^## (build|done)|\b(write one failing|changes in behavior)\b", body):
        yield "agent: told to change files without a tool for it"


def memory_file(files: Files, answers: Answers) -> Iterator[str]:
    if memory_path(answers) in answers.get("kept", []):
        return
    text = files[memory_path(answers)]
    head = f"# {str(answers['project_name']).strip()}\n\n{str(answers['project_description']).strip()}\n"
    if not text.startswith(head):
        yield "CLAUDE.md: it does not begin with the project's name and description as typed"
    text = text[len(head) - 1 :]  # what the person typed may look like a heading
    counted, _, notes = text.partition("\n## Notes of this project\n")
    if not notes or "\n## " in notes:
        yield "CLAUDE.md: the project's own section is not last"
    commands = section(text, "Commands")
    own = sum(len(typed) for name in ("language", "framework", "database", "paths", "path_changes") for typed in _texts(answers.get(name)))
    if (size := len(counted) - len(commands) - own) > 3200:
        yield f"CLAUDE.md: {size} characters before the notes, budget 3,200"
    if (lines := counted.count("\n") - commands.count("\n")) > 80:
        yield f"CLAUDE.md: {lines} lines before the notes, budget 80"
    index = section(text, "Rules")
    for path in files:
        if path.startswith(".claude/rules/") and f"`{path}`" not in index:
            yield f"CLAUDE.md: {path} is not in the index of rules"
    for path in re.findall(r"`(\.claude/rules/[^`]+)`", index):
        if path not in files and path not in answers.get("kept", []):
            yield f"CLAUDE.md: the index names {path}, which is not there"


def rules_files(files: Files, answers: Answers) -> Iterator[str]:
    for path, text in files.items():
        if not path.startswith(".claude/rules/"):
            continue
        head, body = frontmatter(text)
        budget = 1000 if Path(path).stem in FEATURES else 1600
        own = sum(len(glob) for glob in _texts([answers.get("paths"), answers.get("path_changes")]) if glob in head["paths"])
        if len(text) - own > budget:
            yield f"{path}: {len(text) - own} characters, budget {budget:,}"
        if list(head) != ["paths"] or not head["paths"] or not all(isinstance(g, str) and g for g in head["paths"]):
            yield f"{path}: not scoped by a list of globs"
        if re.search(r"(?m)^  - [^\"]", text.split("\n---\n")[0]):
            yield f"{path}: an unquoted glob"
        if not re.search(r"(?m)^- ", body):
            yield f"{path}: no statement"
        for line in body.strip().splitlines():
            if line and not line.startswith(("- ", "# ", "<!--", "  ")):
                yield f"{path}: not a statement of one line: {line[:60]}"


def settings_file(files: Files, answers: Answers) -> Iterator[str]:
    settings = json.loads(files[settings_path(answers)], object_pairs_hook=_no_duplicates)
    schema = json.loads((HERE / "settings.schema.json").read_text())
    for error in jsonschema.Draft7Validator(schema).iter_errors(settings):
        yield f"settings.json: {error.message[:200]}"
    permissions = settings["permissions"]
    for kind in ("allow", "ask", "deny"):
        rules = permissions[kind]
        if len(rules) != len(set(rules)):
            yield f"settings.json: {kind} lists a rule twice"
        for rule in set(rules) - set(answers[f"extra_{kind}"]):
            if re.match(r"(Write|MultiEdit|NotebookEdit|Glob|Grep)\(", rule):
                yield f"settings.json: {rule} is a dead rule"
            if rule.startswith("Bash(") and re.search(r"&&|\|\||;", rule):
                yield f"settings.json: {rule} never matches, commands are matched part by part"
    own = set(answers["extra_allow"])
    for rule in permissions["allow"]:
        if rule not in own and OPEN_RULE.fullmatch(rule):
            yield f"settings.json: {rule} allows whatever follows it"


OPEN_RULE = re.compile(
    r"Bash(\((:?\*|(\S*/)?((uv|poetry|pnpm|npm|yarn|bun|pdm|cargo|go|docker|docker compose) (run|exec|x|dlx|tool)|npx|uvx|make|just"
    r"|mvnw?|gradlew?|rake|(ba|z|da)?sh|env|sudo|xargs|eval|python[0-9.]*( -[mc])?|node( -e)?|npm|pnpm|yarn|uv|poetry|pip|docker|git"
    r"|.*manage\.py|npm install|pnpm install|yarn install|uv sync|pip install|poetry install|docker compose)[ :]\*)\))?"
)


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"duplicate key in {keys}")
    return dict(pairs)


def layout(files: Files, answers: Answers) -> Iterator[str]:
    for path, text in files.items():
        if path.endswith(".py"):
            continue  # the programs of hooks/, verbatim
        if not text.endswith("\n") or text.endswith("\n\n"):
            yield f"{path}: does not end in exactly one newline"
        if text[:1].isspace():
            yield f"{path}: begins with white space"
        if re.search(r"[ \t]+$", text, re.M):
            yield f"{path}: trailing blanks"
        if "\n\n\n" in text:
            yield f"{path}: a run of blank lines"
        text = re.sub(r'(?m)^ *"command": ".*"$', "", text)  # shell and JSON have braces of their own
        if path == ".copier-answers.yml":
            text = "\n".join(line for line in text.splitlines() if line.startswith("#"))  # the rest is answers
        if re.search(JINJA, _without_answers(text, answers, JINJA)):
            yield f"{path}: leftover Jinja"
        if "\r" in text:
            yield f"{path}: a carriage return"


# `${{ }}` is GitHub's, and code has braces of its own.
STARTER_JINJA = r"\{%|%\}|\{# |(?<!\$)\{\{-? *[a-z_][\w.]* *(\||-?\}\})"
JINJA = r"\{%|%\}|\{#|#\}|\{\{|\}\}"


def _without_answers(text: str, answers: Answers, pattern: str) -> str:
    """`text` without what the person typed that holds `pattern`; all else they typed stays, or one letter would empty it."""
    for typed in sorted(_texts(answers), key=len, reverse=True):
        if re.search(pattern, typed):
            for form in {typed.strip(), json.dumps(typed, ensure_ascii=False)[1:-1], json.dumps(typed)[1:-1]}:
                text = text.replace(form, "")
    return text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def foreign_words(files: Files, answers: Answers) -> Iterator[str]:
    typed = {name: value for name, value in answers.items() if name not in ("stack", "features", "permissions")}
    for path, text in files.items():
        if path == ".copier-answers.yml" or path.endswith(".py"):
            continue
        if path.endswith("project.json"):  # the guard's lists of programs and manifests are names, not advice
            text = json.dumps({key: value for key, value in json.loads(text).items() if key in ("commands", "paths", "stack")}, ensure_ascii=False)
        text = re.sub(r".*(?:\.claude/hooks/|[(\"]~/).*", "", text)  # our own programs and a person's home are everywhere
        for word in FOREIGN[answers["stack"]]:
            pattern = rf"(?<![\w-]){word}(?![\w-])"
            if match := re.search(pattern, _without_answers(text, typed, pattern)):
                yield f"{path}: {match[0]!r} belongs to another stack"


def said_twice(files: Files, answers: Answers) -> Iterator[str]:
    """No statement, and no run of seven words, occurs in two places."""
    seen: dict[tuple[str, ...], str] = {}
    for path, text in files.items():
        if not path.endswith(".md"):
            continue
        if path == memory_path(answers):  # without what the person typed
            text = text[text.index("\n## Where code goes\n") :]
            if answers["stack"] == "generic":
                text = re.sub(r"(?m)^- (source|tests|migrations): `.*\n", "", text)
        for line in text.partition("\n---\n")[2].splitlines() if text.startswith("---") else text.splitlines():
            if not line.startswith(("- ", "1", "2", "3")) or "`.claude/rules/" in line:
                continue
            words = re.findall(r"[\w'`./-]+", line.lower())
            for start in range(len(words) - 7):
                run = tuple(words[start : start + 8])
                if seen.setdefault(run, f"{path}: {line}") != f"{path}: {line}":
                    yield f"{path}: {' '.join(run)!r} also occurs in {seen[run].split(':')[0]}"
                    break


WHOLE: tuple[Callable[[Files, Answers], Iterator[str]], ...] = (expected_files, starter_files)
# Of our own files alone.
OURS: tuple[Callable[[Files, Answers], Iterator[str]], ...] = (
    agent_file,
    memory_file,
    rules_files,
    settings_file,
    layout,
    foreign_words,
    said_twice,
)


def findings(files: Files, answers: Answers | None = None) -> list[str]:
    """Everything the checks find in a generated repository; `answers` default to the stored ones."""
    stored = yaml.safe_load(files[".copier-answers.yml"]) | (answers or {})
    found: list[str] = []
    for check in WHOLE + OURS:
        try:
            found += check(files if check in WHOLE else ours(files, stored), stored)
        except Exception as error:
            found.append(f"{check.__name__}: {type(error).__name__}: {error}")
    return found
