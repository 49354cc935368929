"""guard.py without the client: every call of calls.yml, text that nobody thought of, faults of its own, and its speed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platforms
import proof
import pytest
import yaml
from conftest import ROOT, write_files
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from proof import STACKS, TABLE

MODULES = ("guard", "guard_files", "guard_options", "guard_shell")
OPTIONS = ROOT / "template" / "facts" / "options"
pytestmark = pytest.mark.timeout(120)  # judged in this process, where nothing else ends a loop

Verdict = tuple[str, str, dict[str, Any] | None]
Judge = Callable[..., Verdict]

Repos = Callable[..., Path]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guard")


@contextlib.contextmanager
def judging(repo: Path) -> Iterator[Judge]:
    """The guard of a generated repository, in this process."""
    sys.path.insert(0, str(repo / ".claude/hooks"))
    for name in MODULES:
        sys.modules.pop(name, None)
    guard = importlib.import_module("guard")
    facts = json.loads((repo / ".claude/hooks/project.json").read_text())
    project = guard.Project(str(repo), facts)

    def judge(command: str = "", /, mode: str = "default", tool: str = "Bash", level: str = "", **given: object) -> Verdict:
        call = {"tool_name": tool, "tool_input": given or {"command": command}, "cwd": str(repo), "permission_mode": mode}
        verdict: Verdict = guard.judge(call, project, facts | ({"permissions": level} if level else {}))
        return verdict

    try:
        yield judge
    finally:
        sys.path.remove(str(repo / ".claude/hooks"))
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def repos(template: Path, workshop: Path) -> Repos:
    made: dict[str, Path] = {}

    def _repo(stack: str = "fastapi-postgres") -> Path:
        if stack not in made:
            made[stack] = proof.staged(template, workshop, stack, "standard")
        return made[stack]

    return _repo


# calls.yml


def test_what_calls_yml_attacks_with_is_never_free(repos: Repos, stack: str) -> None:
    """Not where it leaks, and not where it changes what is kept: whatever the client would do then."""
    repo, opened = repos(stack), []
    with judging(repo) as judge:
        for entry in proof.entries(repo, stack):
            call = entry.call
            if not entry.group.startswith(("must_not", "must_ask")) or call.tool not in ("Bash", "Read", "Edit", "Write"):
                continue
            verdict, reason, changed = judge(tool=call.tool, **call.input)
            if changed:  # a search that goes around the secrets
                done = subprocess.run(["bash", "-c", changed["command"]], cwd=repo, capture_output=True, text=True)
                opened += [entry.text] if proof.leaks(done.stdout + done.stderr) else []
            elif verdict == "free":
                opened.append(f"{entry.action}: {entry.text}")
    assert opened == []


@pytest.mark.parametrize("level", ["standard", "sandboxed", "full"])
def test_a_secret_is_refused_in_bypass_too(repos: Repos, stack: str, level: str) -> None:
    """Where nobody is asked, what names a secret is refused, and so is what changes the rules."""
    repo = repos(stack)
    with judging(repo) as judge:
        passed = [
            entry.text
            for entry in proof.entries(repo, stack)
            if entry.action in ("secret", "rules", "migration") and entry.group != "must_not_leak_by_grep" and not entry.text.startswith("Read ~")
            for verdict, _, changed in [judge(tool=entry.call.tool, mode="bypassPermissions", level=level, **entry.call.input)]
            if verdict in ("free", "theirs") and not changed
        ]
    # No rule of the guard's needed: the sandbox or a rule of the settings holds these, and test_proof.py plays them.
    contained = {"diff -N . scripts", "awk 'BEGIN{ARGV[1]=\".e\" \"nv\";ARGC=2}1' x", 'cat "$PWD"/.e*', "cat .e[[:alpha:]]v"}
    assert [text for text in passed if text not in contained] == []


@pytest.fixture(scope="session")
def committed(template: Path, workshop: Path, stack: str) -> Path:
    repo = proof.staged(template, workshop, stack, "standard")
    proof._git(repo, "add", "-A")
    proof._git(repo, "commit", "-q", "-m", "ordinary")
    (repo / "README.md").write_text("# Orders, changed again\n")
    return repo


def test_ordinary_calls_are_free(committed: Path, stack: str) -> None:
    with judging(committed) as judge:
        wrong = [
            f"{kind}: {entry.text}: {verdict}"
            for kind, entry in proof.ordinary(stack)
            for verdict in [judge(entry.text)[0]]
            if (verdict == "free") != (kind == "free")
        ]
    assert wrong == []
    shared, own = TABLE["ordinary"], TABLE["stacks"][stack]["ordinary"]
    assert sum(map(len, shared.values())) >= 200 and sum(map(len, own.values())) >= 60
    needless = sum(kind == "limit" for kind, _ in proof.ordinary(stack))
    assert needless <= 0.1 * len(proof.ordinary(stack))


# Text that nobody thought of

PIECES = """cat head grep -rn sed awk sort uniq diff git show log -p diff stash add -A rg --hidden find -name -exec ls cd echo xargs
    . .. .env .e* .e?v .e[nv]* */.env service secrets secrets/* deploy deploy/t* notes-link README.md app HEAD HEAD~1 HEAD~2
    old:.env HEAD:deploy/tls.key stash@{0} MARK -1 1p $(cat \\ ' " `cat ${x} {} {.env,x} | && || ; > >> < << 2>&1 & ( ) !
    ~ * ** ? [ ] [!a] $? # = -- -f -o -i --stat --name-only uv run pytest"""
WORDS = st.sampled_from(PIECES.split())
TEXTS = st.lists(WORDS, min_size=1, max_size=9).map(" ".join) | st.lists(WORDS, max_size=9).map("".join) | st.text(max_size=60)
PLAYED = ("cat", "head", "grep", "sed", "awk", "sort", "uniq", "diff", "git show", "git log", "git diff", "git stash show", "rg", "ls", "echo", "cd")


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, mode=st.sampled_from(proof.MODES))
@example(text="git stash -L show -p", mode="default")
@example(text="cat $'a\\x00'/*", mode="default")
@example(text="cat $'\\ud800'/*", mode="default")
@example(text="$(" * 400, mode="default")
@example(text="cat //$x", mode="default")
@example(text="cat " + "*" * 3000, mode="default")
@example(text="cat {" + "a," * 4000, mode="default")
@example(text="cat " + "*a" * 150 + "b", mode="bypassPermissions")
@example(text="cat //", mode="default")
def test_any_text_gets_a_verdict_in_time(repos: Repos, text: str, mode: str) -> None:
    repo = repos()
    (repo / ("a" * 250)).touch()
    with judging(repo) as judge:
        began = time.monotonic()
        assert judge(text, mode=mode)[0] in ("free", "theirs", "ask", "refuse")
        assert time.monotonic() - began < 5


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=st.sampled_from(PLAYED), more=st.lists(WORDS, max_size=6), shell=st.sampled_from(["bash", "zsh"]))
def test_what_is_free_never_shows_a_secret(repos: Repos, first: str, more: list[str], shell: str) -> None:
    repo, text = repos(), " ".join([first, *more])
    with judging(repo) as judge:
        verdict, _, changed = judge(text)
    if verdict != "free" or not shutil.which(shell):
        return
    command = changed["command"] if changed else text
    done = subprocess.run([shell, "-c", command], cwd=repo, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    assert not proof.leaks(done.stdout + done.stderr), command


# What is listed does what it says


def programs(*files: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        found |= yaml.safe_load((OPTIONS / f"{file}.yml").read_text(encoding="utf-8"))
    return found


SKIPPED = {"rm", "mv", "mkdir", "rmdir", "cd", "timeout", "time", "sleep", "curl", "[", "test", "seq", "docker", "python3", "type", "command"}
SHAPES = {"files": ["a.txt", "b.txt"], "read": ["a.txt"], "first": ["a.txt"], "search": ["a", "a.txt"], "names": ["a.txt"], "text": [], "none": []}


def test_listed_options_write_nothing(tmp_path: Path) -> None:
    """Each option of each program for looking, on real files with the real tool: the folder stays as it was."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("a 1\nb 2\n")
    (tmp_path / "x.py").write_text("x = 1\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    proof._git(tmp_path, "add", "-A")
    proof._git(tmp_path, "commit", "-qm", "x")

    def state() -> dict[str, bytes]:
        kept = (path for path in tmp_path.rglob("*") if path.is_file() and "_cache" not in str(path))
        return {str(path): path.read_bytes() for path in kept if path.suffix not in (".pyc",) and path.name != "index"}

    before, changed, tried = state(), [], 0
    for program, entry in programs("shell", "git", "python").items():  # `true` is a program, and YAML's
        kind, *tokens = entry.split()
        words, tool = program.split(), program.split()[0]
        if tool in SKIPPED or (kind not in SHAPES and kind != "shows") or not shutil.which(tool) or program.startswith(("uv ", "poetry", "pip", "fastapi")):
            continue
        if tool in ("pytest", "alembic", "mypy", "black", "pylint", "coverage", "python"):
            continue  # run project code, and are tried in their own projects
        for token in [*tokens, ""]:
            name, equals, value = token.lstrip("+").partition("=")
            if token.endswith("!") or (name and name[0] != "-") or name == "-#":
                continue
            option = [f"{name}={value}" if name.startswith("--") else name + value] if value else [name, "1"] if equals else [name] if name else []
            done = subprocess.run([*words, *option, *SHAPES.get(kind, [])], cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
            tried += done.returncode == 0
            if state() != before:
                changed.append([*words, *option])
                before = state()
    assert changed == [] and tried > 300


def test_options_that_are_not_listed_write(tmp_path: Path) -> None:
    """The check above can fail: what is left out does write."""
    (tmp_path / "a.txt").write_text("a\n")
    subprocess.run(["sort", "-o", "b.txt", "a.txt"], cwd=tmp_path, check=True)
    assert (tmp_path / "b.txt").exists() and "-o" not in programs("shell")["sort"].split()


@pytest.mark.parametrize("option", ["-c", "--configuration", "--filter", "--framework"])
def test_dotnet_gets_no_second_property(repos: Repos, option: str) -> None:
    """MSBuild would take `Release;PostBuildEvent=…` for two properties, and a word in double quotes as it is."""
    with judging(repos()):
        guard = sys.modules["guard"]
        words = [guard.Word(text, "", 0) for text in (option, '"Release";PostBuildEvent="touch x"')]
        for program in ("dotnet test", "dotnet build"):
            with pytest.raises(guard.Doubt):
                guard.Entry(programs("other")[program]).read(words)
        assert not guard.fits("NAME", words[1].text) and guard.fits("NAME", "Total~Orders")


# Its own faults


def hook(repo: Path, call: dict[str, Any], **environment: str) -> tuple[str, int]:
    """The decision that the hook's command of the settings prints, as the client runs it, and its exit code."""
    command = platforms.hook_command((repo / ".claude/settings.json").read_text())
    variables = {"PATH": os.environ["PATH"], "HOME": str(repo), "CLAUDE_PROJECT_DIR": str(repo)} | environment
    done = subprocess.run(["/bin/sh", "-c", command], input=json.dumps(call), env=variables, capture_output=True, text=True, timeout=60)
    told = json.loads(done.stdout)["hookSpecificOutput"] if done.stdout else {}
    return told.get("permissionDecision", ""), done.returncode


def bash(command: str, mode: str = "default") -> dict[str, Any]:
    return {"tool_name": "Bash", "tool_input": {"command": command}, "permission_mode": mode}


@pytest.fixture
def copied(repos: Repos, tmp_path: Path) -> Path:
    return Path(shutil.copytree(repos(), tmp_path / "it's a copy", symlinks=True))


def test_verdicts_reach_the_client(copied: Path) -> None:
    assert hook(copied, bash("git status")) == ("allow", 0)
    assert hook(copied, bash("cat .env")) == ("deny", 0)
    assert hook(copied, bash("git branch -D old")) == ("ask", 0)
    assert hook(copied, bash("git branch -D old", "bypassPermissions")) == ("deny", 0)
    assert hook(copied, bash("make deploy")) == ("", 0)
    assert hook(copied, {"tool_name": "Glob", "tool_input": {"pattern": "*"}}) == ("", 0)


@pytest.mark.parametrize(
    "fault",
    {
        "emptied": ("guard.py", ""),
        "a syntax error": ("guard.py", "def ("),
        "another file emptied": ("guard_files.py", ""),
        "hangs": ("guard_shell.py", "while True: pass\n"),
        "hangs once loaded": ("guard_options.py", None),
        "no facts": ("project.json", "{"),
        "facts without programs": ("project.json", '{"secrets": []}'),
        "merge marks": ("guard.py", "<<<<<<< a\n"),
        "gone": ("guard.py", "gone"),
    }.items(),
    ids=lambda fault: fault[0],
)
def test_a_broken_guard_asks(copied: Path, fault: tuple[str, tuple[str, str | None]]) -> None:
    name, text = fault[1]
    file = copied / ".claude/hooks" / name
    if text == "gone":
        file.unlink()
    elif text is None:
        file.write_text(file.read_text().replace("        found, words, at = list[tuple](), [], 0\n", "        while True: pass\n"))
    else:
        file.write_text(text)
    began = time.monotonic()
    for call in (bash("git status"), bash("cat .e*")):
        assert hook(copied, call) == ("ask", 0)
    assert hook(copied, bash("git status", "bypassPermissions")) == ("deny", 0)
    assert time.monotonic() - began < 45


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tool_name": "Bash"}', '{"tool_name": "Bash", "tool_input": {"command": 3}}'])
def test_broken_input_asks(copied: Path, text: str) -> None:
    done = subprocess.run([sys.executable, "-IS", copied / ".claude/hooks/guard.py"], input=text, capture_output=True, text=True)
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "ask"


def test_only_without_python_the_client_is_alone(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("sh", "cat"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    assert hook(copied, bash("cat .e*"), PATH=str(tmp_path / "bin")) == ("", 0)


# What is protected, and what is not


def test_secrets_without_collateral(template: Path, workshop: Path) -> None:
    """A package called secrets works; `not_secret` is known to settings and guard; a hint names what is there."""
    repo = proof.staged(template, workshop, "fastapi-postgres", "standard", not_secret=["tests/fixtures/public.pem", "deploy/tls.key"])
    write_files(repo, dict.fromkeys(("app/secrets/service.py", "tests/fixtures/public.pem"), "x = 1\n"))
    denied = json.loads((repo / ".claude/settings.json").read_text())["permissions"]["deny"]
    assert "Read(**/*.pem)" not in denied and "Read(**/*.key)" not in denied and "Read(**/.env)" in denied
    with judging(repo) as judge:
        for command in ("cat app/secrets/service.py", "grep -rn x app", "cat app/*/*.py", "rg x app/secrets", "git add app/secrets tests/fixtures/public.pem", "cat deploy/tls.key"):
            verdict, _, changed = judge(command)
            assert (verdict, changed) == ("free", None), command
        assert judge(tool="Write", file_path=str(repo / "app/secrets/service.py"))[0] == "theirs"
        assert judge("cat new.pem")[0] == "refuse" and judge("cat app/secrets/token.txt")[0] == "refuse"
        verdict, reason, _ = judge("git show HEAD~1")
        assert verdict == "refuse" and "behind `--`" in reason


