#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Finds what silently switches a generated Claude Code setup off, and says how to fix it.

    python3 .claude/hooks/doctor.py [--merge-settings]

One line per finding: `file:line: what is wrong; how to fix it`. Exit 0: nothing wrong (warnings allowed),
1: findings, 2: could not look. `--merge-settings` puts a settings file of ours that is beside a person's
own `.claude/settings.json` in force. Each check is a function of the setup; CHECKS lists them.
"""
import argparse
import json
import os
import re
import sys
from typing import Any, Iterator, NamedTuple

sys.dont_write_bytecode = True
try:
    from guard_files import Project, git, matcher
except Exception as fault:
    print("doctor: guard_files.py does not load: %s; copier recopy brings it back" % fault, file=sys.stderr)
    sys.exit(2)
AGENT = ".claude/agents/backend-developer.md"
SETTINGS, LOCAL = ".claude/settings.json", ".claude/settings.local.json"
FACTS, PROGRAMS = ".claude/hooks/project.json", ("guard", "guard_files", "guard_options", "guard_shell")
AGAIN, MERGE = "copier recopy brings it back", "run python3 .claude/hooks/doctor.py --merge-settings"
# An allow rule of these words and a wildcard allows whatever follows them.
OPEN = re.compile(r"|env|sudo|eval|xargs|find|npx|uvx|bunx|npm|pnpm|yarn|make|just|git|docker|curl|rm|rm -rf?"
                  r"|\S*\*.*|(?:npm|pnpm|yarn|uv|poetry|bun) (?:run|exec|install)"
                  r"|docker (?:compose )?(?:run|exec)"
                  r"|(?:(?:uv|poetry) run )?(?:python3?|node|ruby|perl|php|bash|sh|zsh)(?: -[ce])?")
# What comes to lie in the repository and must not be committed; the file beside which it appears.
IGNORED = {".env": ".env.example", ".venv/": "uv.lock", "node_modules/": "package.json"}


class Finding(NamedTuple):
    file: str
    line: int
    what: str
    how: str
    level: str = "error"  # or "warning", which does not count for the exit code


class CannotLook(Exception):
    """Its text says why; exit 2."""


def line_of(text: str, pattern: str) -> int:
    """Line (from 1) where a regex first matches; 1 when it does not. `^` starts a line."""
    found = re.search(pattern, text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def parse_json(text: str) -> tuple[Any, Any]:
    """(value, None), or (None, (line, what)) for a text that is not JSON."""
    try:
        return json.loads(text.lstrip("\ufeff")), None
    except json.JSONDecodeError as fault:
        return None, (fault.lineno, "is not JSON: %s at column %d" % (fault.msg, fault.colno))
    except (ValueError, RecursionError) as fault:
        return None, (1, "is not JSON: %s" % type(fault).__name__)


def read_frontmatter(text: str) -> "tuple[dict[str, Any], tuple[int, str] | None]":
    """({key: text, or list of items}, None), or ({}, (line, what)) for what the client cannot read."""
    lines, found, last = [line.rstrip() for line in text.split("\n")], dict[str, Any](), ""
    if lines[0] != "---":
        late = "---" in lines[:5] or text[:1] == "\ufeff"
        return {}, (1, "it does not start at the first byte") if late else None
    if "---" not in lines[1:]:
        return {}, (1, "it has no closing ---")
    for number, line in enumerate(lines[1:lines.index("---", 1)], 2):
        key = re.match(r"([A-Za-z_][\w-]*):(?:\s+(.*))?$", line)
        value = (key.group(2) or "").strip() if key else ""
        if key and not re.fullmatch(r"""("([^"\\]|\\.)*"|'([^']|'')*')(\s+#.*)?""", value) and (
                value[:1] in ("'", '"') or ": " in value):
            return {}, (number, "the value needs double quotes")
        if key and key.group(1) in found or not key and line[:1] not in ("", " ", "#", "-"):
            return {}, (number, "a key stands twice, a tab indents the line, or it is no `key: value`")
        if key:
            last = key.group(1)
            items = [item.strip(" \"'") for item in value[1:-1].split(",")] if value[:1] == "[" else []
            found[last] = items or value.strip("\"'") or []
        elif re.match(r"\s*- ", line) and isinstance(found.get(last), list):
            found[last].append(line.strip()[2:].strip("\"'"))
    return found, None


