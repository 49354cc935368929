#!/usr/bin/env python3
# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Stop hook of the agent: source changed and no test did, so it asks once for the test.

Reads the client's JSON on stdin (`stop_hook_active`, `session_id`, `cwd`) and `.claude/hooks/project.json`
(`methodology`, `paths`). Exit 2 with a paragraph on stderr holds the agent back once; exit 0 lets it stop.
Any trouble (no git, broken input, a marker that cannot be kept) is exit 0: a gate that cannot remember having
asked must not ask. Deleted files count neither as source nor as test. What was asked about is kept per
session, in a file below the git directory, so the work tree stays clean and every worktree has its own.
"""
import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
FACTS = os.path.join(".claude", "hooks", "project.json")
# Matched by source globs now and then, yet no test is owed for a change to them.
CONFIGURATION = [
    "*.{json,yaml,yml,toml,ini,cfg,conf,env,properties,xml,md,txt,lock}", "*.config.*", "**/config/**",
    "{config,configuration,settings}.{py,ts,js,mjs,cjs,rb,exs,php}", "**/settings/*.py"]


def project_root(cwd: object) -> str:
    """The nearest folder above `cwd` with our facts (a worktree has its own), else this program's own."""
    folder = cwd if isinstance(cwd, str) and os.path.isabs(cwd) else ""
    while folder and not os.path.isfile(os.path.join(folder, FACTS)):
        folder = os.path.dirname(folder) if os.path.dirname(folder) != folder else ""
    return folder or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def first_time(marker: str, paths: list[str]) -> bool:
    """True if one of the paths was not asked about before; remembers them. OSError if it cannot."""
    asked = set()
    if os.path.exists(marker):
        with open(marker, "rb") as file:
            asked = set(file.read().split(b"\0"))
    new = {os.fsencode(path) for path in paths} - asked
    if new:
        os.makedirs(os.path.dirname(marker), exist_ok=True)
        for old in os.scandir(os.path.dirname(marker)):
            if old.stat().st_mtime < time.time() - 30 * 24 * 3600:  # sessions that are over
                os.unlink(old.path)
        with open(marker, "wb") as file:
            file.write(b"\0".join(asked | new))
    return bool(new)


def main() -> int:
    from guard_files import git, matcher

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
    prefix, marker, _ = git(root, "rev-parse", "--show-prefix", "--git-path", name, seconds=20)[1].split("\n")
    options = ["--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all"]
    code, entries = git(root, "status", *options, "--", ".", seconds=20)
    changed = [entry[3 + len(prefix):] for entry in entries.split("\0") if entry and "D" not in entry[:2]]
    is_source, is_test = matcher(paths["source"]), matcher(paths.get("tests") or [])
    is_exempt = matcher([*(paths.get("migrations") or ()), *CONFIGURATION])
    untested = sorted(path for path in changed if is_source(path) and not is_exempt(path))
    if code or any(map(is_test, changed)) or not untested:
        return 0
    if not first_time(os.path.join(root, marker), untested):
        return 0
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in path) for path in untested[:3])
    more = " and %d more" % (len(untested) - 3) if len(untested) > 3 else ""
    print("Source changed and no test did: %s%s. Write the test that fails without this change now, or say "
          "in your report why none is needed." % (shown, more), file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        code = main()
    except Exception:  # it never gets in the way of work it does not understand
        code = 0
    sys.exit(code)
