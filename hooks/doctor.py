#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Finds what silently switches a generated Claude Code setup off, and says how to mend it.

    python3 .claude/hooks/doctor.py [--json] [--merge-settings [--dry-run]]

One line per finding: `file:line: what is wrong; how to mend it`. Exit 0: nothing wrong (warnings allowed),
1: findings, 2: could not look. `--merge-settings` puts a settings file of ours that stands beside a person's
own `.claude/settings.json` in force. What is said here of the client was measured on Claude Code 2.1.329.

Each check is a function of the project that yields findings; CHECKS at the end lists them.
"""

import argparse
import difflib
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

AGENT = ".claude/agents/backend-developer.md"
SETTINGS = ".claude/settings.json"
LOCAL = ".claude/settings.local.json"
MEMORY = ("CLAUDE.md", ".claude/CLAUDE.md")
FACTS = ".claude/hooks/project.json"
AGAIN = "copier recopy brings it back"
MERGE = "run python3 .claude/hooks/doctor.py --merge-settings"
READ_LIMIT = 2_000_000  # bytes; nothing of ours comes near
DESCRIPTION_LIMIT = 300  # characters: every session carries the description
OUR_RULES = re.compile(
    r"\.claude/rules/(?:framework|api|database|migrations|security|tests|operations|auth|background-jobs|caching"
    r"|realtime|graphql|event-sourcing|money|file-storage)\.md"
)

# The names `claude doctor` accepts in a rule and those a session offers, less the gone ones.
TOOLS = """Agent AskUserQuestion Bash BashOutput CronCreate CronDelete CronList Edit EnterPlanMode
    EnterWorktree ExitWorktree Glob Grep KillShell LSP ListAgents ListMcpResourcesTool Monitor
    NotebookEdit PowerShell Read ReadMcpResourceTool PushNotification RemoteTrigger ReportFindings
    ScheduleWakeup SendMessage Skill Task SendUserMessage TaskCreate TaskGet TaskList TaskOutput
    TaskStop TaskUpdate TeamCreate TeamDelete ToolSearch WebFetch WebSearch Workflow Write"""
TOOLS = set(TOOLS.split())
GONE = {"ExitPlanMode", "LS", "MultiEdit", "NotebookRead", "TodoWrite"}
# A path rule of these tools never matches; the value is the tool whose path rule covers them.
COVERED_BY = {"Write": "Edit", "MultiEdit": "Edit", "NotebookEdit": "Edit", "Glob": "Read", "Grep": "Read"}

# Shapes the client insists on: a type, allowed values, [of each item], {key: ..}; `!` marks a required key.
MODES = ("acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "manual", "plan")
RULES = {"allow": [str], "ask": [str], "deny": [str]}
DISK = {"denyRead": [str], "denyWrite": [str], "allowRead": [str], "allowWrite": [str]}
SWITCHES = ("enabled", "failIfUnavailable", "autoAllowBashIfSandboxed", "allowUnsandboxedCommands")
SANDBOX = {"excludedCommands": [str], "network": dict, "filesystem": DISK, **dict.fromkeys(SWITCHES, bool)}
SHAPE = {
    **dict.fromkeys(("$schema", "model", "outputStyle", "language"), str),
    **dict.fromkeys(("env", "statusLine", "enabledPlugins"), dict),
    "disableAllHooks": bool,
    "permissions": {**RULES, "additionalDirectories": [str], "defaultMode": MODES},
    "hooks": {"*": [{"matcher": str, "hooks!": [{"type!": str, "command": str}]}]},
    "sandbox": SANDBOX,
}
NAMES = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}

# What an allow rule that ends in a wildcard opens, by the words before the wildcard.
OPENS = {
    "every shell command": "",
    "any program": "uv run|uvx|pipx run|poetry run|npx|bunx|npm exec|pnpm|pnpm exec|pnpm dlx|yarn|yarn exec"
    "|yarn dlx|env|command|exec|nohup|timeout|time|watch|xargs|find|sudo|ssh|docker|docker run"
    "|docker exec|docker compose|docker compose exec|docker compose run",
    "any code": "python|python3|python -c|python3 -c|uv run python|poetry run python|node|node -e|deno|bun"
    "|tsx|ruby|perl|php|bash|bash -c|sh|sh -c|zsh|eval|python manage.py shell|uv run python manage.py shell",
    "every script or target of the project": "npm|npm run|yarn run|pnpm run|make|just|task|rake",
    "new packages with their install scripts": "npm install|npm i|pip install|uv pip install",
    "every git command, discarding work and pushing too": "git",
    "pushing": "git push",
    "discarding uncommitted work": "git reset|git checkout|git restore|git clean|git stash",
    "any address on the network": "curl|wget|nc",
    "deleting any file": "rm|rm -r|rm -rf|rm -f",
    "any statement on the database": "psql|mysql|sqlite3|redis-cli",
}
OPENED_BY = {words: what for what, listed in OPENS.items() for words in listed.split("|")}


class Finding(NamedTuple):
    file: str
    line: int
    what: str
    how: str
    level: str = "error"  # or "warning", which does not count for the exit code


class CannotLook(Exception):
    """Its text says why; exit 2."""


class Broken(Exception):
    """Frontmatter that no YAML parser reads: (line, why)."""


class Unclear(Exception):
    """Frontmatter of a shape that this program does not read: (line, why)."""


# --- reading


def line_of(text, pattern):
    """Line (from 1) where the regex `pattern` first matches; 1 when it does not. `^` starts a line."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def parse_json(text):
    """(value, None), or (None, (line, what)) for a text that is not JSON or has a key twice."""
    twice = []

    def pairs(items):
        keys = [key for key, _ in items]
        twice.extend(key for key in set(keys) if keys.count(key) > 1)
        return dict(items)

    def refuse(word):
        raise json.JSONDecodeError(word + " is no JSON", text, text.find(word))

    try:
        value = json.loads(text.lstrip("\ufeff"), object_pairs_hook=pairs, parse_constant=refuse)
    except json.JSONDecodeError as fault:
        return None, (fault.lineno, "is not JSON: %s at column %d" % (fault.msg, fault.colno))
    except (ValueError, RecursionError) as fault:
        return None, (1, "is not JSON: %s" % type(fault).__name__)
    if twice:
        key = re.escape(json.dumps(twice[0], ensure_ascii=False))
        line = line_of(text, r"%s\s*:(?![\s\S]*%s\s*:)" % (key, key))  # the last one
        return None, (line, "has the key %s twice, and only the last counts" % twice[0])
    return value, None