class Setup:
    """The generated repository at `root`: its files as text and JSON, and what git knows of it."""

    def __init__(self, root: str) -> None:
        self.root, self.texts = root, dict[str, str]()
        if not os.path.isfile(self.path(FACTS)):
            raise CannotLook("%s is not there: this is no generated repository, or %s" % (FACTS, AGAIN))
        self.facts = self.json(FACTS)
        self.claude_md = self.fact("claude_md", str) or "CLAUDE.md"
        self.ours = self.fact("settings", str) or SETTINGS
        self.kept = self.fact("kept", list)
        self.tracked = self.git("ls-files", "-z")
        self.files = self.tracked + self.git("ls-files", "-z", "--others", "--exclude-standard")
        source = matcher(self.fact("paths", dict).get("source") or [])
        self.begun = any(source(name) for name in self.files if not name.startswith(".claude/"))
        self.owned = [name for name in sorted(os.listdir(root))
                      if re.match(r"(CLAUDE|AGENTS)\.md|\.copier-", name) and os.path.isfile(self.path(name))]
        for folder, folders, names in os.walk(self.path(".claude")):
            folders[:] = sorted(set(folders) - {"worktrees", "node_modules", "__pycache__"})
            where = os.path.relpath(folder, root).replace(os.sep, "/")
            self.owned += ["%s/%s" % (where, name) for name in sorted(names)]
        self.agents = [name for name in self.owned if re.match(r"\.claude/agents/.*\.md$", name)]
        self.rules = [name for name in self.owned if re.match(r"\.claude/rules/.*\.md$", name)]
        self.settings = [name for name in dict.fromkeys((SETTINGS, LOCAL, self.ours)) if name in self.owned]
        self.held = SETTINGS in self.settings and not parse_json(self.text(SETTINGS))[1]

    def path(self, name: str) -> str:
        return os.path.join(self.root, *name.split("/"))

    def fact(self, name: str, kind: type) -> Any:
        value = self.facts.get(name)
        return value if isinstance(value, kind) else kind()

    def text(self, name: str) -> str:
        """The file's text, "" where there is none to read; bytes that are not UTF-8 become surrogates."""
        if name not in self.texts:
            try:
                with open(self.path(name), "rb") as file:
                    text = file.read(2_000_000).decode("utf-8", "surrogateescape")
                    self.texts[name] = text.replace("\r\n", "\n")
            except (OSError, ValueError):
                self.texts[name] = ""
        return self.texts[name]

    def json(self, name: str) -> dict[str, Any]:
        value = parse_json(self.text(name))[0]
        return value if isinstance(value, dict) else {}

    def git(self, *command: str) -> list[str]:
        code, text = git(self.root, *command, seconds=60)
        if code > (command[0] == "check-ignore"):  # whose 1 means that nothing is ignored
            raise CannotLook("git cannot be asked here")
        return [entry for entry in text.split("\0") if entry]


def hook_commands(hooks: Any) -> Iterator[str]:
    """Every command (str) in a `hooks` value of whatever shape."""
    if isinstance(hooks, dict):
        yield from [hooks["command"]] if isinstance(hooks.get("command"), str) else []
        hooks = list(hooks.values())
    for hook in hooks if isinstance(hooks, list) else ():
        yield from hook_commands(hook)


# Checks of files


def check_texts(p: Setup) -> Iterator[Finding]:
    for name in p.owned:
        text = p.text(name)
        if name.endswith((".rej", ".orig")):
            yield Finding(name, 1, "is left over from a merge", "merge it by hand, then delete it")
        elif re.search(r"^(<{7}|>{7}) ", text, re.M) and name.endswith((".md", ".json", ".yml", ".py")):
            line = line_of(text, r"^(<{7}|>{7}) ")
            yield Finding(name, line, "holds a conflict marker", "keep one side and delete the markers")


