#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""PreToolUse hook: lets calls run that it understands, refuses what reaches a secret, asks about the rest.

Reads the client's JSON from standard input and `project.json` beside this file. Always prints one JSON
object; without it the hook's command in the settings asks. The verdict on a shell command is the worst of
its parts:
- free: a listed program with options and words that its entry lists, or a command of the project as written.
  It runs unasked, unless a rule of the settings asks or denies.
- theirs: a program that is not listed. The client's own rules decide.
- ask: what the client might let through and this program does not understand; its own errors, too.
- refuse: a secret would be read or changed, or a committed migration changed.

guard_shell.py reads shell text, guard_options.py the options; guard_files.py knows secrets and git.
"""
import faulthandler
import json
import os
import re
import sys

if __name__ == "__main__":  # the client would wait for minutes, and then run the call
    faulthandler.dump_traceback_later(6, exit=True, file=os.open(os.devnull, os.O_WRONLY))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guard_files import Doubt, Project, Refuse  # noqa: E402
from guard_options import Entry  # noqa: E402
from guard_shell import ASSIGNMENT, Unclear, Word, parse, pieces  # noqa: E402

HARMLESS = re.compile(r"(?:CI|NO_COLOR|FORCE_COLOR|TERM|LANG|LC_ALL|TZ|PYTHONUNBUFFERED)=[\w./-]*")
BINARIES = re.compile(r"(?:\./)?(?:/(?:usr/(?:local/)?)?bin|\.?venv/bin|node_modules/\.bin|vendor/bin|bin)/"
                      r"(?=[\w.-]+$)")
PLACEHOLDER = re.compile(r"(?<![A-Za-z])(?!HEAD\b)[A-Z][A-Z_]+[A-Z](?![A-Za-z=~.])")
# What runs its next word: a word in capitals there would mean any program.
RUNNERS = set("make gmake just task rake mvn mvnw gradle gradlew npm npx pnpm yarn bun bunx deno node"
              " uv uvx poetry pipx pipenv tox go cargo dotnet mix composer bundle ruby perl php java"
              " sh bash zsh dash env sudo xargs exec eval command nohup time timeout nice run tool x"
              " docker podman compose kubectl ssh git manage.py artisan rails flask dlx".split())
LOCAL = re.compile(r"(?:http://)?(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?][^@{}\[\]]*)?")
# git: options that print contents, that print none, and that choose commits and sides.
CONTENTS = re.compile(r"-[puUWc]|--(patch|unified|check|word-diff|color-words|function-context)")
SUMMARY = re.compile(r"-s|--(stat|name-only|name-status|numstat|shortstat|summary|raw|no-patch|quiet)")
CHOOSES = re.compile(r"-(\d+|[nSGiEFPRmw])|--(all|branches|tags|remotes|since|until|after|before|author|grep"
                     r"|committer|all-match|invert-grep|max-count|skip|follow|merges|no-merges|first-parent"
                     r"|cached|diff-filter|pickaxe-regex|staged|merge-base|cherry-pick|full-history)")
GREPS = re.compile(r"-[iwvEFPGe]|--(cached|and|or|not|all-match)")
WHOLE_FOLDERS = set("rm mv cp ln tar bsdtar zip 7z rsync scp chmod chown".split())
UNLISTED = "`%s` is not on the list of what runs unasked"


class Theirs(Exception):
    """The client's own rules decide."""