def test_install_and_services_are_free_as_committed(committed: Path, stack: str) -> None:
    commands = proof.commands(committed)
    with judging(committed) as judge:
        assert {judge(commands[key])[0] for key in ("install", "services")} == {"free"}
        for name, key in (("compose.yaml", "services"), ("package.json", "install"), ("pyproject.toml", "install"), ("go.mod", "install")):
            kept = (committed / name).read_text() if (committed / name).exists() else None
            (committed / name).write_text("changed\n")
            assert judge(commands[key])[0] == "ask", name
            (committed / name).unlink() if kept is None else (committed / name).write_text(kept)


def test_what_git_can_bring_back_is_free(committed: Path) -> None:
    with judging(committed) as judge:
        assert judge("rm removed.txt")[0] == judge("git mv moved.txt m.txt")[0] == judge("mv moved.txt m.txt")[0] == "free"
        (committed / "moved.txt").write_text("changed\n")
        (committed / "fresh.txt").write_text("x\n")
        for command in ("rm moved.txt", "mv moved.txt m.txt", "git rm moved.txt", "rm fresh.txt", "mv removed.txt README.md", "rm -r scripts", "mv .github x"):
            assert judge(command)[0] == "ask", command


# Speed


@pytest.fixture(scope="session")
def large(template: Path, workshop: Path) -> Path:
    """A project of 20,000 files."""
    repo = proof.staged(template, workshop, "fastapi-postgres", "standard")
    for folder in range(200):
        (repo / f"app/p{folder}").mkdir()
        for name in range(100):
            (repo / f"app/p{folder}/m{name}.py").write_text("x = 1\n")
    proof._git(repo, "add", "app")
    proof._git(repo, "commit", "-q", "-m", "large")
    return repo


