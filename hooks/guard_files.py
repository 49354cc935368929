# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Which files are secret, protected, or a committed migration: what guard.py knows of the project.

`project.json` beside this file says it in patterns like gitignore's:
- `secrets`: at any depth, by a file's own name or through a link. A pattern `folder/**` leaves out source
  code, so that a package may be called `secrets`. `not_secret` lists what is none.
- `protected`: at any depth too, so that a copy in another worktree counts.
- `paths.migrations`: a migration counts once HEAD holds it.
A folder above or below such a path counts as the path. Matching takes linear time, whatever the pattern.
"""
import os
import re
import time
from collections.abc import Callable

NO_SECRETS = (".env.example", ".env.sample", ".env.template")
CODE = tuple(".py .pyi .ts .tsx .js .mjs .cjs .go .rb .php .java .kt .scala .cs .fs .rs .ex .exs .md".split())
PRUNED = set("node_modules .venv venv .git __pycache__ .tox .nox .mypy_cache .ruff_cache".split())
MOST_ENTRIES, SECONDS = 200000, 2
GIT = ["git", "--no-pager", "-c", "core.quotepath=off", "-c", "core.fsmonitor=false"]


class Doubt(Exception):
    """What cannot be decided, so that a person has to; the message says why."""


class Refuse(Exception):
    """The call must not run; the message says why, and what to do instead."""


def regex(glob: str, most: int = 6) -> str:
    """Regex text of a gitignore-like glob; one with more than `most` stars matches everything."""
    if glob.count("*") > most:
        return ".*"
    out = []
    for piece in re.findall(r"\*\*/|\*\*|\{[^{}]*\}|\[[^\[\]]+\]|.", glob, re.S):
        if piece[0] == "{" and len(piece) > 1:
            out.append("(?:" + "|".join(regex(part, most) for part in piece[1:-1].split(",")) + ")")
        else:
            short = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
            out.append(short.get(piece) or ("[^/]" if len(piece) > 1 else re.escape(piece)))
    return "".join(out)


def matcher(globs: list[str]) -> Callable[[str], object]:
    """A test of a path (str, from the project's root) against globs; one without a slash is for any depth."""
    texts = [("" if "/" in glob.rstrip("/") else "(?:.*/)?")
             + regex(glob.lstrip("/") + "**" * glob.endswith("/"), most=12) for glob in globs]
    return re.compile("|".join(texts) or "(?!)", re.S).fullmatch


def git(cwd: str, *args: str, seconds: int = SECONDS) -> tuple[int, str]:
    """(exit code, output) of a git command that only reads; 127 where it cannot run, Doubt if it hangs."""
    import subprocess

    # A git hook that started the client leaves variables behind; they would point elsewhere.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run([*GIT, *args], cwd=cwd, env=dict(environment, GIT_OPTIONAL_LOCKS="0"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Doubt("git takes too long to answer") from None
    except (OSError, ValueError):
        return 127, ""
    return done.returncode, os.fsdecode(done.stdout)


class Globs:
    """Globs that are compiled once they are needed: that takes longer than most calls."""

    def __init__(self, globs: list[str], tail: str = "") -> None:
        self.globs, self.tail = globs, tail
        self.compiled: "re.Pattern[str] | None" = None

    def fullmatch(self, name: str) -> "re.Match[str] | None":
        """Whether one of the globs takes a path at any depth."""
        if not self.compiled:
            texts = [regex(glob.strip("/")) + self.tail for glob in self.globs]
            self.compiled = re.compile("(?:.*/)?(?:" + "|".join(texts or ["(?!)"]) + ")", re.I | re.S)
        return self.compiled.fullmatch(name)


def folders_of(globs: list[str]) -> list[str]:
    """The folders above what globs take, as globs; `**/a/b/*.py` has `**/a` and `**/a/b`."""
    heads = [glob.strip("/")[:found.start()] for glob in globs for found in re.finditer("/", glob.strip("/"))]
    return [head for head in heads if re.search(r"\w", head)]


class Project:
    def __init__(self, root: str, facts: dict) -> None:
        secrets = [os.path.expanduser(glob) for glob in facts["secrets"]]
        self.root, self.real_root = root, os.path.realpath(root)
        self.secret_files = Globs([glob for glob in secrets if not glob.endswith("/**")])
        self.secret_folders = Globs([glob[:-3] for glob in secrets if glob.endswith("/**")])
        self.not_secret = Globs([*NO_SECRETS, *facts["not_secret"]], "(?:/.*)?")
        self.certain = Globs([glob for glob in secrets if not set(glob) & set("*?[")])
        self.protected_files = Globs(facts["protected"], "(?:/.*)?")
        self.protected_folders = Globs(folders_of(facts["protected"]))
        self.migration_files = Globs(facts["paths"].get("migrations") or [])
        self.migration_folders = Globs(folders_of(facts["paths"].get("migrations") or []))

    # Names

    def path(self, word: str, cwd: str) -> str:
        whole = os.path.join(cwd, os.path.expanduser(word) if word.startswith("~") else word)
        return re.sub("^//", "/", os.path.normpath(whole))  # which keeps two slashes

    def relative(self, path: str) -> str:
        """The path below the project's root, `.` for the root; the whole path outside of it."""
        for root in (self.root, self.real_root):
            if path == root or path.startswith(root + os.sep):
                return path[len(root) + 1:] or "."
        return path

    def inside(self, word: str, cwd: str) -> bool:
        real = os.path.realpath(self.path(word, cwd))
        return real == "/dev/null" or real == self.real_root or real.startswith(self.real_root + os.sep)

    def forms(self, path: str) -> list[str]:
        """A path as it is named, and where its links lead."""
        real = os.path.realpath(path)
        return [self.relative(path)] + ([self.relative(real)] if real != path else [])

    def is_secret(self, name: str) -> bool:
        """Whether a relative path (str) names a secret file, by its name alone."""
        if self.not_secret.fullmatch(name):
            return False
        if self.secret_files.fullmatch(name):
            return True
        above = os.path.dirname(name)
        while above.strip("/"):
            if self.secret_folders.fullmatch(above):
                return not name.endswith(CODE)
            above = os.path.dirname(above)
        return False

    def secret(self, word: str, cwd: str, certain: bool = True, folders: bool = True) -> str:
        """The secret that a word names, or "". certain: also one that is not there."""
        path = self.path(word, cwd)
        try:
            for name in self.forms(path):
                there = certain or self.certain.fullmatch(name) or os.path.lexists(path)
                if there and self.is_secret(name):
                    return name
                if folders and self.secret_folders.fullmatch(name) and os.path.isdir(path):
                    return next(iter(self.secrets_below(path)), "")
        except (OSError, ValueError):
            return word
        return ""

    def refuse_secret(self, word: str, cwd: str, certain: bool = True, folders: bool = True) -> None:
        name = self.secret(word, cwd, certain, folders)
        if name:
            raise Refuse("%s is a secret file: it is neither read nor changed here. Work with .env.example, "
                         "or ask the person. If it is none, the answer `not_secret` says so." % name)

    def refuse_below(self, word: str, cwd: str) -> None:
        path = self.path(word, cwd)
        for name in self.secrets_below(path) if os.path.isdir(path) else []:
            raise Refuse("%s holds a secret file, %s: name the files you mean." % (word, name))

    def is_protected(self, word: str, cwd: str) -> bool:
        return any(self.protected_files.fullmatch(name) or self.protected_folders.fullmatch(name)
                   for name in self.forms(self.path(word, cwd)))

    def migration(self, word: str, cwd: str) -> str:
        """The committed migration that a word names, or holds as a folder of migrations; else ""."""
        for name in self.forms(self.path(word, cwd)):
            if self.migration_files.fullmatch(name) or self.migration_folders.fullmatch(name):
                listed = self.git(self.root, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", name)[1]
                found = [held for held in listed if self.migration_files.fullmatch(held)]
                if found:
                    return found[0]
        return ""

    def refuse_migration(self, word: str, cwd: str) -> None:
        name = self.migration(word, cwd)
        if name:
            raise Refuse("%s is committed, and others may have run it: write a new migration instead." % name)

    # What is there

    def secrets_below(self, folder: str, skip: set[str] = PRUNED) -> list[str]:
        """The secret files below a folder, as paths from it; Doubt if it holds too many files."""
        found, todo, entries, end = [], [(folder, "")], 0, time.monotonic() + SECONDS
        while todo:
            current, prefix = todo.pop()
            try:
                names = list(os.scandir(current))
            except OSError:
                continue
            entries += len(names)
            if entries > MOST_ENTRIES or time.monotonic() > end:
                raise Doubt("there are too many files to see whether one is secret")
            at = self.relative(os.path.normpath(current))
            at = "" if at == "." else at + "/"
            inside = bool(at) and self.is_secret(at + "x")
            for entry in names:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in skip:
                        todo.append((entry.path, prefix + entry.name + "/"))
                elif (inside or self.secret_files.fullmatch(entry.name)) and self.is_secret(at + entry.name):
                    found.append(prefix + entry.name)
        return found

    def expand(self, pattern: str, cwd: str) -> list[str]:
        """The files (paths) that a pattern may mean, dotfiles included."""
        from fnmatch import fnmatchcase

        bases = [os.path.expanduser("~") if pattern[0] == "~" else "/" if pattern[0] == "/" else cwd]
        for part in filter(None, pattern.lstrip("~").split("/")):
            if "\ue000" not in part and "\ue001" not in part:
                bases = [os.path.join(base, part) for base in bases]
                continue
            if part == "\ue000\ue000":  # zsh goes into folders, bash does not
                bases = [folder for base in bases for folder, _, _ in os.walk(base)]
            shape = re.sub(r"([][*?])", "[\\1]", part).replace("\ue000", "*").replace("\ue001", "?").lower()
            listed = [(base, name) for base in bases if os.path.isdir(base) for name in os.listdir(base)]
            if len(listed) > 5000 or len(part) > 300:
                raise Doubt("its pattern takes too many files")
            bases = [os.path.join(base, name) for base, name in listed if fnmatchcase(name.lower(), shape)]
        return bases

    # git

    def git(self, cwd: str, *args: str) -> tuple[int, list[str]]:
        """(exit code, output split at NUL and new line) of a git command that only reads."""
        code, text = git(cwd, *args)
        return code, [piece for piece in re.split("[\0\n]", text) if piece]

    def secrets_in(self, cwd: str, *args: str) -> list[str]:
        """Secrets among the names that a git command prints; Doubt if git cannot say."""
        code, names = self.git(cwd, *args)
        if code > (args[0] == "grep"):
            raise Doubt("git does not say which files this reaches")
        return [name for name in names if self.is_secret(name.rpartition(":")[2])]

    def refuse_shown(self, cwd: str, *args: str) -> None:
        for name in self.secrets_in(cwd, *args):
            raise Refuse("It would show %s, a secret file: name the paths you need behind `--`." % name)

    def refuse_taken(self) -> None:
        """Refuses what would take changed secrets, or new ones, into git."""
        for name in self.secrets_in(self.root, "ls-files", "-o", "-m", "-z", "--exclude-standard"):
            raise Refuse("It would take %s, a secret file, into git: put it into .gitignore, name the files "
                         "you mean, or say with the answer `not_secret` that it is none." % name)

    def holds_secret(self, revision: str) -> bool:
        found = self.git(self.root, "ls-tree", "-r", "-z", "--name-only", revision)[1]
        return any(map(self.is_secret, found))

    def must_be_committed(self, paths: list[str]) -> None:
        """Doubt unless git could bring back each path: tracked, and the same in HEAD, index and work tree."""
        names = [self.relative(path) for path in paths]
        state = self.git(self.root, "status", "--porcelain", "-z", "--ignored", "-uall", "--", *names)
        held = [self.git(self.root, "ls-files", "-z", "--", name)[1] for name in names]
        if state != (0, []) or not all(held):
            raise Doubt("git could not bring it back as it is now")
        for name in (name for listed in held for name in listed):
            self.refuse_migration(name, self.root)
            if self.is_protected(name, self.root) or self.is_secret(name):
                raise Doubt("it holds %s" % name)

    def unchanged(self, globs: list[str]) -> bool:
        """Whether no file that a glob takes differs from HEAD; a new one differs."""
        specs = [":(top,glob,icase)**/" + glob for glob in globs]
        return self.git(self.root, "status", "--porcelain", "-z", "-uall", "--", *specs) == (0, [])