class Shell:
    """Judges one shell command."""

    def __init__(self, project: Project, facts: dict, call: dict) -> None:
        self.project, self.facts, self.programs = project, facts, facts["programs"]
        self.cwd = call.get("cwd") or project.root
        self.full, self.sandboxed = facts["permissions"] == "full", facts["permissions"] == "sandboxed"
        self.contained = self.sandboxed or call.get("permission_mode") == "bypassPermissions"
        self.written = [(key, words_of(text)) for key, text in facts["commands"].items()]
        self.covered: set[str] = set()  # words of a command as written that others are added to
        self.insertions: list[tuple[int, str]] = []  # (place, text): what keeps a search away from secrets

    def judge(self, text: str) -> tuple[str, str]:
        """("free", what to run) or ("theirs", ""); raises Refuse or Doubt."""
        text = text.strip()
        for key in self.facts["free"]:
            if text == self.facts["commands"][key] and self.may_stand(key):
                return "free", text
        try:
            commands = parse(text, os.path.expanduser("~"))
        except Unclear as unclear:
            self.names([(piece, "", self.cwd) for piece in pieces(text)])
            self.gives_up(Doubt("it is more than simple commands: %s" % unclear), text)
            return "theirs", ""
        doubts, named, theirs = [], [], []
        for self.command in commands:
            words, reads, writes, _ = self.command
            self.covered = set()
            named += [(word.text, word.pattern, self.cwd) for word in (*words, *reads, *writes)]
            try:
                self.simple(words)
                for word in reads:
                    self.read(word)
                for word in writes:
                    self.write(word)
            except Doubt as doubt:
                doubts.append((doubt, " ".join(word.text for word in words)))
            except Theirs:
                theirs.append(words)
        if not doubts and not theirs:
            for place, more in sorted(self.insertions, reverse=True):
                text = text[:place] + more + text[place:]
            return "free", text
        self.names(named)
        for command in commands:
            self.hides(command.words)
        for why, told in doubts:
            self.gives_up(why, told, listed=True)
        if theirs and self.contained:  # `env git push`, `echo git push | sh`
            told = " ".join(word.text for command in commands for word in command.words[1:])
            self.gives_up(Doubt("it runs another program that asks"), told, inside=True)
        return "theirs", ""

    def gives_up(self, doubt: Doubt, text: str, listed: bool = False, inside: bool = False) -> None:
        """Raises the doubt, unless the sandbox holds the command, or bypassPermissions gives it up.

        listed: a program that is listed, so that only the sandbox can help. inside: no command in the text
        begins as one that leaves the sandbox.
        """
        bare = re.sub(r"['\"\\]", "", text)
        outside = self.facts["outside"] if self.sandboxed and not inside else []
        leaving = [rule.replace(" *", "") for rule in outside if rule[-1] == "*" or not listed]
        words = "|".join(map(re.escape, self.facts["consequential"] + leaving))
        if (not self.contained or (listed and not self.sandboxed) or bare in outside
                or re.search(r"(?<![\w-])(?:" + words + r")(?![\w-])", bare)):
            raise doubt

    def names(self, named: list[tuple[str, str, str]]) -> None:
        """Refuses, or doubts, whatever a call that is not understood could name."""
        found = []
        for text, pattern, cwd in named:
            found += [(path, cwd) for path in (self.project.expand(pattern, cwd) if pattern else [])]
            for piece in {text} | pieces(text):
                wild = re.sub(r"\[[^\]]*\]|\?", "\ue001", piece).replace("*", "\ue000")
                paths = self.project.expand(wild, cwd) if wild != piece else [piece]
                found += [(path, cwd) for path in paths]
        for piece, cwd in found:
            self.project.refuse_secret(piece, cwd, certain=False)
        for piece, cwd in found:
            held = self.project.migration(piece, cwd)
            if held in self.project.forms(self.project.path(piece, cwd)):
                self.project.refuse_migration(piece, cwd)
            if held or (piece not in (".", "./") and self.project.is_protected(piece, cwd)):
                raise Doubt("%s is protected: it decides what is allowed, or what runs elsewhere" % piece)

    def hides(self, words: list[Word]) -> None:
        """Refuses what would read, copy or remove secrets without naming them."""
        texts = [word.text for word in words]
        reads = {"read", "files", "search", "script", "closed"}
        behind = {self.programs.get(text, "").split(" ")[0] for text in texts[1:]}
        if texts[0] == "xargs" and reads & behind and self.project.secrets_below(self.project.root):
            raise Refuse("What xargs reads cannot be seen, and there are secret files: name the "
                         "files, or search with `grep -rn` or `git grep`.")
        for word in words[1:] if os.path.basename(texts[0]) in WHOLE_FOLDERS else []:
            self.project.refuse_below(word.text, self.cwd)

    # Words as files

    def paths(self, word: Word) -> list[str]:
        """The files (list of str) that a word means."""
        if not word.pattern and not word.text.startswith("@"):
            return [word.text]
        found = self.project.expand(word.pattern, self.cwd) if word.pattern else [word.text]
        if word.text[0] == "@" or (word.text[0] in "*?[" and any(
                os.path.relpath(path, self.cwd).startswith("-") for path in found)):
            raise Doubt("`%s` may hold further options" % word.text)
        return found or [word.text]

    def read(self, word: Word) -> None:
        for path in self.paths(word):
            self.project.refuse_secret(path, self.cwd)
            if not self.project.inside(path.split("::")[0], self.cwd):
                raise Theirs()

    def write(self, word: Word) -> None:
        for path in self.paths(word) if word.text not in self.covered else []:
            if path == "/dev/null":
                continue
            self.project.refuse_secret(path, self.cwd)
            self.project.refuse_migration(path, self.cwd)
            whole = self.project.path(path, self.cwd)
            if self.project.is_protected(path, self.cwd) or whole == self.project.root:
                raise Doubt("`%s` is protected, or holds what is" % path)
            if not self.project.inside(path, self.cwd):
                raise Theirs()

    # Simple commands

    def simple(self, words: list[Word]) -> None:
        """Returns if a simple command is free; else raises Theirs, Doubt or Refuse."""
        while len(words) > 1 and ASSIGNMENT.match(words[0].text):
            if not HARMLESS.fullmatch(words[0].text):
                raise Doubt("`%s` changes what a program does" % words[0].text)
            words = words[1:]
        if self.command.joins[0] != "|" and self.as_written(words):  # `echo … | python3 -` is its input
            return
        words, place = [words[0]._replace(text=BINARIES.sub("", words[0].text)), *words[1:]], words[0].end
        texts = [word.text for word in words]
        keys = [" ".join(texts[:end]) for end in range(min(len(texts), 5), 0, -1)]
        key = next((key for key in keys if key in self.programs), "")
        if not key:
            raise Theirs()
        entry, args = Entry(self.programs[key]), words[len(key.split()):]
        if entry.kind == "as":  # `npm run lint -- --fix` is `oxlint --fix`
            return self.simple([Word(text, "", place) for text in self.programs[key].split()[1:]]
                               + [word for word in args if word.text != "--"])
        try:
            found, rest = entry.read(args)
        except Doubt:
            if entry.kind == "search" and self.project.secrets_below(self.project.root):
                raise Refuse("It could reach secret files. They are left out by themselves as long as every "
                             "option is on the list of what runs unasked; `git grep` works, too.") from None
            raise
        rest = [word for word in rest if word.pattern or word.text not in entry.words
                and (word.text != "--" or entry.kind == "shows")]
        if entry.writing & {name for name, _ in found}:
            self.is_write(key, found, rest)
        self.place = place
        getattr(self, "is_" + entry.kind)(key, found, rest)

    def as_written(self, words: list[Word]) -> bool:
        """Whether it is a command of the project, word for word; a word in capitals means any."""
        texts = [word.text for word in words]
        for key, commands in self.written:
            for wanted in commands:
                whole = len(wanted) == len(texts)
                if key in self.facts["free"] and set(wanted) <= set(texts):
                    self.covered.update(wanted)
                if not all(map(fits, wanted, texts)) or len(wanted) > len(texts):
                    continue
                if whole and key == "migrate" and not self.full:
                    raise Doubt("it changes the database")
                filled = texts[:len(wanted)] != wanted
                if (key not in self.facts["free"] or any(word.pattern for word in words[:len(wanted)])
                        or (filled and names_program(wanted))):
                    continue
                for word, said in zip(words, wanted):
                    if said != word.text:
                        self.read(word)
                        self.project.refuse_migration(word.text, self.cwd)
                if whole:
                    return self.may_stand(key)
        return False

    def may_stand(self, key: str) -> bool:
        """install and services may run as written while what they run is as committed."""
        if key in ("install", "services"):
            self.is_install(key, [], [])
        return True

    # What the kinds of programs may do

    def is_none(self, key: str, found: list, words: list[Word]) -> None:
        if words:
            raise Doubt(UNLISTED % words[0].text)

    def is_text(self, key: str, found: list, words: list[Word]) -> None:
        """Its words are no files."""

    def is_names(self, key: str, found: list, words: list[Word]) -> None:
        if any(not self.project.inside(path, self.cwd) for word in words for path in self.paths(word)):
            raise Theirs()

    def is_closed(self, key: str, found: list, words: list[Word]) -> None:
        raise Doubt(UNLISTED % " ".join([key, *(word.text for word in words[:1])]))

    def is_read(self, key: str, found: list, words: list[Word]) -> None:
        for word in words:
            self.read(word)

    def is_files(self, key: str, found: list, words: list[Word]) -> None:
        self.is_read(key, found, words)
        paths = [self.project.path(path, self.cwd) for word in words for path in self.paths(word)]
        if any(map(os.path.isdir, paths)):
            raise Doubt("it reads whole folders")

    def is_script(self, key: str, found: list, words: list[Word]) -> None:
        if words and (words[0].pattern or not re.fullmatch(self.facts["scripts"][key], words[0].text, re.S)):
            raise Doubt("its script could do more than print")
        self.is_read(key, found, words[1:])

    def is_search(self, key: str, found: list, words: list[Word]) -> None:
        """A search of folders runs without the secrets that it would come across."""
        names = {name for name, _ in found}
        if not names & {"--files", "-e", "--regexp"}:
            if words and words[0].pattern:
                raise Doubt("its pattern has unquoted wildcards")
            words = words[1:]
        if key != "rg" and not names & {"-r", "--recursive"}:
            return self.is_read(key, found, words)
        hidden = set()
        for path in [path for word in words for path in self.paths(word)] or ["."]:
            if not self.project.inside(path, self.cwd):
                raise Theirs()
            self.project.refuse_secret(path, self.cwd, folders=False)
            below = self.project.secrets_below(self.project.path(path, self.cwd))
            hidden |= {os.path.basename(secret) for secret in below}
        if len(hidden) > 40 or hidden and "--" in {word.text for word in self.command.words}:
            raise Refuse("It would search %s, a secret file, and others: use `git grep`." % sorted(hidden)[0])
        import shlex

        option, place = " --exclude=%s", self.place
        if key == "rg":
            option, place = " -g %s", self.command.words[-1].end
        # As `!tls.ke[y]`: a deny rule of the client would take the plain name for a file that is read.
        globs = ["!%s[%s]" % (name[:-1], name[-1]) if key == "rg" else name for name in sorted(hidden)]
        more = [option % shlex.quote(glob) for glob in globs]
        self.insertions += [(place, "".join(more))] if hidden else []

    def is_command(self, key: str, found: list, words: list[Word]) -> None:
        if words:
            self.simple(words)

    def is_installed(self, key: str, found: list, words: list[Word]) -> None:
        """npx: a program of node_modules; any other it would download and run."""
        self.is_command(key, found, words)
        folder = self.cwd
        while words and not found and not os.path.lexists(folder + "/node_modules/.bin/" + words[0].text):
            if folder == os.path.dirname(folder):
                raise Doubt("`%s` is not installed here: %s would download it" % (words[0].text, key))
            folder = os.path.dirname(folder)

    def is_timed(self, key: str, found: list, words: list[Word]) -> None:
        if not words or not re.fullmatch(r"[\d.]+[smhd]?", words[0].text):
            raise Doubt("its first word is no time")
        self.is_command(key, found, words[1:])

    def is_folder(self, key: str, found: list, words: list[Word]) -> None:
        if len(words) != 1 or words[0].pattern or {"|", "||"} & set(self.command.joins):
            raise Doubt("of how it changes the folder")
        self.cwd = self.project.path(words[0].text, self.cwd)
        if not os.path.isdir(self.cwd) or not self.project.inside(self.cwd, ""):
            raise Theirs()

    def is_write(self, key: str, found: list, words: list[Word]) -> None:
        for word in words:
            self.write(word)

    def is_removed(self, key: str, found: list, words: list[Word]) -> None:
        """rm, git rm: files that git can bring back."""
        if ("--cached", "") in found:
            return
        self.is_write(key, found, words)
        paths = [self.project.path(path, self.cwd) for word in words for path in self.paths(word)]
        if not paths or any(os.path.isdir(path) and not os.path.islink(path) for path in paths):
            raise Doubt("it removes more than files")
        self.project.must_be_committed(paths)

    def is_moved(self, key: str, found: list, words: list[Word]) -> None:
        """mv, git mv: the same, and nothing is overwritten."""
        self.is_write(key, found, words)
        paths = [self.project.path(path, self.cwd) for word in words for path in self.paths(word)]
        *sources, target = paths or [""]
        ends = [os.path.join(target, os.path.basename(source)) for source in sources]
        if not sources or any(map(os.path.lexists, ends if os.path.isdir(target) else [target])):
            raise Doubt("it overwrites a file")
        self.project.must_be_committed(sources)

    def is_url(self, key: str, found: list, words: list[Word]) -> None:
        local = [LOCAL.fullmatch(word.text) and self.paths(word) == [word.text] for word in words]
        if not local or not all(local):
            raise Doubt("it reaches another host")

    def is_install(self, key: str, found: list, words: list[Word]) -> None:
        self.is_none(key, found, words)
        if not self.project.unchanged(self.facts["manifests"]):
            raise Doubt("a manifest, lock or compose file is not as committed")

    def is_full(self, key: str, found: list, words: list[Word]) -> None:
        self.is_read(key, found, words)
        if not self.full:
            raise Doubt("commits are the person's")

    # git

    def is_shows(self, key: str, found: list, words: list[Word]) -> None:
        """What prints contents: git says first which files these would be."""
        sub, names = key.split()[1], [name for name, _ in found]
        texts = [path for word in words for path in (self.paths(word) if word.pattern else [word.text])]
        for text in texts:
            self.project.refuse_secret(text.rpartition(":")[2], self.cwd)
            self.project.refuse_secret(text.rpartition(":")[2], self.project.root)
        contents = any(map(CONTENTS.fullmatch, names))
        if not contents and (any(map(SUMMARY.fullmatch, names)) or sub in ("log", "stash")):
            return
        blobs = [text for text in texts if re.match(r"[^:/(-]+:[^/]", text)]
        if sub == "show" and blobs:
            if len(blobs) < len(texts):
                raise Doubt("it shows commits and files at once")
            return
        command = {"show": ["log", "--no-walk", "-m"], "stash": ["stash", "show"],
                   "grep": ["grep", "-l"]}.get(sub, [sub])
        shape = ["--format="] * (command[0] == "log") + ["--name-only", "--no-renames"] * (sub != "grep")
        kept = [name + ("=" if value and name[:2] == "--" else "") + value for name, value in found
                if (GREPS if sub == "grep" else CHOOSES).fullmatch(name)]
        self.project.refuse_shown(self.cwd, *command, "-z", *shape, *kept, *texts)

    def is_adds(self, key: str, found: list, words: list[Word]) -> None:
        """git add, git stash: not of a secret that git does not ignore."""
        self.is_read(key, found, words)
        self.project.refuse_taken()

    def is_stashes(self, key: str, found: list, words: list[Word]) -> None:
        if words and key == "git stash":
            raise Doubt(UNLISTED % ("git stash " + words[0].text))
        self.is_adds(key, found, words)

    def is_switches(self, key: str, found: list, words: list[Word]) -> None:
        """Not to a branch that would put a secret in the place of an ignored one."""
        for word in words:
            if self.project.holds_secret(word.text):
                raise Doubt("that branch holds a secret file")