def check_present(p: Setup) -> Iterator[Finding]:
    programs = [".claude/hooks/%s.py" % program for program in PROGRAMS]
    for name in [AGENT, p.claude_md, p.ours, *dict.fromkeys([SETTINGS, *programs])]:
        if not p.text(name):
            how = MERGE if name == SETTINGS != p.ours else AGAIN
            level = "warning" if name == p.claude_md else "error"
            yield Finding(name, 1, "is not there, or empty", how, level)


def check_frontmatter(p: Setup) -> Iterator[Finding]:
    for name in p.agents + p.rules:
        level = "error" if name == AGENT and name not in p.kept else "warning"
        found, fault = read_frontmatter(p.text(name))
        if fault:
            how = "fix it: the client then drops the file or its frontmatter, silently"
            yield Finding(name, fault[0], "the frontmatter does not parse: " + fault[1], how)
        for key in ("name", "description") if name in p.agents and not fault else ():
            if not found.get(key):
                how = "add it: without it the client does not load the agent"
                yield Finding(name, 1, "has no " + key, how, level)
        for key in ("globs", "paths") if name in p.rules else ():
            if key in found and (key == "globs" or not isinstance(found[key], list)):
                line, how = line_of(p.text(name), "^%s:" % key), "write paths, and one `- \"glob\"` a line"
                yield Finding(name, line, "%s is not read like this" % key, how)


def check_reach(p: Setup) -> Iterator[Finding]:
    for name in p.rules if p.begun else ():
        globs = read_frontmatter(p.text(name))[0].get("paths")
        if globs and isinstance(globs, list) and not any(map(matcher(globs), p.files)):
            line, how = line_of(p.text(name), "^paths:"), "correct them, unless such files are still to come"
            yield Finding(name, line, "its paths match no file here, so it is never read", how, "warning")


def check_marks(p: Setup) -> Iterator[Finding]:
    marks = p.fact("marks", list)
    if p.begun and marks and not any(map(matcher(marks), p.files)):
        what = "the stack is %s, and there is no %s" % (p.fact("stack", str), " or ".join(marks))
        line = line_of(p.text(FACTS), '"stack"')
        yield Finding(FACTS, line, what, "copier update --ask stack corrects the answer")


def check_ignored(p: Setup) -> Iterator[Finding]:
    needed = [name for name, beside in IGNORED.items()
              if (beside in p.files or os.path.exists(p.path(name))) and name not in p.tracked]
    ignored = "".join(p.git("check-ignore", "--no-index", "--", *needed) if needed else ()).split("\n")
    for name in sorted(set(needed) - set(ignored)):
        yield Finding(".gitignore", 1, "git does not ignore %s" % name, "add a line with it", "warning")


def check_secrets(p: Setup) -> Iterator[Finding]:
    project = Project(p.root, {"secrets": [], "not_secret": [], "protected": [], "paths": {}, **p.facts})
    for name in filter(project.is_secret, p.tracked):
        how = ("git rm --cached it, add it to .gitignore, and change the secrets in it: history keeps them; "
               "if it is none, the answer not_secret says so")
        yield Finding(name, 1, "git tracks this secret file", how)


# Checks of settings


def check_json(p: Setup) -> Iterator[Finding]:
    for name in dict.fromkeys([*p.settings, FACTS]):
        value, fault = parse_json(p.text(name))
        permissions = value.get("permissions") if isinstance(value, dict) else None
        if fault or not isinstance(value, dict):
            line, what = fault or (1, "is not an object")
            yield Finding(name, line, what, "fix it: until then none of its rules holds, deny rules included")
        elif name == FACTS and "stack" not in value:
            yield Finding(name, 1, "is not ours, so our programs know nothing", "rename yours; " + AGAIN)
        elif name != FACTS and permissions is not None:
            kinds = ("allow", "ask", "deny") if isinstance(permissions, dict) else ()
            lists = [permissions.get(kind, []) for kind in kinds] or [None]
            if any(not isinstance(rules, list) or [rule for rule in rules if not isinstance(rule, str)]
                   for rules in lists):
                line = line_of(p.text(name), '"permissions"')
                what = "permissions holds more than lists of texts"
                yield Finding(name, line, what, "fix it: the client drops the file and its deny rules")


