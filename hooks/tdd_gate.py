#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Stop hook of the agent: source changed and no test did, so it asks once for the test.

Reads the client's JSON on stdin (`stop_hook_active`, `session_id`, `cwd`) and `.claude/hooks/project.json`
(`methodology`, `paths`). Exit 2 with a paragraph on stderr holds the agent back once; exit 0 lets it stop.
Any trouble (no git, broken input, a marker that cannot be kept) is exit 0: a gate that cannot remember having
asked must not ask.

It looks at what differs from HEAD, untracked files included. Deleted files count neither as source nor as
test. What was asked about is kept per session in a file below the git directory, so the work tree stays clean
and every worktree has its own.
"""

import json
import os
import re
import subprocess
import sys
import time

FACTS = os.path.join(".claude", "hooks", "project.json")
KEPT_SECONDS = 30 * 24 * 3600  # old sessions' markers are removed after this
# Matched by source globs now and then, yet no test is owed for a change to them.
CONFIGURATION = (
    "*.{json,yaml,yml,toml,ini,cfg,conf,env,properties,xml,md,txt,lock}",
    "*.config.*",
    "{config,configuration,settings}.{py,ts,js,mjs,cjs,rb,exs,php}",
    "**/config/**",
    "**/settings/*.py",
)


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


def matcher(globs):
    """A test of a path (str, from the project's root) against gitignore-like globs (no slash: any depth)."""
    anchored = []
    for glob in globs:
        at_root = glob.startswith("/") or "/" in glob.rstrip("/")
        anchored.append(("" if at_root else "**/") + glob.lstrip("/") + ("**" if glob.endswith("/") else ""))
    return re.compile("|".join(map(glob_regex, anchored)) or r"(?!)", re.DOTALL).fullmatch


def project_root(cwd):
    """The nearest folder above `cwd` with our facts (a worktree has its own), else this program's own."""
    folder = cwd if isinstance(cwd, str) and os.path.isabs(cwd) else ""
    while folder:
        if os.path.isfile(os.path.join(folder, FACTS)):
            return folder
        above = os.path.dirname(folder)
        folder = above if above != folder else ""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def git(root, *arguments):
    """Standard output (bytes) of git in `root`; CalledProcessError, OSError or TimeoutExpired if it fails."""
    # A git hook that started the client leaves these behind; they would point elsewhere.
    stray = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    environment = {name: value for name, value in os.environ.items() if name not in stray}
    command = ["git", "--no-optional-locks", *arguments]
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True, timeout=20)
    return run.stdout


def changed_paths(root, prefix):
    """Paths below `root` (and named from it) that are new or differ from HEAD; deleted ones are left out."""
    options = ["--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all"]
    output = git(root, "status", *options, "--", ".")
    for entry in output.split(b"\0"):
        if b"D" not in entry[:2]:
            yield os.fsdecode(entry[3:])[len(prefix) :]


def first_time(marker, paths):
    """True if one of the paths was not asked about before; remembers them. OSError if it cannot."""
    try:
        with open(marker, "rb") as file:
            asked = set(file.read().split(b"\0"))
    except FileNotFoundError:
        asked = set()
    new = {os.fsencode(path) for path in paths} - asked
    if not new:
        return False
    folder = os.path.dirname(marker)
    os.makedirs(folder, exist_ok=True)
    for old in os.scandir(folder):
        if old.stat().st_mtime < time.time() - KEPT_SECONDS:
            os.unlink(old.path)
    with open(marker, "wb") as file:
        file.write(b"\0".join(asked | new))
    return True


def main():
    event = json.loads(sys.stdin.buffer.read())
    session = event.get("session_id")
    if event.get("stop_hook_active") or not session:
        return 0
    root = project_root(event.get("cwd"))
    with open(os.path.join(root, FACTS), encoding="utf-8") as file:
        facts = json.load(file)
    paths = facts["paths"]
    if "tdd" not in facts["methodology"] or not paths.get("source"):
        return 0
    # In a worktree this is that worktree's own git directory.
    name = "backend-developer/tdd-gate/" + re.sub(r"[^\w-]", "_", str(session))[:80]
    prefix, marker, _ = git(root, "rev-parse", "--show-prefix", "--git-path", name).split(b"\n")

    is_test = matcher(paths.get("tests") or ())
    is_source = matcher(paths["source"])
    is_exempt = matcher(list(paths.get("migrations") or ()) + list(CONFIGURATION))
    untested = []
    for path in changed_paths(root, os.fsdecode(prefix)):
        if is_test(path):
            return 0
        if is_source(path) and not is_exempt(path):
            untested.append(path)
    if not untested or not first_time(os.path.join(root, os.fsdecode(marker)), untested):
        return 0
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in path) for path in sorted(untested)[:3])
    more = " and %d more" % (len(untested) - 3) if len(untested) > 3 else ""
    print(
        "Source changed and no test did: %s%s. Write the test that fails without this change now, "
        "or say in your report why none is needed." % (shown, more),
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    try:
        code = main()
    except Exception:  # it never gets in the way of work it does not understand
        code = 0
    sys.exit(code)