def fits(wanted: str, text: str) -> bool:
    """Whether a word is the one that a command has, or means its word in capitals."""
    if wanted == text:
        return True
    pattern = ".+".join(map(re.escape, PLACEHOLDER.split(wanted)))
    filled = PLACEHOLDER.search(wanted) and text[:1] not in ("-", "@", '"')
    return bool(filled and re.fullmatch(pattern, text, re.S))


def names_program(wanted: list[str]) -> bool:
    """Whether the first word in capitals of a command stands where it says which program or task runs."""
    at = next(place for place, word in enumerate(wanted) if PLACEHOLDER.search(word))
    before = [os.path.basename(word) for word in wanted[:at] if not re.match(r"-|\w+=|[\d.]+[smhd]?$", word)]
    inside = {"run", "exec"} & set(before[-2:-1]) and {"docker", "podman", "kubectl"} & set(before)
    return not before or bool(inside) or before[-1] in RUNNERS or before[-1].startswith("python")


def words_of(text: str) -> list[list[str]]:
    """The words of each simple command in a command of the project; a pipe counts as a whole."""
    try:
        commands = parse(text, "~")
    except Unclear:
        return []
    return [[word.text for word in command.words] for command in commands
            if not command.writes and "|" not in command.joins]


def judge(call: dict, project: Project, facts: dict) -> "tuple[str, str, dict | None]":
    """(verdict, reason, changed input or None) of a tool call; the verdict is free, theirs, ask or refuse."""
    tool, given = call.get("tool_name"), call.get("tool_input") or {}
    shell = Shell(project, facts, call)
    try:
        if tool == "Bash":
            verdict, text = shell.judge(given["command"])
            changed = verdict == "free" and text != given["command"].strip()
            reason = "Secret files are left out of the search." if changed else "guard.py knows this command."
            return verdict, reason, dict(given, command=text) if changed else None
        path = given.get("file_path") or given.get("notebook_path") or given.get("path") or ""
        if path and tool != "Glob":
            project.refuse_secret(path, shell.cwd, folders=tool != "Grep")
        if path and tool in ("Edit", "Write", "NotebookEdit"):
            project.refuse_migration(path, shell.cwd)
            if project.is_protected(path, shell.cwd):
                raise Doubt("%s is protected: it decides what is allowed, or what runs elsewhere" % path)
        hidden = project.secrets_below(project.path(path, shell.cwd)) if tool == "Grep" else []
        if hidden:
            globs = [given["glob"]] if given.get("glob") else []
            globs += sorted({"!" + os.path.basename(name) for name in hidden})
            return "theirs", "", dict(given, glob=" ".join(globs))
    except Refuse as refusal:
        return "refuse", str(refusal), None
    except Doubt as doubt:
        return "ask", "Asks because %s." % doubt, None
    return "theirs", "", None


def main() -> None:
    here, call = os.path.dirname(os.path.abspath(__file__)), {}
    try:
        call = json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
        with open(os.path.join(here, "project.json"), encoding="utf-8") as file:
            facts = json.load(file)
        verdict, reason, changed = judge(call, Project(os.path.dirname(os.path.dirname(here)), facts), facts)
        if verdict == "free" and facts["permissions"] in ("read-only", "edit") and not changed:
            verdict = "theirs"  # its agent has no shell; the person's own session asks
    except Exception as fault:
        verdict, reason, changed = "ask", "Asks because guard.py fails: %s." % type(fault).__name__, None
        call = call if isinstance(call, dict) else {}
    if verdict == "ask" and call.get("permission_mode") == "bypassPermissions":  # which loses some questions
        verdict, reason = "refuse", reason + " In bypassPermissions nobody is asked: leave it to the person."
    output: dict = {"hookEventName": "PreToolUse"}
    if verdict != "theirs":
        decision = {"free": "allow", "ask": "ask", "refuse": "deny"}[verdict]
        output.update(permissionDecision=decision, permissionDecisionReason=reason)
    if changed:
        output.update(updatedInput=changed)
    print(json.dumps({"hookSpecificOutput": output}))


if __name__ == "__main__":
    main()