def check_open_rules(p: Setup) -> Iterator[Finding]:
    for name in p.settings:
        permissions = p.json(name).get("permissions")
        allowed = permissions.get("allow") if isinstance(permissions, dict) else None
        for rule in allowed if isinstance(allowed, list) else ():
            found = isinstance(rule, str) and re.fullmatch(r"Bash(?:\((.*?)(?::| )?\*\))?", rule, re.S)
            opens = found and OPEN.fullmatch((found.group(1) or "").strip())
            if opens or rule in ("Edit", "Write", "Edit(//**)"):
                line = line_of(p.text(name), re.escape(json.dumps(rule, ensure_ascii=False)))
                how = "name the one command or folder you mean"
                yield Finding(name, line, "allow rule %s allows whatever follows it" % rule, how, "warning")


def check_hooks(p: Setup) -> Iterator[Finding]:
    run = []
    for name in p.settings + p.agents:
        value = p.json(name) if name in p.settings else {}
        for file in re.findall(r"\.claude/hooks/[\w-]+\.py", p.text(name)):
            run.append(file)
            if not os.path.isfile(p.path(file)):
                what, how = "runs %s, which is not there" % file, AGAIN + ", or take the hook out"
                yield Finding(name, line_of(p.text(name), re.escape(file)), what, how)
        hooks = value["hooks"] if isinstance(value.get("hooks"), dict) else {}
        for command in hook_commands([hooks.get("PreToolUse"), hooks.get("PermissionRequest")]):
            if ".claude/hooks/guard.py" not in command or ".claude/hooks/guard.py" in p.kept:
                what = "another hook can let through what would ask: %s" % command[:60]
                yield Finding(name, 1, what, "look at what it allows", "warning")
        if value.get("disableAllHooks") is True:
            line = line_of(p.text(name), '"disableAllHooks"')
            yield Finding(name, line, "switches every hook off", "take disableAllHooks out", "warning")
    edits = not re.search(r"(?m)^tools: (?!.*\b(Edit|Write)\b)", p.text(AGENT) or "")
    gate = p.text(AGENT) and edits and "tdd" in p.fact("methodology", list)
    for program, wanted in (("guard", p.held), ("tdd_gate", gate)):
        file = ".claude/hooks/%s.py" % program
        if file in p.kept:
            how = "rename it, and take it out of kept: copier update -r :current: --ask kept"
            yield Finding(file, 1, "is yours, so ours of that name does not run", how, "warning")
        elif wanted and os.path.isfile(p.path(file)) and file not in run:
            yield Finding(SETTINGS if program == "guard" else AGENT, 1, "no hook runs %s" % file, AGAIN)


# Settings beside a person's own


def absent(theirs: list[Any], ours: list[Any]) -> list[Any]:
    """Entries of our list that theirs lacks; a hook is there if a group with its matcher runs it."""
    def runs(group: Any) -> Any:
        return (group.get("matcher"), tuple(hook_commands(group))) if isinstance(group, dict) else group

    return [item for item in ours if item not in theirs and runs(item) not in map(runs, theirs)]


