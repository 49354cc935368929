#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""PreToolUse hook: keeps secret files unread and committed migrations as they are.

Reads the client's JSON from standard input (`tool_name`, `tool_input`, `cwd`) and `project.json` beside this
file. Exit 2 with one sentence on standard error refuses the call, a JSON object on standard output asks the
person, silence lets the client's own rules decide. What it does not understand passes with exit 0.

- A secret is a file that a gitignore-style pattern of `project.json` names, at any depth, by its own name or
  through a link. Whether a search, a glob or an archive reaches one is decided by the files that are there;
  what a git command shows, by asking git for the names in it.
- A migration that HEAD holds is append-only; a new one is free until it is committed.
- A project command asks when the words added to it make it run, or write, something else.
- A command that settings.json denies or asks for asks also inside `bash -c`, a heredoc, `xargs` and the like.

What it cannot see, and what the OS sandbox (level `sandboxed`) is for: what a program does by its own code
(a test, a script file, a git hook), names that are encoded, computed or read from a file, variables and
functions of another call, aliases of the shell or of git, `git apply` and other patches, writing from an
interpreter's code, hard links, links to folders, other machines and containers, copies of a secret under
another name, files that come into being during the call, secrets beyond the first 20,000 entries of a folder.
Listing names (`ls`, `find`, the Glob tool, `grep -l`) is free.
"""
import json
import os
import re
import sys

EXAMPLES = (".env.example", ".env.sample", ".env.template")
PRUNED = {"node_modules", ".venv", "venv", ".git", "__pycache__", ".tox", ".nox", ".mypy_cache", ".gradle"}
PROTECTED = [".claude/settings*.json", ".claude/hooks/**", ".github/**", ".gitlab-ci.yml"]
MAX_ENTRIES, MAX_WORDS, MAX_DEPTH, SECONDS = 20000, 200, 20, 2

# Programs that run the words after them, with their short options that take a value.
WRAPPERS = {
    "env": "uCS", "command": "", "builtin": "", "exec": "a", "nohup": "", "nice": "n", "ionice": "cnp",
    "timeout": "ks", "sudo": "ugpCDRTh", "doas": "uC", "time": "fo", "stdbuf": "ioe", "setsid": "",
    "busybox": "", "caffeinate": "tw", "unbuffer": ""}
RUNNERS = ["uv run", "poetry run", "pdm run", "pipenv run", "hatch run", "bundle exec", "pnpm exec",
           "yarn exec", "npx", "bunx"]
OPENERS, CLOSERS = {"for", "while", "until", "if", "case", "select", "{"}, {"done", "fi", "esac", "}"}
KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "coproc", "(", ")"} | CLOSERS
INTERPRETERS = re.compile(
    r"(python|pypy|node|deno|bun|tsx|ts-node|ruby|perl|php|lua|psql|mysql|sqlite3|ed|ex)[\d.]*")
NAMES_ONLY = {"stat", "test", "[", "[[", "basename", "dirname", "realpath", "readlink", "mkdir", "echo",
              "printf", "which", "type", "tree"}
PASS_ON = {"cat", "sort", "uniq", "head", "tail", "tac", "tr", "cut", "awk", "nl", "rev", "shuf"}
# Programs whose words with a blank in them are titles and messages.
TITLED = {"gh", "glab", "pytest", "vitest", "jest", "mocha", "playwright", "alembic", "prisma"}
LONG_WITH_VALUE = {
    "--after-context", "--ansi", "--before-context", "--context", "--directory", "--env-file", "--exclude",
    "--exclude-dir", "--file", "--files-from", "--glob", "--iglob", "--include", "--max-count", "--max-depth",
    "--message", "--profile", "--progress", "--project-directory", "--project-name", "--regexp", "--sort",
    "--target-directory", "--type", "--type-add", "--type-not"}

# git: what shows no content, what prints names or ids, what shows content with a patch option, or without.
GIT_QUIET = {"check-attr", "branch", "shortlog", "remote", "fetch", "pull", "push", "switch"}
GIT_FILES = {"ls-files", "ls-tree", "status", "check-ignore"}
GIT_REVISIONS = {"merge-base", "rev-parse", "rev-list", "describe"}
GIT_LOGS = {"log", "whatchanged", "reflog", "diff-tree", "diff-index", "diff-files"}
GIT_SHOWS = {"show", "diff", "difftool", "format-patch", "range-diff"}
GIT = ["git", "--no-pager", "-c", "core.quotepath=off", "-c", "core.fsmonitor=false"]
PATCH = re.compile(r"-p|-u|--pat.*|-U\d*|--unified.*|-L.*|-c|--cc|--dd|--remerge-diff|--binary|--check")
SUMMARY = re.compile(r"--stat.*|--name-(only|status)|--numstat|--shortstat|--dirstat.*|--summary|--raw|-s"
                     r"|--no-patch|--quiet|--compact-summary")
# What the same command must lose to print names alone.
SHAPE = re.compile(r"-p|-u|--pat.*|-U\d*|--unified.*|-L.*|--binary|--check|--format.*|--pretty.*|--oneline"
                   r"|--graph|--outp.*|--ext-diff|--textconv|--show-sig.*|-z|--exit-code|--color.*|--stdout"
                   r"|--abbrev-commit|--decorate.*|--word-diff.*|" + SUMMARY.pattern)

# Runners whose further words are further goals, with their options that take the next word.
GOALS = {
    "make": "-j -l -o -W", "gmake": "-j -l -o -W", "just": "", "task": "", "ant": "-logger -lib", "sbt": "",
    "mvn": "-pl -P -T -rf -l", "mvnw": "-pl -P -T -rf -l", "gradle": "--tests -x -P --max-workers",
    "gradlew": "--tests -x -P --max-workers", "rake": "", "invoke": "", "inv": "", "doit": "",
    "nox": "-k -p", "tox": "-e", "run-s": "", "run-p": ""}
# Options that make an allowed command run or write something else: programs, options, what they do.
OPEN_OPTIONS = [
    ("make gmake", "-C --directory -f --file --makefile --eval -I -E", "runs another makefile"),
    ("just", "-f --justfile -d --working-directory -c --command --shell", "runs another justfile or command"),
    ("task", "-t --taskfile -d --dir -g --global", "runs another Taskfile"),
    ("mvn mvnw", "-f --file -s --settings -gs", "runs another build file"),
    ("gradle gradlew", "-p --project-dir -b -I --init-script --include-build", "runs another build file"),
    ("nox tox rake ant", "-f --noxfile -c --conf --rakefile -buildfile -file", "runs another build file"),
    ("npm pnpm yarn", "--prefix -C --dir --cwd --script-shell --userconfig --globalconfig",
     "runs the scripts of another folder or another shell"),
    ("go", "-exec -toolexec -overlay -vettool", "runs another program"),
    ("cargo", "--config --manifest-path", "runs another package or program"),
    ("pytest", "--basetemp", "empties the folder it names"),
    ("git", "--output --outpu --outp --ext-diff --textconv --open-files-in-pager",
     "writes a file or runs a program"),
]


# Commands whose last `.` stands for any path.
ANY_PATH = {"test", "lint", "format", "typecheck"}


class Refuse(Exception):
    """The call must not run; the message says why and what to do instead."""


class Unsure(Exception):
    """git did not answer in time, so the person decides."""


# Text helpers

# Quoted special characters, and expansions, travel through words as private-use characters.
HIDE = {ord(char): 0xE000 + ord(char) for char in "*?[]{}~,"}
SHOW = {code: char for char, code in HIDE.items()}
EXPANSION = 0xF0000
MARKER = re.compile("([\U000F0000-\U000FFFFD])")
OPERATOR = r"&&|\|\||;;|\|&|&>>|&>|<<<|<<-|<<|>>|>\||<>|>&|<&|[;|&<>()\n]"
GLOB = re.compile(r"[*?\[]")
CLASS = re.compile(r"\[([!^]?)(\]?(?:\[:\w+:\]|[^\]/])+)\]")


def hide(text):
    return text.translate(HIDE)


def glob_regex(pattern, crossing=False):
    """Regex text of a glob: `*` stays within a folder unless `crossing`; `**/` is any folders or none."""
    if pattern.count("*") > 12:  # a regex that could take for ever
        return ".*"
    out, at, one = [], 0, "." if crossing else "[^/]"
    while at < len(pattern):
        found = CLASS.match(pattern, at)
        if found:
            negated, body = found.groups()
            body = "[" + ("^" if negated else "") + body.replace("\\", "\\\\").replace("[", "\\[") + "]"
            out.append(one if "[:" in found.group() else body)
            at = found.end()
            continue
        piece = re.compile(r"\*\*/|\*\*|.", re.S).match(pattern, at).group()
        out.append({"**/": "(?:.*/)?", "**": ".*", "*": one + "*", "?": one}.get(piece) or re.escape(piece))
        at += len(piece)
    return "".join(out)


def matcher(globs, head="", tail=""):
    """One regex for a list of globs."""
    try:
        texts = [head + glob_regex(glob.strip("/")) + tail for glob in globs]
        return re.compile("|".join("(?:" + text + ")" for text in texts) or "(?!)", re.I | re.S)
    except re.error:
        return re.compile("(?!)")


def gitignore(globs):
    """Matches paths at any depth, and everything below a folder that a pattern names."""
    return matcher(globs, "(?:.*/)?", "(?:/.*)?")


def loose_match(glob, name):
    """True if a glob whose `*` crosses folders (--exclude, pathspecs) takes a name or a folder above it."""
    parts = name.split("/")
    try:
        return any(re.fullmatch(glob_regex(glob.rstrip("/"), True), "/".join(parts[:end]), re.S)
                   for end in range(1, len(parts) + 1))
    except re.error:
        return True


def braces(text):
    """Brace expansion: lists and one-letter ranges, innermost first."""
    done, todo = [], [text] if text.count("{") < 50 else [hide(text)]
    while todo and len(done) + len(todo) < MAX_WORDS:
        text = todo.pop(0)
        found = re.search(r"\{([^{}]*)\}", text)
        span = found and re.fullmatch(r"(\w)\.\.(\w)", found.group(1))
        if not found:
            done.append(text)
            continue
        if span:
            low, high = sorted(map(ord, span.groups()))
            parts = [chr(code) for code in range(low, min(high, low + 64) + 1)]
        else:
            parts = found.group(1).split(",") if "," in found.group(1) else [hide(found.group())]
        todo += [text[:found.start()] + part + text[found.end():] for part in parts]
    return done + todo


def options(args, short="", first=False):
    """([(option, value or None)], operands) of some arguments; with `first`, all after one operand are."""
    found, rest, at = [], [], 0
    while at < len(args):
        arg, following = args[at], args[at + 1] if at + 1 < len(args) else ""
        at += 1
        if arg == "--":
            return found, rest + list(args[at:])
        if arg.startswith("--"):
            name, equals, value = arg.partition("=")
            takes = name in LONG_WITH_VALUE and not equals
            at += takes
            found.append((name, following if takes else value if equals else None))
        elif arg.startswith("-") and len(arg) > 1:
            flags = re.match("[^" + short + "]*" if short else ".*", arg[1:], re.S).group()
            found += [("-" + letter, None) for letter in flags]
            if len(flags) < len(arg) - 1:
                glued = arg[len(flags) + 2:]
                at += not glued
                found.append(("-" + arg[len(flags) + 1], glued or following))
        elif first:
            return found, list(args[at - 1:])
        else:
            rest.append(arg)
    return found, rest


def rule_matches(rule, text):
    """Whether the inside of a rule Bash(...) takes a command; `x *` takes the bare `x` too."""
    rule = rule[:-2] + " *" if rule.endswith(":*") else rule
    head, *middle = rule.split("*")
    if not middle or (rule.count("*") == 1 and rule.endswith(" *") and text == rule[:-2]):
        return text in (rule, rule[:-2])
    at, tail = len(head), middle.pop()
    for part in middle:
        at = text.find(part, at) + len(part) if part in text[at:] else len(text) + 1
    return text.startswith(head) and text.endswith(tail) and at + len(tail) <= len(text)


def values(found, *names):
    return [value for name, value in found if name in names and value]


def taken(name, includes, excludes):
    """Whether --include and --exclude leave a file in."""
    tails = [name[at:] for at in [0] + [found.end() for found in re.finditer("/", name)]]
    return not any(loose_match(glob, tail) for glob in excludes for tail in tails) and (
        not includes or any(loose_match(glob, tails[-1]) for glob in includes))


def answer(command, cwd, text=""):
    """(exit code, output split at NUL and newline) of a program that only reads."""
    import subprocess

    environment = dict(os.environ, GIT_OPTIONAL_LOCKS="0")
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, timeout=SECONDS, input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Unsure("Asks because it took too long to see whether this reaches a secret file.") from None
    except (OSError, ValueError):
        return 127, []
    lines = done.stdout.decode("utf-8", "replace").replace("\0", "\n").split("\n")
    return done.returncode, list(filter(None, lines))


class Project:
    """What project.json says, and the files of the repository that holds it."""

    def __init__(self, root, data):
        def texts(value):
            return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

        def mapping(value):
            return value if isinstance(value, dict) else {}

        paths, commands = mapping(data.get("paths")), mapping(data.get("commands"))
        secrets = [text for text in texts(data.get("secrets")) if not text.startswith("!")]
        self.root, self.real_root, self.found = root, resolved(root), {}
        self.commands = {key: text for key, text in commands.items() if isinstance(text, str)}
        self.literal = gitignore([text for text in secrets if not GLOB.search(text)])
        self.any = gitignore(secrets)
        self.last = matcher([re.sub("/?[*][*]$", "", text.strip("/")).split("/")[-1] for text in secrets])
        free = [text[1:] for text in texts(data.get("secrets")) if text.startswith("!")]
        self.free = gitignore([*EXAMPLES, *free])
        both = [("", text) for text in secrets] + [("exclude,", text) for text in [*EXAMPLES, *free]]
        self.pathspecs = [f":(top,{magic}glob,icase)**/{text.strip('/')}{end}"
                          for magic, text in both for end in ("", "/**")]
        globs = [part for text in texts(paths.get("migrations")) for part in braces(text)]
        self.migrations = matcher(globs, "(?:.*/)?")
        protected = [text.strip("/") for text in texts(data.get("protected"))] or PROTECTED
        above = [text[:found.start()] for text in protected for found in re.finditer("/", text)]
        self.protected, self.protected_folders = matcher(protected), matcher(protected + above)
        heads = [text.split("/")[0] for text in texts(paths.get("source")) if "/" in text]
        self.source = next((head for head in heads if not GLOB.search(head)), "src")

    def relative(self, path):
        """The path below the project with forward slashes, or the whole path outside it."""
        for root in (self.root, self.real_root):
            if path == root or path.startswith(root + os.sep):
                return path[len(root) + 1:].replace(os.sep, "/")
        return path.replace(os.sep, "/").lstrip("/")

    def secret(self, path, cwd, unseen=False):
        """The secret that a path names, or None; for a wildcard the file must exist, unless `unseen`."""
        if not path or "\0" in path or len(path) > 4096:
            return None
        lexical = os.path.normpath(os.path.join(cwd, os.path.expanduser(path)))
        exists = os.path.lexists(lexical)
        for place in [lexical] + ([resolved(lexical)] if exists else []):
            name = self.relative(place)
            if self.free.fullmatch(name) or os.path.isdir(place):
                continue
            if self.literal.fullmatch(name) or ((unseen or exists) and self.any.fullmatch(name)):
                return name
        return None

    def secrets_under(self, folder):
        """Absolute paths of the secret files in a folder, nearest first; folders of tools are left out."""
        folder = os.path.normpath(folder)
        if folder not in self.found:
            tools = PRUNED & set(self.relative(folder).split("/"))
            hits, queue, seen = [], [] if tools else [folder], 0
            while queue and seen < MAX_ENTRIES:
                place = queue.pop(0)
                entries = listing(place)
                seen += len(entries)
                inside = self.any.fullmatch(self.relative(os.path.join(place, "x")))
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        queue += [entry.path] if entry.name not in PRUNED else []
                    elif inside or self.last.fullmatch(entry.name) or entry.is_symlink():
                        hits += [entry.path] if self.secret(entry.path, folder) else []
            if queue:
                tracked = self.git(folder, "ls-files", "-z", "--", *self.pathspecs)[1]
                hits += [os.path.join(folder, name) for name in tracked if self.secret(name, folder)]
            self.found[folder] = hits
        return self.found[folder]

    def searched(self, folder, names, globs, hidden, ignored):
        """Those files below a folder that ripgrep, run there, reads: the last glob that matches decides."""
        sure, open_names = [], []
        globs = [part for text in globs for part in braces(text)]
        for name in names:
            hits = [glob for glob in globs if gitignore([glob.lstrip("!")]).fullmatch(name)]
            if hits:
                sure += [name] if not hits[-1].startswith("!") else []
            elif all(glob.startswith("!") for glob in globs) and (hidden or not re.search(r"(^|/)\.", name)):
                open_names.append(name)
        # Inside an ignored folder that is searched by its name nothing counts as ignored.
        skipped = self.ignored(folder, open_names, "--no-index") if open_names and not ignored else []
        return sure + [name for name in open_names if name not in skipped]

    def ignored(self, folder, names, *options):
        """Those names that git ignores, unless it ignores the folder itself."""
        found = answer([*GIT, "check-ignore", *options, "-z", "--stdin"], folder, "\0".join([".", *names]))[1]
        return [] if "." in found else found

    def named(self):
        """The insides of the rules Bash(...) that settings.json denies or asks for."""
        try:
            with open(os.path.join(self.root, ".claude", "settings.json"), encoding="utf-8") as file:
                permissions = json.load(file)["permissions"]
            rules = [rule for kind in ("deny", "ask") for rule in permissions.get(kind, [])]
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return []
        return [rule[5:-1] for rule in rules if isinstance(rule, str) and rule.startswith("Bash(")]

    def git(self, cwd, *args):
        return answer([*GIT, *args], cwd)

    def committed(self, path, cwd):
        """The committed migration that a path is, or that a folder holds; None if git's HEAD has none."""
        lexical = os.path.normpath(os.path.join(cwd, os.path.expanduser(path)))
        for place in {lexical, resolved(lexical)} if "\0" not in path else ():
            folder, spec = place, []
            if not os.path.isdir(place):
                if not self.migrations.fullmatch(self.relative(place)):
                    continue
                folder = os.path.dirname(place)
                while not os.path.isdir(folder) and folder != os.path.dirname(folder):
                    folder = os.path.dirname(folder)
                spec = ["--", os.path.relpath(place, folder)]
            for name in self.git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD", *spec)[1]:
                name = self.relative(os.path.join(folder, name))
                if self.migrations.fullmatch(name) and os.path.basename(name) != "__init__.py":
                    return name
        return None

    # Refusals

    def refuse_read(self, name):
        example = next((text for text in EXAMPLES if os.path.exists(os.path.join(self.root, text))), None)
        way = f"read {example} for the names in it" if example else "ask the person for what you need from it"
        raise Refuse(f"Refused: {name} is a secret file; {way}.")

    def refuse_reach(self, name, what, way):
        raise Refuse(f"Refused: this {what} reaches the secret file {name}; {way}.")

    def refuse_change(self, name):
        raise Refuse(f"Refused: this would change the secret file {name}; ask the person to do it.")

    def keep_migration(self, name):
        if name:
            command = self.commands.get("new_migration")
            way = f" with `{command}`" if command else ""
            raise Refuse(f"Refused: {name} is a committed migration and stays so; write a new one{way}.")


