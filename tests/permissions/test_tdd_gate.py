"""`hooks/tdd_gate.py`: asks once for the test, and is out of the way of everything else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROGRAM = Path(__file__).parents[2] / "hooks" / "tdd_gate.py"
FACTS = {
    "methodology": ["tdd", "kiss"],
    "paths": {
        "source": ["app/**/*.py", "lib/**", "*.go"],
        "tests": ["tests/**", "**/*_test.{go,py}"],
        "migrations": ["**/migrations/versions/*.py"],
    },
}


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def write(root: Path, *names: str, text: str = "x = 1\n") -> None:
    write_files(root, dict.fromkeys(names, text))


def install(root: Path, facts: dict[str, Any] = FACTS) -> Path:
    """Our files in `root`, as the template copies them."""
    write(root, ".claude/hooks/project.json", text=json.dumps(facts))
    for program in (PROGRAM, PROGRAM.with_name("guard_files.py")):
        shutil.copy(program, root / ".claude/hooks")
    return root


def stop(root: Path, cwd: object = None, program: Path | None = None, stdin: bytes | None = None, environment: dict[str, str] | None = None, **event: Any) -> tuple[int, str]:
    """Exit code and stderr of the gate run as the client runs it."""
    if stdin is None:
        event = {"session_id": "s1", "hook_event_name": "Stop", "cwd": str(cwd or root)} | event
        stdin = json.dumps(event).encode()
    run = subprocess.run(
        [sys.executable, program or root / ".claude/hooks/tdd_gate.py"],
        input=stdin,
        cwd="/",
        capture_output=True,
        env={k: v for k, v in os.environ.items() if k != "CLAUDE_PROJECT_DIR"} | (environment or {}),
    )
    assert run.stdout == b""
    return run.returncode, run.stderr.decode()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A committed project with a source file and a test."""
    root = install(tmp_path / "my 'odd' repo ü")
    write(root, "app/orders.py", "tests/test_orders.py", ".gitignore", text="")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    return root


# name, files written after the commit, whether the gate asks
CHANGES = [
    ("nothing", [], False),
    ("a tracked source file", ["app/orders.py"], True),
    ("an untracked source file", ["app/deep/er/new.py"], True),
    ("a file straight in the glob's folder", ["app/new.py"], True),
    ("spaces, quotes and letters beyond ASCII", ["app/a 'b' \"ç\" 日本.py"], True),
    ("a new line in a name", ["app/a\nb.py"], True),
    ("a glob without a slash, at depth", ["cmd/server/main.go"], True),
    ("source and its test", ["app/orders.py", "tests/test_orders.py"], False),
    ("source and a new test", ["app/orders.py", "tests/api/test_new.py"], False),
    ("source and a test beside it", ["lib/a.go", "lib/a_test.go"], False),
    ("only a test", ["tests/test_orders.py"], False),
    ("only a migration", ["app/migrations/versions/1_a.py", "migrations/versions/2.py"], False),
    ("a migration and source", ["app/migrations/versions/1_a.py", "app/orders.py"], True),
    ("configuration", ["lib/a.yaml", "app/core/config.py", "lib/vite.config.ts", "app/config/x.py"], False),
    ("a feature named settings", ["lib/settings/settings.service.ts"], True),
    ("documents and what is no source", ["README.md", "lib/notes.md", "scripts/run.py"], False),
]


@pytest.mark.parametrize("staged", [False, True], ids=["unstaged", "staged"])
@pytest.mark.parametrize(("name", "files", "asks"), CHANGES, ids=[row[0] for row in CHANGES])
def test_which_changes_are_asked_about(repo: Path, name: str, files: list[str], asks: bool, staged: bool) -> None:
    write(repo, *files)
    if staged:
        git(repo, "add", "-A")
    code, said = stop(repo)
    assert code == (2 if asks else 0)
    assert bool(said) == asks


def test_the_words(repo: Path) -> None:
    write(repo, *(f"app/m{n}.py" for n in range(5)))
    code, said = stop(repo)
    assert said == (
        "Source changed and no test did: app/m0.py, app/m1.py, app/m2.py and 2 more. Write the test that "
        "fails without this change now, or say in your report why none is needed.\n"
    )
    assert code == 2


def test_control_characters_of_a_name_are_not_shown(repo: Path) -> None:
    write(repo, "app/\x1b[31m\n.py")
    assert "app/?[31m?.py" in stop(repo)[1]


def test_deleting_source_owes_no_test_and_deleting_a_test_pays_none(repo: Path) -> None:
    (repo / "app/orders.py").unlink()
    assert stop(repo)[0] == 0
    write(repo, "app/new.py")
    (repo / "tests/test_orders.py").unlink()
    assert stop(repo)[0] == 2


def test_asks_once_per_session_and_file(repo: Path) -> None:
    write(repo, "app/orders.py", "app/b.py")
    assert stop(repo, stop_hook_active=True)[0] == 0
    assert stop(repo)[0] == 2
    assert stop(repo)[0] == 0
    (repo / "app/b.py").unlink()  # fewer files than asked about is nothing new
    assert stop(repo)[0] == 0
    write(repo, "app/c.py")
    assert stop(repo)[0] == 2
    assert stop(repo)[0] == 0
    assert stop(repo, session_id="../s2/ ü")[0] == 2
    assert stop(repo, session_id="../s2/ ü")[0] == 0