def glob_regex(glob):
    """Regex source of a glob (str): `*` and `?` stay in one folder, `**` spans folders, `{a,b}` is either."""
    found = []
    for token in re.findall(r"\*\*+/|\*+|\[[^]/]+\]|\{[^{}]*\}|.", glob, re.DOTALL):
        if token.startswith("**"):
            found.append("(?:.*/)?" if token.endswith("/") else ".*")
        elif token in "*?":
            found.append("[^/]*" if token == "*" else "[^/]")
        elif len(token) > 1 and token[0] == "[":
            found.append(re.sub(r"^\[!", "[^", token.replace("\\", r"\\")))
        elif len(token) > 1:
            found.append("(?:%s)" % "|".join(map(glob_regex, token[1:-1].split(","))))
        else:
            found.append(re.escape(token))
    return "".join(found)


def matcher(globs, any_depth=False):
    """A test of a path (str, from the project's root) against gitignore-like globs (no slash: any depth)."""
    anchored = []
    for glob in globs:
        at_root = glob.startswith("/") or ("/" in glob.rstrip("/") and not any_depth)
        anchored.append(("" if at_root else "**/") + glob.lstrip("/") + ("**" if glob.endswith("/") else ""))
    try:
        return re.compile("|".join(map(glob_regex, anchored)) or r"(?!)", re.DOTALL).fullmatch
    except re.error:  # such as [z-a]
        return lambda path: path in globs


KEY = re.compile(r"([A-Za-z_][\w.-]*):(?:\s+(.*))?$")