def resolved(path):
    try:
        return os.path.realpath(path)
    except OSError:  # a link that may not be read
        return path


def listing(folder):
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


# Shell text

class Word(str):
    """A word as the program gets it; `pattern` is its text with quoted characters hidden, if it is a glob."""

    pattern = None


class Command:
    """A simple command: `upstream` feeds its input, `names` and `text` are what is known of its output."""

    def __init__(self, *words):
        self.words, self.redirects, self.upstream, self.names, self.text = list(words), [], [], [], ""


class Parser:
    """Splits shell text into commands. `expansions` holds what the marker characters in words stand for."""

    def __init__(self, text, expansions):
        self.text, self.at, self.expansions, self.heredocs = MARKER.sub("", text), 0, expansions, []

    def take(self, regex):
        """The text that matches here, or an empty string; moves past it."""
        found = re.compile(regex, re.S).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found.group() if found else ""

    def marker(self, kind, payload):
        self.expansions.append((kind, payload))
        return chr(EXPANSION + min(len(self.expansions) - 1, 0xFFFD))

    def parse(self, end=""):
        """The commands up to `end`, flat and in order; `(` and `)` stay among them."""
        commands, groups, current = [], [], Command()
        while True:
            self.take(r"(?:[ \t\r]|\\\n)+")
            self.take(r"#[^\n]*")
            sign = "" if self.text[self.at:self.at + 2] in ("<(", ">(") else self.take(OPERATOR)
            if sign[:1] in ("<", ">") or sign[:2] == "&>":
                self.redirect(current, sign)
                continue
            if not sign and self.at < len(self.text):
                current.words.append(self.word())
                continue
            for word in current.words:  # what a loop or a group prints feeds the command after it
                if word in OPENERS:
                    groups.append((word, len(commands)))
                elif word in CLOSERS and groups:
                    current.upstream = current.upstream + commands[groups.pop()[1]:]
                    for command in current.upstream[:1]:
                        command.redirects += [pair for pair in current.redirects if pair[0][0] == "<"]
                elif word not in KEYWORDS:
                    break
            if current.words or current.redirects:
                commands.append(current)
            before, current = current, Command()
            current.upstream = [before] if sign in ("|", "|&") else [] if before.words else before.upstream
            if sign == "(":
                groups.append(("(", len(commands)))
                commands.append(Command("("))
            elif sign == ")" and any(kind == "(" for kind, _ in groups):
                while groups[-1][0] != "(":
                    groups.pop()
                current = Command(")")
                current.upstream = commands[groups.pop()[1]:]
            elif sign == "\n":
                self.read_heredocs()
            elif not sign or (sign == ")" and end):
                return commands

    def redirect(self, current, sign):
        if current.words and current.words[-1].isdigit() and self.text[self.at - len(sign) - 1].isdigit():
            current.words.pop()  # the number of a descriptor
        self.take(r"[ \t]+")
        start = self.at
        target = self.word() if self.at < len(self.text) else ""
        if sign in ("<<", "<<-"):
            quoted = re.search(r"['\"\\]", self.text[start:self.at])
            self.heredocs.append((current, target.translate(SHOW), quoted))
        elif not (sign in (">&", "<&") and re.fullmatch(r"\d*-?", target)):
            current.redirects.append((sign, target))

    def read_heredocs(self):
        for command, delimiter, quoted in self.heredocs:
            body = self.take(r".*?(?<![^\n])\t*" + re.escape(delimiter) + r"(?:\n|$)") or self.take(".*")
            body = hide(body) if quoted else Parser(body, self.expansions).quoted()
            command.redirects.append(("<<", body))
        self.heredocs = []

    def word(self):
        out = ""
        while self.at < len(self.text):
            char, pair = self.text[self.at], self.text[self.at:self.at + 2]
            if pair in ("<(", ">("):
                self.at += 2
                out += self.marker("pipe", self.parse(")"))
            elif char == "(" and out[-1:] == "=":  # an array: its values stand like a brace expansion
                self.at += 1
                items = [word for command in self.parse(")") for word in command.words]
                out += "{" + ",".join(items) + ",}"
            elif char == "(" and out and out[-1] in "@+*?!":  # an extended glob: any text
                self.take(r"\([^()]*\)?")
                out = out[:-1] + "*"
            elif char in " \t\r\n;|&<>()":
                return out or self.take("[;|&<>()]?")
            else:
                self.at += 1
                if char == "'":
                    out += hide(self.take("[^']*"))
                    self.at += 1
                elif char == '"':
                    out += self.quoted('"')
                elif char == "\\":
                    out += hide(self.take(".").replace("\n", ""))
                elif char in "$`":
                    out += self.expansion(char)
                else:
                    out += char + self.take(r"[\w./=:-]*")
        return out

    def quoted(self, stop=""):
        """Text up to `stop` in which only expansions are special."""
        out = ""
        while self.at < len(self.text):
            out += hide(self.take(r'[^\\$`"]+'))
            char = self.take(".")
            if char and char == stop:
                break
            if char == "\\":
                following = self.take(".")
                out += hide(following if following in '$`"\\' else (char + following).replace("\\\n", ""))
            else:
                out += self.expansion(char, "quoted ") if char in ("$", "`") else char
        return out

    def expansion(self, char, quote=""):
        """A marker for the substitution or the variable whose first character was just read."""
        if char == "`":
            text = re.sub(r"\\([`$\\])", r"\1", self.take(r"(?:[^`\\]|\\.)*"))
            self.at += 1
            return self.marker(quote + "run", Parser(text, self.expansions).parse())
        if self.take(r"\("):
            return self.marker(quote + "run", self.parse(")"))
        if self.take("'"):
            text = self.take(r"(?:[^'\\]|\\.)*")
            self.at += 1
            return hide(re.sub(r"(?s)\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", ansi_c, text))
        if self.take(r"\{"):
            name = re.sub(r"\W", "", self.take(r"[!#]?(?:\w+|[@*#?])(?:\[[^\]]*\])?").split("[")[0])
            sign = self.take(r":?[-=+]")
            default = self.take(r"""(?:[^{}"']|"[^"]*"|'[^']*'|\{[^{}]*\}|["'])*""")
            self.take(r"\}")
            default = Parser(default, self.expansions).quoted() if sign else ""
            return self.marker(quote + "name", (name, default))
        name = self.take(r"[A-Za-z_]\w*|[\d@*#?!$-]")
        return self.marker(quote + "name", (name, "")) if name else "$"