def test_leaves_the_work_tree_clean_and_forgets_old_sessions(repo: Path) -> None:
    write(repo, "app/orders.py")
    assert stop(repo)[0] == 2
    markers = repo / ".git/backend-developer/tdd-gate"
    (old,) = markers.iterdir()
    os.utime(old, (0, 0))
    before = subprocess.run(["git", "status", "--porcelain"], cwd=repo, capture_output=True).stdout
    assert before == b" M app/orders.py\n"
    assert stop(repo, session_id="another")[0] == 2
    assert old not in list(markers.iterdir())


def test_never_asks_when_it_could_not_remember(repo: Path) -> None:
    write(repo, "app/orders.py")
    write(repo, ".git/backend-developer", text="a file in the way")
    assert stop(repo) == (0, "")


def test_before_the_first_commit(tmp_path: Path) -> None:
    root = install(tmp_path)
    git(root, "init", "-q")
    write(root, "app/a.py")
    assert stop(root)[0] == 2
    write(root, "tests/test_a.py")
    assert stop(root, session_id="s2")[0] == 0


def test_a_worktree_is_judged_by_itself(repo: Path) -> None:
    write(repo, "app/orders.py")
    tree = repo / ".claude/worktrees/w 1"
    git(repo, "worktree", "add", "-q", str(tree), "-b", "w")
    program = repo / ".claude/hooks/tdd_gate.py"
    assert stop(repo, cwd=tree / "app", program=program)[0] == 0
    write(tree, "app/orders.py", text="y = 2\n")
    assert stop(repo, cwd=tree / "app", program=program)[0] == 2
    assert stop(repo, cwd=tree, program=program)[0] == 0
    assert stop(repo)[0] == 2, "the main tree has a marker of its own"
    assert not (tree / ".git").is_dir()


def test_a_project_below_the_git_root(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    root = install(tmp_path / "services/orders ü")
    write(tmp_path, "app/elsewhere.py", "services/other/app/a.py", "services/orders_ü/app/a.py")
    write(tmp_path, "tests/test_elsewhere.py")
    assert stop(root)[0] == 0
    write(root, "app/a.py")
    code, said = stop(root, cwd=tmp_path / "services/other")
    assert code == 2
    assert "did: app/a.py." in said


def test_a_symlink_to_the_project(repo: Path, tmp_path: Path) -> None:
    write(repo, "app/orders.py")
    link = tmp_path / "link"
    link.symlink_to(repo)
    assert stop(link)[0] == 2
    assert stop(repo)[0] == 0


def test_git_variables_left_by_a_git_hook_do_not_matter(repo: Path, tmp_path: Path) -> None:
    write(repo, "app/orders.py")
    assert stop(repo, environment={"GIT_DIR": str(tmp_path / "no"), "GIT_INDEX_FILE": "/no"})[0] == 2


def test_ignored_files_do_not_count(repo: Path) -> None:
    write(repo, ".gitignore", text="app/generated/\n")
    write(repo, "app/generated/a.py")
    assert stop(repo)[0] == 0


# what keeps it from looking: a callable that spoils the repo, or other keywords of stop()
SPOILT: dict[str, Any] = {
    "no git": lambda root: shutil.rmtree(root / ".git"),
    "a broken git": lambda root: (root / ".git/HEAD").write_text("?"),
    "no facts": lambda root: (root / ".claude/hooks/project.json").unlink(),
    "broken facts": lambda root: (root / ".claude/hooks/project.json").write_text("<<<<<<<"),
    "facts of another shape": lambda root: install(root, {"methodology": 3, "paths": []}),
    "globs of another shape": lambda root: install(root, {**FACTS, "paths": {"source": [3, "[z-a]"]}}),
    "another method": lambda root: install(root, {**FACTS, "methodology": ["kiss"]}),
    "no source": lambda root: install(root, {**FACTS, "paths": {"source": []}}),
    "no input": {"stdin": b""},
    "no object": {"stdin": b"[1]"},
    "no session": {"session_id": None},
    "bytes": {"stdin": b"\xff\xfe\x00{"},
    "no git program": {"environment": {"PATH": "/nowhere"}},
}


@pytest.mark.parametrize("name", SPOILT)
def test_any_trouble_lets_the_agent_stop(repo: Path, name: str) -> None:
    write(repo, "app/orders.py")
    spoil = SPOILT[name]
    if callable(spoil):
        spoil(repo)
        spoil = {}
    assert stop(repo, **spoil) == (0, "")


@pytest.mark.parametrize("cwd", ["C:\\Users\\a b\\app", "relative", "", "/no/such", None, 3, ["x"]])
def test_an_odd_cwd_falls_back_to_the_project_of_the_program(repo: Path, cwd: object) -> None:
    write(repo, "app/orders.py")
    event = {"session_id": "s1", "cwd": cwd}
    assert stop(repo, stdin=json.dumps(event).encode())[0] == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(),
        st.dictionaries(
            st.sampled_from(["session_id", "cwd", "stop_hook_active"]),
            st.one_of(st.none(), st.booleans(), st.text(), st.integers(), st.lists(st.text())),
        ).map(lambda event: json.dumps(event).encode()),
    )
)
def test_any_input(repo: Path, stdin: bytes) -> None:
    write(repo, "app/orders.py")
    code, said = stop(repo, stdin=stdin)
    assert code in (0, 2)
    assert bool(said) == (code == 2)


def test_passes_through_jinja() -> None:
    assert not [mark for mark in ("{" + "{", "{" + "%", "{" + "#") if mark in PROGRAM.read_text()]