def merged(theirs: Any, ours: Any) -> Any:
    """Theirs with what of ours it lacks: keys added, lists joined, theirs first; the rest stays theirs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        both = {key: merged(value, ours[key]) if key in ours else value for key, value in theirs.items()}
        return {**both, **{key: value for key, value in ours.items() if key not in theirs}}
    return theirs + absent(theirs, ours) if isinstance(theirs, list) and isinstance(ours, list) else theirs


def gaps(theirs: dict[str, Any], ours: dict[str, Any], where: str = "") -> Iterator[tuple[str, list, str]]:
    """(dotted key, our missing entries, level) wherever settings of theirs fall short of ours."""
    for key, value in ours.items():
        dotted, there = (where + "." + key).lstrip("."), theirs.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from gaps(there, value, dotted)
        elif key not in theirs or isinstance(value, list) and isinstance(there, list):
            yield dotted, absent(there or [], value if isinstance(value, list) else [value]), "error"
        elif value != there and key != "$schema":
            yield dotted, [value], "warning"


def check_in_force(p: Setup) -> Iterator[Finding]:
    for dotted, missing, level in gaps(p.json(SETTINGS), p.json(p.ours)) if p.held else ():
        words = [item if isinstance(item, str) else json.dumps(item) for item in missing]
        shown = ", ".join(words[:3]) + (" and %d more" % (len(words) - 3) if words[3:] else "")
        how = MERGE if level == "error" else "yours stays unless you change it"
        if missing:
            line = line_of(p.text(SETTINGS), re.escape('"%s"' % dotted.split(".")[-1]))
            yield Finding(SETTINGS, line, "%s: ours is not in force: %s" % (dotted, shown), how, level)


def merge_settings(p: Setup) -> None:
    """Puts p.ours into .claude/settings.json; CannotLook when that is not safe."""
    target, root = os.path.realpath(p.path(SETTINGS)), os.path.realpath(p.root)
    if os.path.commonpath([target, root]) != root:
        raise CannotLook("%s links to a file outside the project: merge it by hand" % SETTINGS)
    for fault in [*check_texts(p), *check_json(p)]:
        if fault.file in (SETTINGS, p.ours):
            raise CannotLook("%s:%d: %s: fix that first, nothing was changed" % fault[:3])
    old, value = p.text(SETTINGS), merged(p.json(SETTINGS), p.json(p.ours))
    if p.ours not in p.settings or (old and value == p.json(SETTINGS)):
        print("Nothing to merge: %s lacks nothing of ours." % SETTINGS)
        return
    for dotted, missing, level in gaps(p.json(SETTINGS), p.json(p.ours)):
        for item in missing if level == "error" else []:
            print("+ %s: %s" % (dotted, json.dumps(item)))
    indent = re.search(r"\n([ \t]+)\S", old)
    temporary = target + ".new"
    with open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(value, indent=indent.group(1) if indent else 2, ensure_ascii=False) + "\n")
    os.replace(temporary, target)
    print("Merged into %s." % SETTINGS)


CHECKS = [check_texts, check_json, check_present, check_frontmatter, check_open_rules, check_hooks,
          check_in_force, check_reach, check_marks, check_ignored, check_secrets]


def report(p: Setup) -> int:
    """Prints what the checks find; the exit code."""
    def clean(text: str) -> str:  # anyone may have written the names and contents it quotes
        return "".join(char if char.isprintable() else "?" for char in text)

    found = [finding._replace(file=clean(finding.file), what=clean(finding.what), how=clean(finding.how))
             for finding in dict.fromkeys(finding for check in CHECKS for finding in check(p))]
    errors = sum(finding.level == "error" for finding in found)
    for file, line, what, how, level in found:
        print("%s:%d: %s%s; %s" % (file, line, "warning: " if level == "warning" else "", what, how))
    print("Findings: %d. Warnings: %d." % (errors, len(found) - errors))
    return 1 if errors else 0


def main(arguments: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--merge-settings", action="store_true", help="put our settings into yours")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # what Python opens has it
    try:
        p = Setup(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        code = (merge_settings if options.merge_settings else report)(p)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:  # doctor.py | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except CannotLook as why:
        problem = str(why)
    except Exception as fault:  # whatever the files hold, a person gets a sentence
        problem = "gave up on its own fault: %s: %s" % (type(fault).__name__, fault)
    print("doctor: " + problem, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