def ansi_c(found):
    text = found.group(1)
    if text[0] in "xu" and len(text) > 1:
        return chr(int(text[1:], 16))
    return chr(int(text, 8)) if text[0] in "01234567" else {"n": "\n", "t": "\t"}.get(text, text)


class Shell:
    """Looks at the commands of one Bash call in order, with their folder and their plain variables.

    A `do_` method judges one kind of program and returns the file names that the program prints.
    """

    def __init__(self, project, cwd):
        self.project, self.cwd, self.text = project, cwd, ""
        self.expansions, self.variables, self.asks, self.depth = [], {}, [], 0
        # Whether another command reads what the one at hand prints, and whether that one reads another's.
        self.wanted = self.piped = False
        # Whether the client sees the command at hand by itself, and holds it to its rules.
        self.seen = True
        self.bypass = False

    def script(self, text, positional=()):
        """Judges shell text; returns the file names that it prints."""
        if self.depth >= MAX_DEPTH:
            return []
        self.depth += 1
        self.text = self.text or text
        self.variables.update((str(index), [value]) for index, value in enumerate(positional))
        if positional:
            self.variables["@"] = self.variables["*"] = list(positional[1:])
        names = self.run(Parser(text, self.expansions).parse(), self.wanted)
        self.depth -= 1
        return names

    def run(self, commands, wanted=True):
        folders, feeding = [], {id(other) for command in commands for other in command.upstream}
        for command in commands:
            self.wanted = wanted or id(command) in feeding
            if command.words == ["("]:
                folders.append(self.cwd)
            elif command.words[:1] == [")"] and folders:
                self.cwd = folders.pop()
            command.names = self.simple(command)
        return [name for command in commands if id(command) not in feeding for name in command.names]

    def simple(self, command):
        stdin = [name for other in command.upstream for name in other.names]
        texts = [other.text for other in command.upstream if other.text]
        for sign, target in command.redirects:
            if re.match("/dev/(tcp|udp)/", target):
                self.asks.append("it opens a network connection")
            pipe = MARKER.match(target) and self.expansions[ord(target[0]) - EXPANSION]
            if sign in ("<<", "<<<"):
                texts.append("".join(self.meaning(piece)[0] if MARKER.match(piece) else piece
                                     for piece in MARKER.split(target)).translate(SHOW))
                stdin += texts[-1].split()
            elif sign == "<" and pipe and pipe[0] == "pipe":
                stdin += self.run(pipe[1])
            elif sign == "<":
                self.reads(self.expand(target))
            else:
                self.writes(self.expand(target))
        raw = list(command.words)
        while raw and raw[0] in KEYWORDS | {"function"}:
            raw = raw[2 if raw[0] == "function" else 1:]
        words = [word for text in raw for word in self.expand(text)]
        if words[:1] in (["for"], ["select"]):
            self.variables["".join(words[1:2])] = words[3:]
        if words[:1] in (["for"], ["select"], ["case"]):
            return []
        if words and words[0] in ("export", "declare", "local", "typeset", "readonly"):
            words = [word for word in words[1:] if not word.startswith("-")]
        words = self.assign(words)
        command.text = " ".join(words[1:]) if words[:1] in (["echo"], ["printf"]) else "\n".join(texts)
        self.piped = bool(command.upstream or any(sign[0] == "<" for sign, _ in command.redirects))
        self.seen = self.depth == 1
        return self.call(words, stdin, texts)

    def assign(self, words):
        """Takes the assignments off the front; they stay when no command follows."""
        fresh, at = {}, 0
        for word in words:
            found = re.fullmatch(r"(\w+)(?:\[[^\]]*\])?(\+?)=(.*)", word, re.S)
            if not found:
                break
            name, plus, value = found.groups()
            at += 1
            old = self.variables.get(name, []) if plus else []
            fresh.setdefault(name, []).extend([text + value for text in old] + [value])
        if at < len(words):
            self.reads(value for held in fresh.values() for value in held)
        self.variables.update(fresh)
        return words[at:]

    def call(self, words, stdin=(), texts=()):
        """Judges a program with its words; returns the file names that it prints."""
        while words and os.path.basename(words[0]) in WRAPPERS:
            name = os.path.basename(words[0])
            found, words = options(words[1:], WRAPPERS[name], first=True)
            for text in values(found, "-S", "--split-string"):
                self.script(" ".join([text, *words]))
            words = self.assign(words[1:] if name == "timeout" else words)
        if not words:
            return list(stdin)
        seen, self.seen = self.seen, False
        rules = [] if seen else [rule for rule in self.project.named() if rule_matches(rule, " ".join(words))]
        self.asks += [f"the settings name `{rule}`" for rule in rules[:1]]
        words = self.project_command(words)
        for runner in RUNNERS:
            if words[:len(runner.split())] == runner.split():
                _, rest = options(words[len(runner.split()):], first=True)
                self.reads(words[:len(words) - len(rest)])
                words = rest or words
        name, args = os.path.basename(words[0] if words else ""), list(words[1:])
        handler = getattr(self, "do_" + HANDLERS.get(name, name), None)
        if handler:
            return handler(args, list(stdin), list(texts), name) or []
        if name in NAMES_ONLY:
            return args
        if INTERPRETERS.fullmatch(name):
            self.reads(texts)
            archiver = args[:1] == ["-m"] and args[1:2] in (["zipfile"], ["tarfile"])
            self.reaches(self.under(args[2:] if archiver else []), "copy")
        self.plain_writes(name, args)
        self.reads(arg for arg in args if name not in TITLED or not re.search(r"\s", arg))
        return list(stdin) if name in PASS_ON else []

    def project_command(self, words):
        """Asks when added words make a command run something else; returns the words left to judge."""
        at = next((len(runner.split()) for runner in [*RUNNERS, "python -m", "python3 -m"]
                   if words[:len(runner.split())] == runner.split()), 0)
        tool = os.path.basename("".join(words[at:at + 1]))
        until = words.index("--") if "--" in words and tool in ("npm", "pnpm") else len(words)
        for programs, names, danger in OPEN_OPTIONS:
            for word in words[at + 1:until] if tool in programs.split() else []:
                if word.partition("=")[0] in names.split() or (word.startswith("-O") and words[1] == "grep"):
                    self.asks.append(f"{word} {danger}")
        for key, text in self.project.commands.items():
            for command in Parser(text, self.expansions).parse():
                own = [word.translate(SHOW) for word in command.words if not re.match(r"\w+=", word)]
                stop = [at for at, word in enumerate(own) if re.search(r"\b[A-Z][A-Z_]+\b", word)]
                own = own[:stop[0]] if stop else own
                own = own[:-1] if own[-1:] in (["."], ["./..."]) and key in ANY_PATH else own
                if own and words[:len(own)] == own:
                    added = words[len(own):]
                    self.added(key, os.path.basename(own[0]), added)
                    # Added words with a blank are titles and messages; a secret in its own words is meant.
                    added = [word for word in added if not re.search(r"\s", word)]
                    return (own[-1:] if any(map(self.secret_in, own)) else own) + added
        return words

    def added(self, key, name, added):
        """Judges the words added to a project command."""
        until = added.index("--") if "--" in added else len(added)
        for at, word in enumerate(added[:until] if name in GOALS else []):
            value = at and added[at - 1] in GOALS[name].split()
            if not value and not word.startswith("-") and "=" not in word:
                self.asks.append(f"`{word}` is a further goal of {name}")
        files = [word for word in added if not word.startswith("-")]
        if key == "format" or {"--fix", "--write"} & set(added):
            self.writes(files)
        for word in added:
            place = os.path.normpath(os.path.join(self.cwd, word.partition("=")[2] or word))
            if self.project.protected.fullmatch(self.project.relative(place)):
                self.keep_rules(word)

    # Words

    def expand(self, raw):
        """The words that a raw word may become; globs are left to `paths`."""
        outs = [""]
        for piece in MARKER.split(raw):
            choices = self.meaning(piece) if MARKER.match(piece) else [piece]
            outs = [out + choice for out in outs for choice in choices][:MAX_WORDS]
        if MARKER.fullmatch(raw) and self.expansions[ord(raw) - EXPANSION][0] == "name":
            outs += [part for out in outs if re.search(r"\s", out) for part in out.split()]
        words = []
        for text in [text for out in outs for text in braces(out)][:MAX_WORDS]:
            words.append(Word(text.translate(SHOW)))
            words[-1].pattern = text if GLOB.search(text) else None
        return words

    def meaning(self, marker):
        kind, payload = self.expansions[ord(marker) - EXPANSION]
        if kind.endswith("name"):
            name, default = payload
            known = self.variables.get(name) or [value for value in [os.environ.get(name)] if value]
            return [self.cwd] if name == "PWD" else known + [default] * bool(default or not known)
        folder = self.cwd
        names = self.run(payload)
        self.cwd = folder
        return {"run": names, "quoted run": [" ".join(names)]}.get(kind) or [""]

    def paths(self, word):
        """The paths that a word names: itself, or the files that its glob matches."""
        pattern = getattr(word, "pattern", None)
        if not pattern:
            return [word]
        pattern = os.path.expanduser(pattern)
        base = re.match(r"((?:[^/]*/)*?)[^/]*[*?\[]|", pattern).group(1) or ""
        if "**" in pattern:
            folder = os.path.join(self.cwd, base.translate(SHOW))
            regex = matcher([pattern[len(base):].translate(SHOW)])
            return [path for path in self.project.secrets_under(folder)
                    if regex.fullmatch(os.path.relpath(path, folder).replace(os.sep, "/"))]
        found = [base.translate(SHOW)]
        for part in pattern[len(base):].split("/"):
            regex, dotted = matcher([part.translate(SHOW)]), part.startswith(".") or "dotglob" in self.text
            found = [os.path.join(path, name) for path in found for name in (
                [entry.name for entry in listing(os.path.join(self.cwd, path))
                 if regex.fullmatch(entry.name) and (dotted or not entry.name.startswith("."))]
                if GLOB.search(part) else [part.translate(SHOW)])]
        return found

    def secret_in(self, word, unseen=False):
        """The secret that a word names: whole, as a glob, or as a part of an option, an address or code."""
        # A name after a backslash belongs to a regular expression: `\.env`.
        parts = re.findall(r"(?<![\\\w./*?\[\]~+%-])[\w./~*?\[\]+%-]+", word[:100000])
        parts += [part[2:] for part in parts if re.match(r"-\w.", part)]
        for part in [word, *dict.fromkeys(parts)]:
            if part is not word:
                part = Word(part)
                part.pattern = part if GLOB.search(part) and re.search(r"[\w.]", part) else None
            for path in self.paths(part):
                name = self.project.secret(path, self.cwd, unseen)
                if name:
                    return name
        return None

    def folders(self, words, links=False):
        """(folder, secret files below it) for each folder among some words; links if they are followed."""
        for path in [path for word in words for path in self.paths(word) if path]:
            folder = os.path.normpath(os.path.join(self.cwd, os.path.expanduser(path)))
            secrets = self.project.secrets_under(folder) if os.path.isdir(folder) else []
            yield folder, [os.path.relpath(secret, folder).replace(os.sep, "/") for secret in secrets
                           if links or not os.path.islink(secret)]

    def under(self, words, links=False):
        return [os.path.join(folder, name) for folder, names in self.folders(words, links) for name in names]

    # Verdicts

    def reads(self, words, unseen=False):
        for word in words:
            name = self.secret_in(word, unseen)
            if name:
                self.project.refuse_read(name)

    def reaches(self, secrets, what):
        for secret in secrets:
            way = f"name the paths you need, such as `{self.project.source}`"
            self.project.refuse_reach(self.project.relative(secret), what, way)

    def keep_rules(self, path):
        if self.bypass:  # there the client lets a call through to some of these, whatever a hook asks
            raise Refuse(f"Refused: {path} holds the rules of this project; ask the person to change it.")
        self.asks.append(f"{path} holds the rules of this project")

    def writes(self, words, recursive=False):
        for path in [path for word in words for path in self.paths(word) if path]:
            place = os.path.normpath(os.path.join(self.cwd, os.path.expanduser(path)))
            inside = [self.project.relative(secret) for secret in self.under([path])] if recursive else []
            for name in [self.project.secret(path, self.cwd, True) or "", *inside]:
                if name:
                    self.project.refuse_change(name)
            if recursive or not os.path.isdir(place):
                self.project.keep_migration(self.project.committed(path, self.cwd))
            protected = self.project.protected_folders if recursive else self.project.protected
            if protected.fullmatch(self.project.relative(place)):
                self.keep_rules(path)

    def plain_writes(self, name, args):
        """Programs that write to the files they name."""
        files = [arg for arg in args if not arg.startswith("-")]
        if name in ("tee", "rm", "unlink", "shred", "truncate", "sponge", "patch", "touch"):
            self.writes(files, name == "rm" and any(re.match(r"-\w*[rR]|--recursive", arg) for arg in args))
        in_place = any(re.match(r"-[a-zA-Z0]*i|--in-place", arg) for arg in args)
        self.writes(files if in_place and name in ("sed", "perl", "ruby", "gawk") else [])
        self.writes(arg[3:] for arg in args if name == "dd" and arg.startswith("of="))
        self.writes(values(options(args, "o")[0], "-o", "--output") if name == "sort" else [])

    # Programs

    def do_cd(self, args, stdin, texts, name):
        for word in [arg for arg in args if not arg.startswith("-")] or ["~"] * (not args):
            for path in self.paths(word)[:1]:
                folder = os.path.normpath(os.path.join(self.cwd, os.path.expanduser(path)))
                self.cwd = folder if os.path.isdir(folder) else self.cwd

    def do_pwd(self, args, stdin, texts, name):
        return [self.cwd]

    def do_ls(self, args, stdin, texts, name):
        found, operands = options(args, "IwT")
        flags = {option for option, _ in found}
        if not self.wanted:
            return []
        names = [path for word in operands for path in self.paths(word)]
        for folder, secrets in self.folders(operands or ["."], links=True):
            for name in secrets:
                if ("-R" in flags or "/" not in name) and (flags & {"-a", "-A", "-f"} or name[0] != "."):
                    names += [name, os.path.join(folder, name)]
        return names

    def do_shell(self, args, stdin, texts, name):
        found, operands = options(args, "oO", first=True)
        if ("-c", None) in found and operands:
            return self.script(operands[0], operands[1:] or [""])
        self.reads(args)
        for text in texts:
            self.script(text)

    def do_eval(self, args, stdin, texts, name):
        return self.script(" ".join(args))

    def do_read(self, args, stdin, texts, name):
        self.variables.update((arg, stdin) for arg in args if not arg.startswith("-"))

    def do_xargs(self, args, stdin, texts, name):
        found, inner = options(args, "aInLPsEd", first=True)
        self.reads(values(found, "-a", "--arg-file"))
        holder = (values(found, "-I", "--replace") + ["{" + "}"] * (("-i", None) in found) + [""])[0]
        if not inner or not holder:
            return self.call(inner + stdin[:MAX_WORDS]) if inner else stdin
        return [name for item in stdin[:20] or [""] for name in self.call(
            [word.replace(holder, item) for word in inner])]

    def do_find(self, args, stdin, texts, name):
        """Asks the real find which secrets, and for -delete and -exec which migrations, its tests take."""
        follow = [arg for arg in args if arg in ("-L", "-H", "-P")]
        args = [arg for arg in args if arg not in follow]
        at = next((at for at, arg in enumerate(args) if arg[:1] in ("-", "(", "!")), len(args))
        roots, inner, tests, depth = args[:at] or ["."], [], [], 99
        while at < len(args):
            word, value = args[at], "".join(args[at + 1:at + 2])
            at += 1
            if re.fullmatch("-(exec|ok)(dir)?", word):
                stop = next((end for end in range(at, len(args)) if args[end] in (";", "+")), len(args))
                inner.append(args[at:stop])
                at = stop + 1
            elif word in ("-maxdepth", "-mindepth", "-files0-from"):
                depth = int(value) if word == "-maxdepth" and value.isdigit() else depth
                self.reads([value])
                at += 1
                continue
            elif word in ("-printf", "-fprintf", "-fprint", "-fprint0", "-fls"):
                self.writes([value] if word != "-printf" else [])
                at += 2 if word == "-fprintf" else 1
            acting = re.fullmatch("-(exec|ok)(dir)?|-f?(print.*|ls)|-delete|-quit", word)
            tests.append("-print0" if acting else word)
        hits, acts = [], inner or "-delete" in args
        for root in [path for word in roots for path in self.paths(word)] if acts or self.wanted else []:
            hits += self.find_takes(root, follow, tests, depth, acts)
        self.writes(hits if "-delete" in args else [])
        for words in inner:
            for hit in hits[:20] or [os.devnull]:
                self.call([word.replace("{" + "}", hit) for word in words])
        return [] if inner else hits

    def find_takes(self, root, follow, tests, depth, acts):
        """Secrets, the folders above them, and for an action files to be kept, that find's tests take."""
        folder = os.path.join(self.cwd, os.path.expanduser(root))
        names = [os.path.relpath(path, folder) for path in self.project.secrets_under(folder)]
        if acts and os.path.isdir(folder):
            prefix = self.project.relative(os.path.join(os.path.normpath(folder), ""))
            held = self.project.git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD")[1]
            kept = self.project.migrations, self.project.protected
            names += [name for name in held if any(globs.fullmatch(prefix + name) for globs in kept)]
        above = {name[:found.start()] for name in names for found in re.finditer("/", name)}
        paths = [os.path.join(root, name) for name in [*names, *above] if name.count(os.sep) < depth]
        paths += [root] if names or self.project.secret(root, self.cwd) else []
        command = ["find", *follow, *paths, "-maxdepth", "0", *tests]
        code, chosen = answer(command, self.cwd) if paths else (0, [])
        return chosen if code == 0 else paths

    def do_fd(self, args, stdin, texts, name):
        runs = ("-x", "-X", "--exec", "--exec-batch")
        at = next((at for at, arg in enumerate(args) if arg in runs), len(args))
        found, operands = options(args[:at], "tedEcSjo")
        flags, inner = {option for option, _ in found}, args[at + 1:]
        loose = flags & {"-u", "--unrestricted"}
        hidden, ignored = loose or flags & {"-H", "--hidden"}, loose or flags & {"-I", "--no-ignore"}
        names = [os.path.join(folder, name) for folder, secrets in self.folders(operands[1:] or ["."], True)
                 for name in self.project.searched(folder, secrets, [], hidden, ignored)]
        names = self.filtered("egrep", operands[:1], names) if operands else names
        endings = tuple("." + value for value in values(found, "-e", "--extension"))
        names = [name for name in names if not endings or name.endswith(endings)]
        for hit in names[:20] if inner else []:
            self.call([word.replace("{" + "}", hit) for word in inner] + [hit])
        return names

    def do_search(self, args, stdin, texts, name):
        """grep and its kin: the pattern is no file; a recursive search reads what the tree holds."""
        found, operands = options(args, "ABCmefgtTjMrEd" if name == "rg" else "ABCmefdDG")
        flags, patterns = {option for option, _ in found}, values(found, "-e", "--regexp")
        if not (patterns or flags & {"-f", "--file", "--files"}):
            patterns, operands = operands[:1], operands[1:]
        self.reads(values(found, "-f", "--file", "--ignore-file", "--exclude-from") + operands)
        if name in ("rg", "ag", "ack", "rgrep"):
            recursive = operands or not self.piped
        else:
            recursive = flags & {"-r", "-R", "--recursive", "--dereference-recursive"} or (
                "recurse" in values(found, "-d", "--directories"))
        if not recursive:
            return [] if operands or "-f" in flags else self.filtered(name, args, stdin)
        loose = 2 * ("--unrestricted" in flags) + sum(option == "-u" for option, _ in found)
        hidden = flags & {"--hidden", "-."} or loose > (name == "rg")
        ignored = loose or any(re.match("--no-ignore|-U|--skip-vcs|-a$", flag) for flag in flags)
        globs = values(found, "-g", "--glob", "--iglob")
        follow = {"-L", "--follow"} if name == "rg" else {"-R", "--dereference-recursive"}
        typed = flags & {"-t", "--type"} and "--type-add" not in flags
        roots = [word for word in operands if any(
            not path or os.path.exists(os.path.join(self.cwd, path)) for path in self.paths(word))]
        reached = []
        for folder, names in self.folders(roots or ["."], flags & follow):
            if name in ("rg", "ag"):
                names = self.project.searched(folder, [] if typed else names, globs, hidden, ignored)
            else:
                names = [below for below in names if taken(
                    below, values(found, "--include"), values(found, "--exclude", "--exclude-dir"))]
            reached += [os.path.join(folder, below) for below in names]
        if not (flags - follow) & {"-l", "-L", "-q", "-c", "--files-with-matches", "--files-without-match",
                                   "--quiet", "--count", "--files"}:
            self.reaches(reached, "search")
        return reached

    def filtered(self, name, args, names):
        """The names that a grep in a pipe lets through, by asking grep."""
        program = name if name in ("grep", "fgrep") else "egrep"
        lines = answer([program, *args], self.cwd, "\n".join(names))[1] if names else []
        return [name for name in names if any(line.endswith(name) for line in lines)]

    def do_sed(self, args, stdin, texts, name):
        found, operands = options(args, "efl")
        scripts = values(found, "-e", "--expression") or operands[:not values(found, "-f", "--file")]
        for script in scripts:
            self.reads(re.findall(r"(?:^|[\s;{}/\d$,])[rRwW]\s*([^\s;}]+)", script))
        files = [word for word in operands if word not in scripts]
        self.plain_writes("sed", [arg for arg in args if arg not in scripts])
        self.reads(files + values(found, "-f", "--file"))
        return stdin

    def do_diff(self, args, stdin, texts, name):
        self.reads(args)
        if any(re.match(r"-\w*r|--recursive", arg) for arg in args):
            self.reaches(self.under(args), "comparison")

    def do_docker(self, args, stdin, texts, name):
        """`docker compose config` prints what .env holds; up, down and the like only pass it on."""
        compose = name == "docker-compose" or args[:1] == ["compose"]
        rest = options(args[name != "docker-compose":] if compose else args, "fp", first=True)[1]
        sub = "".join(rest[:1])
        self.reads(rest if compose and sub not in ("run", "exec", "config", "convert") else args)
        quiet = {"-q", "--quiet", "--services", "--volumes", "--images", "--profiles", "--hash"} & set(rest)
        if compose and sub in ("config", "convert") and not quiet:
            self.reaches([secret for secret in self.under(["."]) if "/.env" in secret], "command")

    def do_copy(self, args, stdin, texts, name):
        """Archives, copies, moves and links, also of a folder that holds a secret."""
        tar, pairs = name in ("tar", "bsdtar"), name in ("cp", "mv", "ln", "install", "rsync", "scp")
        if tar and args and re.fullmatch("[a-zA-Z]+", args[0]):
            args = ["-" + args[0], *args[1:]]
        if name == "zip" and "-x" in args:
            at = args.index("-x")
            args = args[:at] + ["--exclude=" + word for word in args[at + 1:]]
        short = {"tar": "fCTXbIK", "zip": "bt", "rsync": "eT", "scp": "FiPo", "install": "tSmog"}
        found, operands = options(args, short.get(name, "tS"))
        flags, target = {option for option, _ in found}, values(found, "-t", "--target-directory")
        self.reads([value for option, value in found if value and option != "--exclude"] + operands + stdin)
        sources = operands if target or not pairs or len(operands) < 2 else operands[:-1]
        if pairs and len(operands) + len(target) > 1:
            target = (target or operands)[-1]
            self.writes([target] + [os.path.join(target, os.path.basename(path.rstrip("/")))
                                    for word in sources for path in self.paths(word)])
            self.writes(sources if name == "mv" else [], recursive=True)
        if (tar and not flags & {"-c", "-r", "-u", "--create", "--append", "--update"}) or (
                name in ("cp", "scp", "zip") and not flags & {"-r", "-R", "-a", "--recursive", "--archive"}):
            return
        base = (values(found, "-C", "--directory") or [""])[-1] if tar else ""
        roots = [os.path.join(base, path) for word in sources for path in self.paths(word)]
        links = name == "zip" or flags & {"-L", "-h", "--dereference", "--copy-links"}
        for folder, names in self.folders(roots, links):
            names = [below for below in names if taken(below, [], values(found, "--exclude"))]
            self.reaches([os.path.join(folder, below) for below in names], "copy")

    def do_git(self, args, stdin, texts, name):
        found, rest = options(args, "Cc", first=True)
        folder = self.cwd
        for option, value in found:
            if option == "-C":
                self.cwd = os.path.normpath(os.path.join(self.cwd, value or ""))
            elif option in ("-c", "--config-env", "--exec-path", "--git-dir", "--work-tree"):
                self.asks.append(f"`git {option}` changes what git runs, or where")
        try:
            return self.git(rest[0], rest[1:], stdin) if rest else []
        finally:
            self.cwd = folder

    def git(self, sub, args, stdin):
        flags = [arg for arg in args[:args.index("--") if "--" in args else None] if arg.startswith("-")]
        plain = [arg for arg in args if not arg.startswith("-") and not re.match(r":[!^]|:\(exclude", arg)]
        patch = any(PATCH.fullmatch(flag) for flag in flags if sub != "stash" or flag != "-u")
        summary = any(SUMMARY.fullmatch(flag) for flag in flags)
        names_only = {"--name-only", "--name-status"} & set(flags) and not patch
        if sub == "status" and any(re.match("-v|--verbose", flag) for flag in flags):
            self.git_names("diff", ["HEAD" if "-vv" in flags else "--cached"])
        by_hand = {"-p", "--patch", "-i", "-e"} & set(flags)
        if by_hand and sub in ("add", "checkout", "restore", "reset", "stash"):
            self.git_names("diff", ["HEAD"])
        if "--stdin" in flags and patch:
            sub, args, plain = "show", stdin, plain + stdin
        if sub in GIT_REVISIONS | GIT_FILES or (sub in GIT_LOGS and not patch) or names_only:
            return self.git_prints(sub, args) if self.wanted else []
        if sub in ("commit", "tag", "notes", "merge", "stash", "revert"):
            found, plain = options(args, "mFCct")
            plain += values(found, "-F", "--file")
        if sub == "stash" and plain[:1] in (["show"], ["list"]):
            return self.git_names("stash", args) if patch else []
        if sub in GIT_QUIET or (sub == "rm" and "--cached" in flags) or (
                sub == "cat-file" and set(flags) & {"-e", "-t", "-s"}):
            return []
        if sub in ("rm", "mv", "checkout", "restore"):
            self.writes([word for word in plain if word != "."], recursive=sub in ("rm", "mv"))
        glued = [flag.partition("=")[2] or flag[2:] for flag in flags
                 if sub not in ("commit", "tag") or re.match("--(?!m)", flag)]
        self.reads(plain[sub == "grep":] + glued, unseen=True)
        blobs = self.git_blobs(plain + stdin * (sub == "cat-file"))
        if sub in GIT_LOGS or (sub in GIT_SHOWS and (patch or not summary)):
            if "--no-index" in flags:
                self.reaches(self.under(plain), "comparison")
            elif sub == "diff" and not plain and not {"--cached", "--staged"} & set(flags):
                self.git_names(sub, args) if self.git_tracks_secret() else None
            elif not blobs or set(plain) - blobs:
                self.git_names(sub, [arg for arg in args if arg not in blobs or sub != "show"])
        elif sub == "grep":
            self.git_grep(args)
        elif sub == "archive" and plain:
            self.git_reaches(self.project.git(self.cwd, "ls-tree", "-r", "-z", "--name-only", *plain)[1])
        elif sub == "add":
            self.git_add(args)
        elif sub in ("bundle", "fast-export") or "--batch-all-objects" in flags:
            self.git_reaches(self.git_history("-1", "--name-only"))
        return []

    def git_prints(self, sub, args):
        """Secrets' names and objects' ids in what a git command prints, by running it: it only reads."""
        words = [arg for arg in args if not re.match("--outp|--ext|--textconv", arg)]
        found = [word for line in self.project.git(self.cwd, sub, *words)[1] for word in re.split(r"\s", line)
                 if self.project.any.fullmatch(word) or re.fullmatch("[0-9a-f]{7,64}", word)]
        return found[:MAX_WORDS]

    def git_add(self, args):
        """Asks git what it would add, if there is a secret file that it does not ignore."""
        force = any(re.match("-[a-zA-Z]*f|--force", arg) for arg in args)
        secrets = self.under([self.project.root])
        if secrets and (force or len(self.project.ignored(self.project.root, secrets)) < len(secrets)):
            for line in self.project.git(self.cwd, "add", "--dry-run", *args)[1]:
                name = line[5:-1] if line.startswith("add '") else ""
                if self.project.secret(name, "/", unseen=True):  # by name alone: a link is added as a link
                    way = "put it into .gitignore, or name the files you mean"
                    self.project.refuse_reach(name, "add", way)

    def git_reaches(self, names):
        for name in names:
            name = name.rpartition(":")[2] if ":" in name else name
            if self.project.any.fullmatch(name) and self.project.secret(name, "/", unseen=True):
                way = f"name the paths you need, such as `-- {self.project.source}`"
                self.project.refuse_reach(name, "git command", way)

    def git_tracks_secret(self):
        """The quick answer for most repositories: the index holds no secret."""
        names = filter(self.project.any.fullmatch, self.project.git(self.cwd, "ls-files", "-z", ":/")[1])
        return not all(map(self.project.free.fullmatch, names))

    def git_history(self, *shape):
        """What the commits of every branch and stash did to secret files, as git log prints it."""
        log = ["log", "--all", "--reflog", "-m", "--no-renames", "--format=", *shape, "--"]
        return self.project.git(self.cwd, *log, *self.project.pathspecs)[1]

    def git_blobs(self, words):
        """The words that name a file's content as REV:PATH or by its id; refuses those of a secret."""
        named = {word for word in words if ":" in word and not re.match(":[/(]", word)}
        self.git_reaches(named)
        others = [word for word in words if re.fullmatch("[0-9a-f]{4,64}", word)]
        command = [*GIT, "cat-file", "--batch-check"]
        lines = answer(command, self.cwd, "\n".join(others))[1] if others else []
        lines = lines if len(lines) == len(others) else []
        blobs = {others[at]: line.split()[0] for at, line in enumerate(lines) if " blob " in line}
        for line in self.git_history("--raw", "--no-abbrev") if blobs else []:
            self.git_reaches([line.partition("\t")[2]] if any(oid in line for oid in blobs.values()) else [])
        return named | set(blobs)

    def git_names(self, sub, args):
        """Asks git for the names in what a command would show: the same command, names only."""
        words = [arg for at, arg in enumerate(args)
                 if not SHAPE.fullmatch(arg) and not {"-o", "-L"} & set(args[max(at - 1, 0):at + 1])]
        command, shape = [sub], ["--name-only", "-z", "--no-renames"]
        if sub == "stash":
            command, words = ["stash", words[0]], words[1:]
        elif sub in ("format-patch", "range-diff", "difftool"):
            command = ["diff" if sub == "difftool" else "log"]
            if sub == "format-patch" and len(words) == 1 and not re.match(r"-|.*\.\.", words[0]):
                words = [words[0] + "..HEAD"]
        if command[-1] in ("log", "show", "whatchanged", "reflog", "list"):
            shape.append("--format=")
        code, names = self.project.git(self.cwd, *command, *shape, *words)
        self.git_reaches(names if code == 0 else self.git_history("-1", "--name-only"))
        return []

    def git_grep(self, args):
        """Asks git grep itself for the names of the files it finds something in."""
        words = [arg for arg in args if not re.match("-O|--open", arg)]
        if any(re.fullmatch("-[lLqc]|--count|--quiet|--name-only|--files-with.*", arg) for arg in args):
            return
        whole_tree = len(options(args)[1]) < 2 and not any(re.match("--(un|no-)", arg) for arg in args)
        if whole_tree and not self.git_tracks_secret():
            return
        self.git_reaches(self.project.git(self.cwd, "grep", "-l", "-z", *words)[1])