def read_scalar(text, line, continued):
    """The string, or list of strings, that a YAML value on one line is; `continued`: deeper lines follow."""
    quoted = re.fullmatch(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')(?:\s+#.*)?""", text)
    if quoted and text[0] == "'":
        return quoted[1][1:-1].replace("''", "'")
    if quoted:
        try:
            return json.loads(quoted[1])
        except ValueError:
            raise Unclear(line, "an escape that is not JSON's") from None
    if continued or text[0] in "#|>&*!{" or text.startswith("? "):
        raise Unclear(line, "a value of a kind the template never writes")
    if text[0] in "\"'":
        raise Broken(line, "text follows the closing quote, or there is none")
    if text[0] == "[":
        items = [item.strip() for item in text[1:-1].split(",")]
        if text[-1] == "]" and all(re.fullmatch(r"[\w./][\w./ *-]*", item) for item in items):
            return items
        raise Unclear(line, "a list in brackets")
    plain = re.sub(r"\s+#.*$", "", text)
    if plain[0] in "@`%,]}" or plain.startswith("- ") or ": " in plain or plain.endswith(":"):
        raise Broken(line, "the value needs double quotes")
    return plain


def read_block(rows, at, indent):
    """(value, next row) of the YAML block at rows[at]; a row is [line, indent, text]; items change."""
    listed = rows[at][2].startswith("- ")
    found = [] if listed else {}
    while at < len(rows) and rows[at][1] == indent and rows[at][2].startswith("- ") == listed:
        line, _, text = rows[at]
        rest = text[2:].lstrip()
        key = KEY.match(text)
        if listed and KEY.match(rest):  # a map as the item: a block of its own
            rows[at] = [line, indent + len(text) - len(rest), rest]
            value, at = read_block(rows, at, rows[at][1])
            found.append(value)
            continue
        at += 1
        deeper = at < len(rows) and rows[at][1] > indent
        if listed:
            found.append(read_scalar(rest, line, deeper))
        elif not key:
            kind = Unclear if ": " in text or text[-1] == ":" else Broken  # YAML has odder keys than ours
            raise kind(line, "no `key: value`")
        elif key[1] in found:
            raise Broken(line, "the key %s stands twice" % key[1])
        elif key[2] and key[2][0] != "#":
            found[key[1]] = read_scalar(key[2], line, deeper)
        elif deeper or (at < len(rows) and rows[at][1] == indent and rows[at][2].startswith("- ")):
            found[key[1]], at = read_block(rows, at, rows[at][1])
        else:
            found[key[1]] = None
    return found, at


def read_frontmatter(text):
    """The map (dict) between the first two `---` lines; None without any. Broken or Unclear otherwise."""
    lines = [line.rstrip(" \r") for line in text.split("\n")]
    if lines[0] != "---":
        if text.startswith("\ufeff---"):
            raise Broken(1, "a byte order mark stands before it")
        if "---" in lines[:10] and any(map(KEY.match, lines[:10])):
            raise Broken(1, "it does not start at the first byte")
        return None
    if "---" not in lines[1:]:
        raise Broken(1, "it has no closing ---")
    rows = []
    for number, line in enumerate(lines[1 : lines.index("---", 1)], 2):
        body = line.lstrip(" ")
        if body.startswith("\t"):
            raise Broken(number, "a tab indents the line")
        if "\t" in body:
            raise Unclear(number, "a tab")
        if body and body[0] != "#":
            rows.append([number, len(line) - len(body), body])
    if not rows:
        return {}
    try:
        value, at = read_block(rows, 0, rows[0][1])
    except RecursionError:
        raise Unclear(rows[0][0], "nesting too deep") from None
    if at < len(rows) or not isinstance(value, dict):
        raise Broken(rows[min(at, len(rows) - 1)][0], "the line does not fit those above")
    return value


class Project:
    """The generated repo at `root`: its files as text, JSON and frontmatter, and what git knows of it."""

    def __init__(self, root):
        self.root, self.texts, self.blind = root, {}, None
        if not os.path.isfile(self.path(FACTS)):
            raise CannotLook("%s is not there: this is no generated repo, or %s" % (FACTS, AGAIN))
        self.facts = self.json(FACTS)
        self.claude_md = self.fact("claude_md", str) or "CLAUDE.md"
        self.ours = self.fact("settings", str) or SETTINGS
        self.kept = [name for name in self.fact("kept", list) if isinstance(name, str)]  # not ours
        self.ask_git()
        # Source is there; these programs are none, though Django's `**/*.py` takes them in.
        self.begun = any(map(matcher(self.globs("source")), (n for n in self.files if not n.startswith(".claude/"))))
        self.owned = list(self.walk())
        self.agents = [name for name in self.owned if re.match(r"\.claude/agents/.*\.md$", name)]
        self.rules = [name for name in self.owned if re.match(r"\.claude/rules/.*\.md$", name)]
        self.settings = [name for name in dict.fromkeys((SETTINGS, LOCAL, self.ours)) if name in self.owned]
        self.held = SETTINGS in self.settings and not parse_json(self.text(SETTINGS))[1]  # rules are in force
        self.agent = self.frontmatter(AGENT)
        tools = [re.sub(r"\(.*", "", tool) for tool in tool_names(self.agent.get("tools"))]
        self.agent_tools = set(tools) or TOOLS  # without a tools line it has every tool

    def path(self, name):
        return os.path.join(self.root, *name.split("/"))

    def fact(self, name, kind):
        """project.json's value of that name; an empty one when it is missing or of another type."""
        value = self.facts.get(name)
        return value if isinstance(value, kind) else kind()

    def globs(self, name):
        globs = self.fact("paths", dict).get(name)
        return [glob for glob in globs if isinstance(glob, str)] if isinstance(globs, list) else []

    def text(self, name):
        """The file's text, "" where there is none to read; bytes that are not UTF-8 become surrogates."""
        if name not in self.texts:
            self.texts[name] = ""
            try:
                if os.path.isfile(self.path(name)):
                    with open(self.path(name), "rb") as file:
                        self.texts[name] = file.read(READ_LIMIT).decode("utf-8", "surrogateescape")
            except (OSError, ValueError):
                pass
        return self.texts[name]

    def json(self, name):
        """The file's JSON object; an empty one when it holds none (check_json says so)."""
        value = parse_json(self.text(name))[0]
        return value if isinstance(value, dict) else {}

    def frontmatter(self, name):
        """The file's frontmatter (dict); an empty one when it cannot be read (check_frontmatter says so)."""
        try:
            return read_frontmatter(self.text(name)) or {}
        except (Broken, Unclear):
            return {}

    def permissions(self, *kinds):
        """(kind, file, line, rule) of every string under permissions.KIND of the settings files."""
        for kind, name in ((kind, name) for kind in kinds for name in self.settings):
            permissions = self.json(name).get("permissions")
            listed = permissions.get(kind) if isinstance(permissions, dict) else None
            for rule in listed if isinstance(listed, list) else ():
                if isinstance(rule, str):
                    quoted = re.escape(json.dumps(rule, ensure_ascii=False))
                    yield kind, name, line_of(self.text(name), quoted), rule

    def ask_git(self):
        """Sets files (tracked or not, none ignored), tracked and unmerged; `blind` where git cannot tell."""
        self.files, self.tracked, self.unmerged = [], [], []
        command = ["git", "-C", self.root, "ls-files", "-z"]
        # A git hook that runs this leaves these behind, relative to another folder.
        stray = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
        options = {
            "env": {name: value for name, value in os.environ.items() if name not in stray},
            "timeout": 60,
        }
        try:
            staged, new = (
                subprocess.run(command + more, capture_output=True, check=True, **options).stdout
                for more in (["--stage"], ["--others", "--exclude-standard"])
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            self.blind = (
                "git cannot be asked here, so conflicts, tracked secrets and rules' paths went unseen"
            )
            return
        entries = [entry.partition(b"\t") for entry in staged.split(b"\0") if entry]
        names = [(os.fsdecode(name), mode[-1:] != b"0") for mode, _, name in entries]
        self.tracked = list(dict.fromkeys(name for name, _ in names))
        self.unmerged = list(dict.fromkeys(name for name, open_stage in names if open_stage))
        self.files = self.tracked + [os.fsdecode(name) for name in new.split(b"\0") if name]

    def walk(self):
        """Names of the setup's files: CLAUDE.md, AGENTS.md, Copier's answers, .claude without worktrees."""
        top = [name for name in sorted(os.listdir(self.root)) if os.path.isfile(self.path(name))]
        yield from (name for name in top if name.startswith(("CLAUDE.md", "AGENTS.md", ".copier-answers")))
        for folder, folders, names in os.walk(self.path(".claude")):
            folders[:] = sorted(set(folders) - {"worktrees", "node_modules", "__pycache__"})
            where = os.path.relpath(folder, self.root).replace(os.sep, "/")
            yield from ("%s/%s" % (where, name) for name in sorted(names))

    def commands(self):
        """(file, heading's line or 0, [(line, command)]) of `## Commands` in CLAUDE.md, else in AGENTS.md."""
        for name in sorted((self.claude_md, "AGENTS.md"), key=self.kept.__contains__):
            start, found = 0, []
            for number, line in enumerate(self.text(name).split("\n"), 1):
                if re.match(r"## Commands\s*$", line):
                    start = number
                elif start and re.match(r"##? ", line):
                    break
                item = start and re.match(r"[-*] [^`]*: (`+)(.+?)\1(?!`)", line)
                if item:
                    found.append((number, item[2].strip() if len(item[1]) > 1 else item[2]))
            if start:
                return name, start, found
        return self.claude_md, 0, []


def tool_names(value):
    """Entries (list of str) of a `tools` value: None, a list, or a string with commas."""
    value = value if isinstance(value, list) else re.findall(r"[^,(]+(?:\([^)]*\))?", str(value or ""))
    return [tool.strip() for tool in value if isinstance(tool, str) and tool.strip()]


def parts(command):
    """The simple commands (list of str) of a compound one, as the client matches them: one by one."""
    outside_quotes = r"""(?=(?:[^"']|"[^"]*"|'[^']*')*$)"""
    return [part.strip() for part in re.split(r"(?:&&|\|\|?|;)" + outside_quotes, command) if part.strip()]


def bash_pattern(rule):
    """What a Bash rule has in parentheses, `*` when it is bare; "" for another tool's rule."""
    found = re.fullmatch(r"Bash(?:\((.*)\))?", rule, re.DOTALL)
    pattern = "" if not found else "*" if found[1] is None else found[1]
    return pattern[:-2] + " *" if pattern.endswith(":*") else pattern


def fits(command, pattern):
    """True when a Bash pattern matches a simple command; a final ` *` also matches no argument at all."""
    glob = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(command, glob) or (pattern.endswith(" *") and fits(command, pattern[:-2]))


def hook_commands(hooks):
    """Every command (str, with its args) in a `hooks` value of whatever shape."""
    if isinstance(hooks, dict):
        if isinstance(hooks.get("command"), str):
            more = hooks["args"] if isinstance(hooks.get("args"), list) else []
            yield " ".join([hooks["command"], *(word for word in more if isinstance(word, str))])
        hooks = list(hooks.values())
    for hook in hooks if isinstance(hooks, list) else ():
        yield from hook_commands(hook)


HOOK_FILE = re.compile(r"""(?:CLAUDE_PROJECT_DIR\}?"?/|(?:^|[\s"'])(?=\.claude/))([^\s"';|&)]+)""")


def misfits(value, shape, key=""):
    """(dotted key, what) of each place where a value has not the shape the client insists on."""
    kind = shape if isinstance(shape, type) else type(shape)
    if kind is tuple:
        if value not in shape:
            yield key, "%s is none of %s" % (key, ", ".join(shape))
    elif not isinstance(value, kind):
        yield key, ("%s is not %s" % (key, NAMES[kind])).strip()
    elif isinstance(shape, list):
        for number, item in enumerate(value):
            yield from misfits(item, shape[0], "%s[%d]" % (key, number))
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            bare = name.rstrip("!")
            for each in value if name == "*" else [bare] if bare in value else []:
                yield from misfits(value[each], inner, (key + "." + each).lstrip("."))
            if bare not in value and (name != bare or (name == "command" and value.get("type") == name)):
                yield key, "%s has no %s" % (key, bare)


# --- checks of files


def check_texts(p):
    for name in p.owned:
        text = p.text(name)
        if name.endswith(".rej"):
            yield Finding(name, 1, "holds changes that did not fit", "make them by hand, then delete it")
        elif name.endswith(".orig"):
            yield Finding(name, 1, "is left over from a merge", "compare it with the file, then delete it")
        elif name.endswith((".md", ".json", ".yml", ".py")):
            if re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE):
                line = line_of(text, r"^(<{7}|>{7}) ")
                yield Finding(name, line, "holds a conflict marker", "keep one side and delete the markers")
            if re.search("[\udc80-\udcff]", text):
                yield Finding(name, line_of(text, "[\udc80-\udcff]"), "is not UTF-8", "save it as UTF-8")
    for name in p.unmerged:
        line = line_of(p.text(name), "^<{7}")
        yield Finding(name, line, "is unmerged in git", "resolve it, then git add it")


def check_leftover_jinja(p):
    words = "if|for|set|block|include|extends|import|from|macro|elif|else|raw|end[a-z]+"
    tag = re.compile(r"\{[%%]-?\s*(?:%s)\b.*|\{[{]-?\s*[A-Za-z_].*" % words)
    answers = "".join(p.text(name) for name in p.owned if name.startswith(".copier-answers"))
    for name in p.owned:
        prose = re.sub(r"(`+)[^`\n]+\1", lambda code: " " * len(code[0]), p.text(name))
        for found in tag.finditer(prose) if name.endswith((".md", ".json")) else ():
            if found[0][:12] not in answers:  # what a person answered comes out as typed
                line = prose.count("\n", 0, found.start()) + 1
                yield Finding(name, line, "holds template code: %s" % found[0][:50], "write what was meant")


def check_present(p):
    if not p.text(AGENT):
        yield Finding(AGENT, 1, "is not there or empty: there is no such agent", AGAIN)
    if not p.text(p.claude_md):
        yield Finding(p.claude_md, 1, "is not there or empty", AGAIN, "warning")
    imported = any("AGENTS.md" in re.findall(r"@(?:\.\./)?(\S+)", p.text(name)) for name in MEMORY)
    if p.claude_md in p.kept and p.text("AGENTS.md") and "AGENTS.md" not in p.kept and not imported:
        how = "add the line @AGENTS.md to CLAUDE.md"
        yield Finding("AGENTS.md", 1, "no CLAUDE.md imports it, so no session reads it", how, "warning")
    if SETTINGS not in p.settings:
        yield Finding(SETTINGS, 1, "is not there: no rule holds", AGAIN if p.ours == SETTINGS else MERGE)
    if p.ours not in p.settings and p.ours != SETTINGS:
        yield Finding(p.ours, 1, "is not there", AGAIN)


def check_frontmatter(p):
    for name in p.agents + p.rules:
        ours = name == AGENT or OUR_RULES.fullmatch(name)
        level = "error" if ours and name not in p.kept else "warning"
        try:
            found = read_frontmatter(p.text(name))
        except Broken as why:
            line, what = why.args
            how = "mend it: the client then drops the file or its frontmatter, silently"
            yield Finding(name, line, "the frontmatter does not parse: " + what, how, level)
            continue
        except Unclear as why:
            line, what = why.args
            yield Finding(name, line, "cannot judge the frontmatter: " + what, "look yourself", "warning")
            continue
        for key, what, how in (agent_faults if name in p.agents else rule_faults)(found or {}, ours):
            yield Finding(name, line_of(p.text(name), "^%s:" % key) if key else 1, what, how, level)


def agent_faults(found, ours):
    for key in ("name", "description"):
        if not isinstance(found.get(key), str) or not found[key]:
            yield key, "has no %s" % key, "add it: without it the client does not load the agent"
    size = len(str(found.get("description", "")))
    if ours and size > DESCRIPTION_LIMIT:
        how = "cut it to %d: every session carries it" % DESCRIPTION_LIMIT
        yield "description", "the description has %d characters" % size, how


def rule_faults(found, ours):
    paths = found.get("paths")
    if "globs" in found:
        yield "globs", "the client does not read globs", "rename the key to paths"
    elif "paths" in found and not (isinstance(paths, list) and all(isinstance(glob, str) for glob in paths)):
        yield "paths", "paths is no list of globs", 'write one `- "glob"` a line'
    elif ours and not paths:
        yield "", "has no paths, so every session carries it", "add paths, a list of globs"


def check_tools(p):
    for name, key in ((name, key) for name in p.agents for key in ("tools", "disallowedTools")):
        for tool in tool_names(p.frontmatter(name).get(key)):
            line = line_of(p.text(name), "^%s:" % key)
            bare = re.sub(r"\(.*", "", tool, flags=re.DOTALL)
            if bare != tool and bare not in ("Agent", "Task"):
                what = "%s names all of %s, whatever the parentheses say" % (tool, bare)
                yield Finding(name, line, what, "write %s, and put the limit into %s" % (bare, SETTINGS))
            elif bare in GONE:
                yield Finding(name, line, "the tool %s is gone" % bare, "take it out")
            elif bare not in TOOLS and bare != "*" and not bare.startswith("mcp__"):
                how = "check how the client spells it"
                yield Finding(name, line, "the tool %s is not known here" % bare, how, "warning")


def check_rules_reach(p):
    for name in p.rules if p.begun else ():
        paths = p.frontmatter(name).get("paths")
        globs = [glob for glob in paths if isinstance(glob, str)] if isinstance(paths, list) else []
        if globs and not any(map(matcher(globs), p.files)):
            line, what = line_of(p.text(name), "^paths:"), "its paths match no file here, so it is never read"
            yield Finding(name, line, what, "mend them, or wait for such a file", "warning")


def check_secrets(p):
    secrets = [glob for glob in p.fact("secrets", list) if isinstance(glob, str)]
    wanted = matcher([glob for glob in secrets if glob[:1] != "!"], any_depth=True)
    spared = matcher([glob[1:] for glob in secrets if glob[:1] == "!"], any_depth=True)
    for name in p.tracked:
        if wanted(name) and not spared(name):
            how = "git rm --cached it, add it to .gitignore, and change the secrets in it: history keeps them"
            yield Finding(name, 1, "git tracks this secret file", how)


# --- checks of settings


def check_json(p):
    for name in dict.fromkeys([*p.settings, FACTS]):
        text = p.text(name)
        value, fault = parse_json(text)
        if fault:
            yield Finding(name, *fault, "mend it: until then its rules, deny rules too, may not hold")
        elif not isinstance(value, dict):
            yield Finding(name, 1, "is not an object", "mend it: until then none of its rules holds")
        elif name == FACTS and "stack" not in value:
            yield Finding(name, 1, "is not ours, so our programs know nothing", "rename yours; " + AGAIN)
        elif name != FACTS:
            for dotted, what in misfits(value, SHAPE):
                key = re.sub(r"\[\d+\]", "", dotted).split(".")[-1]
                how = "mend it: the client drops it, often with the whole file and its deny rules"
                yield Finding(name, line_of(text, re.escape('"%s"' % key)), what, how)
        if text.startswith("\ufeff"):
            yield Finding(name, 1, "starts with a byte order mark", "save it without", "warning")


def check_dead_rules(p):
    for kind, name, line, rule in p.permissions("deny", "ask", "allow"):
        level = "warning" if name == LOCAL else "error"  # the client itself writes rules there
        found = re.fullmatch(r"([A-Za-z_*][\w*-]*)(?:\((.*)\))?", rule, re.DOTALL)
        tool, pattern = found.groups() if found else ("", None)
        if not found:
            what, how = "is no Tool or Tool(pattern)", "mend it: the client skips it"
        elif pattern == "":
            what, how = "is skipped by the client", "write %s, or a pattern" % tool
        elif pattern is not None and tool in COVERED_BY:
            what, how = "never matches", "write %s(%s)" % (COVERED_BY[tool], pattern)
        elif tool in GONE:
            what, how = "names a tool that is gone", "take it out"
        elif tool not in TOOLS and "*" not in tool and not tool.startswith("mcp__"):
            what, how, level = "names a tool not known here", "check how the client spells it", "warning"
        elif tool == "Bash" and len(parts((pattern or "") + " x")) > 1:
            what, how = "never matches: each command is looked at by itself", "write a rule for each command"
        else:
            continue
        yield Finding(name, line, "%s rule %s %s" % (kind, rule, what), how, level)


def check_open_rules(p):
    for _, name, line, rule in p.permissions("allow"):
        pattern, opened = bash_pattern(rule), None
        if pattern.endswith("*"):
            opened = OPENED_BY.get(" ".join(pattern.rstrip("*").split()))
        if not opened and "*" in pattern.split(" ")[0]:
            opened = "any program"
        if rule in ("Edit", "Write", "Edit(//**)"):
            opened = "changing files outside the project too"
        if opened:
            what, how = "allow rule %s opens %s" % (rule, opened), "name the one command or folder you mean"
            yield Finding(name, line, what, how, "warning")


def check_hooks(p):
    named = set()
    for name in p.settings + p.agents:
        value = p.frontmatter(name) if name in p.agents else p.json(name)
        for command in hook_commands(value.get("hooks")):
            for file in HOOK_FILE.findall(command):
                named.add((file, name in p.agents))
                if not os.path.isfile(p.path(file)):
                    what, how = "runs %s, which is not there" % file, AGAIN + ", or take the hook out"
                    yield Finding(name, line_of(p.text(name), re.escape(file)), what, how)
        hooks = value.get("hooks") if isinstance(value.get("hooks"), dict) else {}
        for command in hook_commands([hooks.get("PreToolUse"), hooks.get("PermissionRequest")]):
            ours = command.rstrip("\"'").endswith(".claude/hooks/guard.py") and ".claude/hooks/guard.py" not in p.kept
            if not ours:
                line = line_of(p.text(name), re.escape(json.dumps(command)))
                what, how = "another hook can let through what would ask: %s" % command[:60], "look at what it allows"
                yield Finding(name, line, what, how, "warning")
        if name in p.settings and value.get("disableAllHooks") is True:
            line = line_of(p.text(name), '"disableAllHooks"')
            yield Finding(name, line, "switches every hook off", "take disableAllHooks out", "warning")
    gate = "tdd" in p.fact("methodology", list) and p.agent and p.agent_tools & {"Edit", "Write"}
    for file, in_agent, wanted in (("guard.py", False, p.held), ("tdd_gate.py", True, gate)):
        file = ".claude/hooks/" + file
        if file in p.kept:
            how = "rename it, and take it out of kept: copier update -r :current: --ask kept"
            yield Finding(file, 1, "is yours, so ours of that name does not run", how, "warning")
        elif wanted and os.path.isfile(p.path(file)) and (file, in_agent) not in named:
            yield Finding(AGENT if in_agent else SETTINGS, 1, "no hook runs %s" % file, AGAIN)


# --- checks of commands


def check_commands_known(p):
    """A rule knows every command of CLAUDE.md, and every command of project.json is there."""
    name, heading, found = p.commands()
    if name in p.kept:
        return  # a person's own text
    if not heading:
        if p.text(p.claude_md):
            yield Finding(name, 1, "has no section ## Commands", AGAIN, "warning")
        return
    for key, command in p.fact("commands", dict).items():
        if isinstance(command, str) and command and command not in [command for _, command in found]:
            what = "%s is `%s` in %s, and not here" % (key, command, FACTS)
            yield Finding(name, heading, what, "write it so, or answer anew: copier update -r :current:")
    if not p.held or "Bash" not in p.agent_tools:
        return
    denied = [bash_pattern(rule) for *_, rule in p.permissions("deny")]
    known = [bash_pattern(rule) for *_, rule in p.permissions("allow", "ask")] + ["cd *"]
    for line, part in ((line, part) for line, command in found for part in parts(command)):
        if any(fits(part, pattern) for pattern in denied):
            yield Finding(name, line, "a deny rule forbids `%s`" % part, "take the command or the rule out")
        elif not any(fits(part, pattern) for pattern in known):
            how = "add Bash(%s) to allow or ask there" % part
            yield Finding(name, line, "no rule in %s knows `%s`" % (SETTINGS, part), how)


def call(command):
    """(program and subcommand, the command up to there with its runner): both str."""
    runners = ("uv", "poetry", "npx", "run", "exec", "python", "python3", "-m", "npm", "pnpm", "yarn")
    words = command.split()
    at = next((at for at, word in enumerate(words[:-1]) if word not in runners), len(words) - 1)
    named = re.match(r"docker compose [a-z]+|\S+(?: [a-z][a-z:_-]*(?!\S))?", " ".join(words[at:]))[0]
    return named, " ".join([*words[:at], named])


def check_agent_agrees(p):
    """A program that the agent's text and CLAUDE.md both name is called the same way in both."""
    name, _, found = p.commands()
    known = [(*call(part), part) for _, command in found for part in parts(command)]
    for number, line in enumerate(p.text(AGENT).split("\n"), 1):
        for said in re.findall(r"`([^`\s]+ [^`]*\S)`", line):
            program, way = call(said)
            same = [part for other, _, part in known if other == program]
            if same and way not in [other for _, other, _ in known]:
                what = "says `%s` where %s says `%s`" % (said, name, same[0])
                yield Finding(AGENT, number, what, "make the two agree")


def check_commands_run(p):
    """The script, target or file that a command of CLAUDE.md needs is there."""
    name, _, found = p.commands()
    for line, command in found if p.begun else ():
        folder = ""
        for words in map(str.split, parts(command)):
            if words[0] == "cd" and len(words) == 2:
                folder = os.path.join(folder, words[1].strip("\"'"))
                continue
            lack = what_lacks(p, folder, words)
            if lack:
                yield Finding(name, line, "`%s`: %s" % (command, lack), "add it, or mend the command")


def what_lacks(p, folder, words):
    """What a simple command (list of words) run in `folder` needs and does not find there (str), or None."""

    def first(*names):
        return next((name for name in names if os.path.exists(os.path.join(p.root, folder, name))), None)

    script = words[2:3] if words[1:2] == ["run"] else [w for w in words[1:2] if w in ("test", "start")]
    if words[0] in ("npm", "pnpm", "yarn") and script and script[0][0] != "-":
        scripts = p.json(os.path.join(folder, "package.json")).get("scripts")
        if not first("package.json"):
            return "there is no package.json"
        if isinstance(scripts, dict) and script[0] not in scripts:
            return "package.json has no script %s" % script[0]
    if words[0] == "make" and not {"-C", "-f"} & set(words):
        makefile = first("GNUmakefile", "makefile", "Makefile")
        text = p.text(os.path.join(folder, makefile)) if makefile else ""
        targets = " ".join(re.findall(r"^([^\s#:=][^#:=\n]*):(?!=)", text, re.MULTILINE)).split()
        goals = [word for word in words[1:] if re.fullmatch(r"[A-Za-z][\w.-]*", word)]
        computed = re.search(r"^-?include\b|[%$]", " ".join(targets) + "\n" + text, re.MULTILINE)
        if not makefile:
            return "there is no Makefile"
        if goals and goals[0] not in targets and not computed:
            return "the Makefile has no target %s" % goals[0]
    for word in words:
        if re.fullmatch(r"(?:[\w.-]+/)*manage\.py", word) and not first(word):
            return "there is no %s" % word
    if words[:2] == ["docker", "compose"] or words[0] == "docker-compose":
        named = re.findall(r"(?:^| )(?:-f|--file)[ =](\S+)", " ".join(words))
        if not first(*named or ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")):
            return "there is no %s" % (named[0] if named else "compose.yaml")
    return None


# --- settings beside a person's own


def absent(theirs, ours):
    """Entries of our list that theirs lacks; a hook group is there if one with its matcher runs it."""

    def runs(group):
        return group.get("matcher", ""), set(hook_commands(group))

    groups = [runs(group) for group in theirs if isinstance(group, dict) and "hooks" in group]
    for item in ours:
        matcher, commands = runs(item) if isinstance(item, dict) and "hooks" in item else (None, set())
        if item not in theirs and not any(matcher == other and commands <= more for other, more in groups):
            yield item


def merged(theirs, ours):
    """Theirs with what of ours it lacks: keys added, lists joined, theirs first; the rest stays theirs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        both = {key: merged(value, ours[key]) for key, value in theirs.items() if key in ours}
        return {**theirs, **both, **{key: value for key, value in ours.items() if key not in theirs}}
    if isinstance(theirs, list) and isinstance(ours, list):
        return theirs + list(absent(theirs, ours))
    return theirs


def gaps(theirs, ours, where=""):
    """(dotted key, our missing entries (list), level) wherever settings of theirs fall short of ours."""
    for key, value in ours.items():
        dotted, there = (where + "." + key).lstrip("."), theirs.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from gaps(there, value, dotted)
        elif key not in theirs:
            yield dotted, value if isinstance(value, list) else [value], "error"
        elif isinstance(value, list) and isinstance(there, list):
            yield dotted, list(absent(there, value)), "error"
        elif value != there and key != "$schema":
            yield dotted, [value], "warning"


def check_in_force(p):
    for dotted, missing, level in gaps(p.json(SETTINGS), p.json(p.ours)) if p.held else ():
        words = [item if isinstance(item, str) else json.dumps(item) for item in missing]
        shown = ", ".join(words[:3]) + (" and %d more" % (len(words) - 3) if words[3:] else "")
        line = line_of(p.text(SETTINGS), re.escape('"%s"' % dotted.split(".")[-1]))
        how = MERGE if level == "error" else "yours stays unless you change it"
        if missing:
            yield Finding(SETTINGS, line, "%s: ours is not in force: %s" % (dotted, shown), how, level)


def merge_settings(p, dry_run):
    """Puts p.ours into .claude/settings.json and prints the difference; CannotLook when that is not safe."""
    target, root = os.path.realpath(p.path(SETTINGS)), os.path.realpath(p.root)
    if os.path.commonpath([target, root]) != root:
        raise CannotLook("%s links to a file outside the project: merge it by hand" % SETTINGS)
    for fault in [*check_texts(p), *check_json(p)]:
        if fault.file in (SETTINGS, p.ours):
            raise CannotLook("%s:%d: %s: mend that first, nothing was changed" % fault[:3])
    old, value = p.text(SETTINGS), merged(p.json(SETTINGS), p.json(p.ours))
    if p.ours not in p.settings or (old and value == p.json(SETTINGS)):
        print("Nothing to merge: %s lacks nothing of ours." % SETTINGS)
        return
    new = like(old or p.text(p.ours), value)
    lines = (text.replace("\r\n", "\n").split("\n") for text in (old, new))
    for line in difflib.unified_diff(*lines, SETTINGS, SETTINGS + " merged", lineterm=""):
        print(line)
    if not dry_run:
        write(target, new)
    print("Nothing was written." if dry_run else "Merged into %s." % SETTINGS)


def like(old, value):
    """`value` as JSON text in the style of the JSON text `old`: indent, line ends, final newline."""
    found = re.search(r"\n([ \t]+)\S", old)
    indent = found[1] if found else 2
    new = json.dumps(value, indent=indent, ensure_ascii=False)
    if re.search("[\ud800-\udfff]", new):  # half a surrogate pair has no UTF-8
        new = json.dumps(value, indent=indent)
    new += "\n" if old.endswith("\n") else ""
    return new.replace("\n", "\r\n") if "\r\n" in old else new


def write(target, text):
    """Replaces the file `target` in one step and keeps its mode; OSError leaves it as it was."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        os.chmod(temporary, os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o644)
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise


CHECKS = [check_texts, check_json, check_present, check_frontmatter, check_tools, check_leftover_jinja]
CHECKS += [check_dead_rules, check_open_rules, check_hooks, check_in_force, check_commands_known]
CHECKS += [check_agent_agrees, check_commands_run, check_rules_reach, check_secrets]


def clean(text):
    """Text without control characters: anyone may have written the names and contents it quotes."""
    return "".join(char if char.isprintable() else "?" for char in text)


def report(p, as_json):
    """Prints what the checks find; the exit code."""
    found = [
        {"file": clean(f.file), "line": f.line, "level": f.level, "what": clean(f.what), "how": clean(f.how)}
        for f in dict.fromkeys(finding for check in CHECKS for finding in check(p))
    ]
    errors = sum(finding["level"] == "error" for finding in found)
    if as_json:
        result = {"findings": found, "ok": not errors and not p.blind}
        print(json.dumps({**result, "error": p.blind} if p.blind else result, indent=2))
    else:
        for f in found:
            mark = "warning: " if f["level"] == "warning" else ""
            print("%s:%d: %s%s; %s" % (f["file"], f["line"], mark, f["what"], f["how"]))
        print("Findings: %d. Warnings: %d." % (errors, len(found) - errors))
        if p.blind:
            print("doctor: " + p.blind, file=sys.stderr)
    return 1 if errors else 2 if p.blind else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--merge-settings", action="store_true", help="put our settings into yours")
    parser.add_argument("--dry-run", action="store_true", help="only show what --merge-settings would do")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        p = Project(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        if not options.merge_settings:
            return report(p, options.json)
        merge_settings(p, options.dry_run)
        return 0
    except CannotLook as why:
        problem = str(why)
    except Exception as fault:  # whatever the files hold, a person gets a sentence
        problem = "gave up on its own fault: %s: %s" % (type(fault).__name__, fault)
    if options.json:
        print(json.dumps({"findings": [], "ok": False, "error": problem}))
    print("doctor: " + clean(problem), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