# What git itself takes to look at 20,000 files is measured in the same run and not counted as ours.
LOOKS = {"git add -A": "git ls-files -o -m -z --exclude-standard", "git diff": "git diff -z --name-only --no-renames"}


@pytest.mark.parametrize("command", ["git status", "cat app/p1/m1.py", "uv run pytest -x", "grep -rn total .", "git add -A", "cat .env", "git diff"])
def test_at_most_60_milliseconds_more_than_python_itself(large: Path, command: str) -> None:
    call = json.dumps(bash(command)).encode()
    bare = [sys.executable, "-IS", "-c", "import sys; sys.stdin.read()"]
    if command in LOOKS:
        bare = ["sh", "-c", f'"$0" "$@" && {LOOKS[command]} >/dev/null', *bare]
    ours = [sys.executable, "-IS", str(large / ".claude/hooks/guard.py")]
    spans: dict[str, list[tuple[float, float]]] = {"bare": [], "ours": []}
    for _ in range(15):
        for name, program in (("bare", bare), ("ours", ours)):
            began = time.perf_counter()
            process = subprocess.Popen(program, cwd=large, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            assert process.stdin
            process.stdin.write(call)
            process.stdin.close()
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0
            spans[name].append((time.perf_counter() - began, used.ru_utime + used.ru_stime))
    # Wall time or processor time, children included: what others take from a busy machine is not ours.
    more = [min(times[kind] for times in spans["ours"]) - min(times[kind] for times in spans["bare"]) for kind in (0, 1)]
    assert min(more) < 0.060, more


def test_it_survives_jinja(repos: Repos) -> None:
    for name in MODULES:
        assert (repos() / f".claude/hooks/{name}.py").read_text() == (ROOT / f"hooks/{name}.py").read_text()


def test_the_hooks_are_short() -> None:
    lines = {path.name: path.read_text().splitlines() for path in (ROOT / "hooks").glob("*.py")}
    assert [name for name, text in lines.items() if any(len(line) > 110 for line in text)] == []
    assert sum(map(len, lines.values())) <= 1476, {name: len(text) for name, text in lines.items()}