HANDLERS = {"pushd": "cd", "fdfind": "fd", "mapfile": "read", "readarray": "read", "docker-compose": "docker",
            "podman": "docker", "search": "", "copy": "", "shell": "", "gsed": "sed", "trap": "eval"}
HANDLERS.update(dict.fromkeys(["sh", "bash", "zsh", "dash", "ksh", "fish"], "shell"))
HANDLERS.update(dict.fromkeys(["grep", "egrep", "fgrep", "zgrep", "rgrep", "ugrep"], "search"))
HANDLERS.update(dict.fromkeys(["rg", "ag", "ack"], "search"))
HANDLERS.update(dict.fromkeys(["tar", "bsdtar", "zip", "7z", "jar", "cpio", "pax", "rsync", "scp"], "copy"))
HANDLERS.update(dict.fromkeys(["cp", "mv", "ln", "install"], "copy"))


def judge(call, project):
    """(verdict, reason) for one tool call; the verdict is "pass", "ask" or "refuse"."""
    tool, given = call.get("tool_name"), call.get("tool_input")
    given = given if isinstance(given, dict) else {}
    given = {key: value for key, value in given.items() if isinstance(value, str)}
    cwd = call.get("cwd") if isinstance(call.get("cwd"), str) and call.get("cwd") else project.root
    shell = Shell(project, cwd)
    shell.bypass = call.get("permission_mode") == "bypassPermissions"
    try:
        if tool == "Bash":
            shell.script(given.get("command", ""))
            return ("ask", f"Asks because {shell.asks[0]}.") if shell.asks else ("pass", "")
        path = given.get("file_path") or given.get("notebook_path") or given.get("path") or ""
        for form in (path, path.replace("\\", "/")):
            name = project.secret(form, cwd, unseen=True)
            if tool in ("Edit", "Write", "NotebookEdit") and form:
                if name:
                    project.refuse_change(name)
                project.keep_migration(project.committed(form, cwd))
            elif name and tool in ("Read", "Grep"):
                project.refuse_read(name)
        if tool == "Grep" and given.get("output_mode") == "content" and not given.get("type"):
            # The client's Grep is ripgrep with --hidden; its globs stand apart by commas or blanks.
            globs = [glob for glob in re.split(r"[\s,]+(?![^{]*\})", given.get("glob", "")) if glob]
            for folder, names in shell.folders([path or "."]):
                names = project.searched(folder, names, globs, hidden=True, ignored=False)
                shell.reaches([os.path.join(folder, name) for name in names], "search")
    except Refuse as refusal:
        return "refuse", str(refusal)
    except Unsure as doubt:
        return "ask", str(doubt)
    return "pass", ""


def load(here):
    """The Project that the folder of this file belongs to; None without a readable project.json."""
    try:
        with open(os.path.join(here, "project.json"), encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError):
        return None
    return Project(os.path.dirname(os.path.dirname(here)), data) if isinstance(data, dict) else None


def main():
    try:
        call = json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
        project = load(os.path.dirname(os.path.abspath(__file__)))
        verdict, reason = judge(call, project) if project and isinstance(call, dict) else ("pass", "")
    except Exception:
        return 0
    if verdict == "refuse":
        sys.stderr.write(reason + "\n")
        return 2
    if verdict == "ask":
        output = {"hookEventName": "PreToolUse", "permissionDecision": verdict}
        json.dump({"hookSpecificOutput": dict(output, permissionDecisionReason=reason)}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
