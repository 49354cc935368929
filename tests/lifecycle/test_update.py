"""Updates: what a person and the template changed both stays, and what Copier cannot do is known and told."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import copier
import matrix
import pytest
import yaml
from checks import Answers
from conftest import ROOT, STARTER, cli, commit, doctor, generated, git, project, without_origin, write_files
from copier import VcsRef
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

README = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))
STACK = "fastapi-postgres"
ANSWERS = {"stack": STACK, "starter": False, "features": ["auth"]}
AGENT, SETTINGS, AUTH = ".claude/agents/backend-developer.md", ".claude/settings.json", ".claude/rules/auth.md"
OWN = {
    ".claude/rules/house.md": '---\npaths:\n  - "**/app/**/*.py"\n---\n- House rule.\n',
    ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews.\n---\nReview.\n",
    "docs/notes.md": "Notes.\n",
}


def source(template: Path, stack: str, path: str) -> Path:
    """The file of the template that generates `path`."""
    name = {"CLAUDE.md": "{{ claude_md }}", SETTINGS: "{{ settings_file }}"}.get(path, path)
    return template / "template" / stack.split("-")[0] / f"{name}.jinja"


def release(template: Path, folder: Path, changes: dict[str, str], stack: str = STACK, tag: str = "v0.2.0") -> Path:
    """A copy of `template` in `folder` with one version more, in which each path of `changes` comes out as its text."""
    if not folder.exists():
        shutil.copytree(template, folder)
    for path, text in changes.items():
        source(folder, stack, path).write_text("{% raw %}" + text + "{% endraw %}", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", tag)
    git(folder, "tag", tag)
    return folder


def update(repo: Path, template: Path | None = None, **options: Any) -> dict[str, str]:
    """Commit, update in this process, from `template` if it is another one; returns the files."""
    if template:
        answers = repo / ".copier-answers.yml"
        answers.write_text(re.sub(r"(?m)^_src_path: .*", f"_src_path: {template}", answers.read_text()))
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--allow-empty", "-m", "before")
    copier.run_update(repo, defaults=True, overwrite=True, quiet=True, **options)
    return generated(repo)


def conflicts(repo: Path) -> list[str]:
    """Files with conflict markers, unmerged ones, and rejected hunks."""
    marked = [path for path, text in generated(repo).items() if re.search(r"(?m)^(<{7}|>{7}) ", text) or path.endswith(".rej")]
    return sorted({*marked, *git(repo, "diff", "--name-only", "--diff-filter=U").split()})


def statements(text: str) -> list[int]:
    """Indices of the lines that are statements of their own; commands and the index of rules are lists of another kind."""
    lines, found, compact = text.splitlines(), [], False
    for at, line in enumerate(lines):
        if line.startswith("#"):
            compact = line in ("## Commands", "## Rules")
        if not compact and re.match(r"- |\d\. ", line):
            found.append(at)
    return found


# --- any edits on lines of their own merge ---


def spans(folder: Path, old: str, new: str) -> list[tuple[int, int]]:
    """The lines of `old` that `new` changes, as half-open spans; an insertion's is empty."""
    for name, text in (("old", old), ("new", new)):
        (folder / name).write_bytes(text.encode())
    command = ["git", "diff", "--no-index", "--no-indent-heuristic", "-U0", "old", "new"]
    diff = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
    found = [(int(at), int(size or 1)) for at, size in re.findall(r"(?m)^@@ -(\d+)(?:,(\d+))? ", diff)]
    return [(at, at + size) if size else (at + 1, at + 1) for at, size in found]


def apart(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> bool:
    """At least one unchanged line stands between any change of one and any of the other."""
    return all(a[1] < b[0] or b[1] < a[0] for a in ours for b in theirs)


def add_rule(text: str, kind: str, at: int, rule: str) -> str:
    """settings.json with `rule` typed in before entry `at` of a list; -1: behind the last."""
    lines = text.splitlines(keepends=True)
    first = lines.index(f'    "{kind}": [\n') + 1
    end = next(number for number in range(first, len(lines)) if lines[number].startswith("    ]"))
    if at == -1:
        lines[end - 1] = lines[end - 1].replace("\n", ",\n")
        lines.insert(end, f'      "{rule}"\n')
    else:
        lines.insert(first + at % (end - first), f'      "{rule}",\n')
    return "".join(lines)


def same_end(old: str, new: str) -> bool:
    return new.splitlines()[-2:] == old.splitlines()[-2:]


def edited(draw: Callable[..., Any], text: str, path: str, who: str, allowed: Callable[[str], bool]) -> str:
    """`text` after some edits that `allowed` lets pass."""
    for number in range(draw(st.integers(1, 4))):
        mark, lines = f"{who}{number}", text.splitlines(keepends=True)
        if path == SETTINGS:
            kind = draw(st.sampled_from(["allow", "ask", "deny"]))
            new = add_rule(text, kind, draw(st.integers(-1, 30)), f"Bash({mark} {kind} *)")
        else:
            found = statements(text)
            kinds = ["reword", "add"] + ["delete"] * (len(found) > 1)  # the last one stays, for the next edit
            at, kind = draw(st.sampled_from(found)), draw(st.sampled_from(kinds))
            change = {"reword": [lines[at].replace("\n", f" {mark}\n")], "delete": [], "add": [lines[at], "\n", f"- {mark} in {path}\n"]}[kind]
            new = "".join([*lines[:at], *change, *lines[at + (2 if kind == "delete" else 1) :]])
        text = new if allowed(new) else text
    return text


@pytest.mark.parametrize("stack", matrix.STACKS)
@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_edits_on_other_lines_merge(tagged_template: Path, tmp_path_factory: pytest.TempPathFactory, stack: str, data: st.DataObject) -> None:
    folder, draw = tmp_path_factory.mktemp("merge"), data.draw
    answers = {**ANSWERS, **(matrix.GO if stack == "generic" else {}), "stack": stack, "permissions": draw(st.sampled_from(matrix.LEVELS[:5]))}
    repo = project(tagged_template, folder / "service", **answers)
    old = generated(repo)
    texts = [path for path in old if path.endswith(".md") or path == SETTINGS]
    new = {}
    for path in draw(st.sets(st.sampled_from(texts), min_size=6)):  # the last line of a file stays, so that people may append
        new[path] = edited(draw, old[path], path, "Template", partial(same_end, old[path]))
    new[".claude/hooks/guard.py"] = old[".claude/hooks/guard.py"].replace("\nimport re\n", "\nimport re  # Template\n")
    template = release(tagged_template, folder / "template", new, stack)

    taken = {path: spans(folder, old[path], new.get(path, old[path])) for path in texts}
    mine = {}

    def clear(path: str, text: str) -> bool:
        return apart(spans(folder, old[path], text), taken[path])

    for path in texts:
        mine[path] = edited(draw, old[path], path, "Mine", partial(clear, path))
        if path != SETTINGS:
            mine[path] += f"\n## Mine\n\nOwn section of {path}.\n"
    gone = draw(st.sampled_from([path for path in texts if "/rules/" in path]))
    write_files(repo, mine | OWN)
    (repo / gone).unlink()

    done = update(repo, template)
    assert conflicts(repo) == []
    assert gone not in done and {path: done[path] for path in OWN} == OWN
    assert done[".claude/hooks/guard.py"] == new[".claude/hooks/guard.py"]
    for path in set(texts) - {gone}:
        kept = Counter(mine[path].splitlines())
        kept.subtract(old[path].splitlines())
        kept.update(new.get(path, old[path]).splitlines())
        assert Counter(done[path].splitlines()) == +kept, path
    json.loads(done[SETTINGS])
    look = doctor(repo)
    assert look.returncode == 0, look.stdout


# --- the layout makes neighboring edits merge, and both ends of every list ---


def test_neighboring_edits_merge(tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "service", **ANSWERS)
    old = generated(repo)
    new, mine = {}, {}
    for path, text in old.items():
        if not path.endswith(".md"):
            continue
        ours, theirs = text.splitlines(keepends=True), text.splitlines(keepends=True)
        at = statements(text)
        middle = at[len(at) // 2]
        theirs[middle] = theirs[middle].replace("\n", " Template.\n")
        for nearby in (at[len(at) // 2 - 1], at[len(at) // 2 + 1]):
            ours[nearby] = ours[nearby].replace("\n", " Mine.\n")
        if "/rules/" in path:  # the template's list grows at its end, and so does the file
            theirs[at[-1]] += "\n- Template's last.\n"
        new[path], mine[path] = "".join(theirs), "".join([*ours, "\n- Mine at the end.\n"])
    new[AGENT] = new[AGENT].replace('description: "', 'description: "Template: ')
    mine[AGENT] = mine[AGENT].replace("tools: ", "tools: WebSearch, ").replace("model: inherit", "model: opus\nmaxTurns: 9")
    # A rules file of one's own is named at the end of the index; the template's new feature comes in there too.
    last = "- logs, health, metrics, timeouts, shutdown, images: `.claude/rules/operations.md`\n"
    mine["CLAUDE.md"] = mine["CLAUDE.md"].replace(last, last + "- house rules: `.claude/rules/house.md`\n")
    for kind in ("allow", "ask", "deny"):
        mine[SETTINGS] = add_rule(add_rule(mine.get(SETTINGS, old[SETTINGS]), kind, 0, f"Bash(first {kind})"), kind, -1, f"Bash(last {kind})")
    write_files(repo, mine | OWN)
    template = release(tagged_template, tmp_path / "template", new)
    done = update(repo, template)
    assert conflicts(repo) == []
    for path, text in mine.items():
        for line in {*text.splitlines(), *new.get(path, text).splitlines()} - set(old[path].splitlines()) - {""}:
            assert line in done[path].splitlines(), (path, line)
    assert doctor(repo).returncode == 0


def test_own_rules_at_both_ends_merge_with_other_commands(tagged_template: Path, tmp_path: Path) -> None:
    """Another package manager changes the first of our rules in each list."""
    repo = project(tagged_template, tmp_path / "service", **ANSWERS)
    mine = generated(repo)[SETTINGS]
    for kind in ("allow", "ask", "deny"):
        mine = add_rule(add_rule(mine, kind, 0, f"Bash(first {kind})"), kind, -1, f"Bash(last {kind})")
    write_files(repo, {SETTINGS: mine})
    done = update(repo, data={"package_manager": "poetry"}, vcs_ref=VcsRef.CURRENT)
    assert conflicts(repo) == []
    rules = json.loads(done[SETTINGS])["permissions"]
    for kind in ("allow", "ask", "deny"):
        assert (rules[kind][0], rules[kind][-1]) == (f"Bash(first {kind})", f"Bash(last {kind})")
    assert "Bash(poetry add *)" in rules["ask"] and "Bash(uv add *)" not in rules["ask"]
    assert doctor(repo).returncode == 0


def test_the_index_takes_a_feature_beside_an_own_entry(tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "service", **ANSWERS)
    entry = "- house rules: `.claude/rules/house.md`\n"
    memory = (repo / "CLAUDE.md").read_text()
    write_files(repo, OWN | {"CLAUDE.md": memory.replace("\n\n## Notes of", f"\n{entry}\n## Notes of")})
    done = update(repo, data={"features": ["auth", "money"]}, vcs_ref=VcsRef.CURRENT)
    assert conflicts(repo) == [] and entry in done["CLAUDE.md"] and ".claude/rules/money.md`" in done["CLAUDE.md"]


# --- limits of Copier: a version that fixes one shows here, and README can say so ---


@pytest.fixture(scope="session")
def service(tagged_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tagged_template, tmp_path_factory.mktemp("one") / "service", **ANSWERS)


@pytest.fixture
def repo(service: Path, tmp_path: Path) -> Path:
    """A generated repository, to be changed."""
    return shutil.copytree(service, tmp_path / "service")


def reworded(text: str, line: str, mark: str) -> str:
    assert line in text
    return text.replace(line, f"{line} {mark}", 1)


@pytest.mark.parametrize("mine", ["- lint: `uv run ruff check .`", "- format: `uv run ruff format .`"], ids=["same line", "adjacent line"])
def test_limit_one_place_changed_by_both_leaves_markers(tagged_template: Path, repo: Path, tmp_path: Path, mine: str) -> None:
    """Commands stand line by line; Copier exits 0, and doctor stops the commit."""
    old = generated(repo)["CLAUDE.md"]
    write_files(repo, {"CLAUDE.md": reworded(old, mine, "(mine)")})
    template = release(tagged_template, tmp_path / "template", {"CLAUDE.md": reworded(old, "- lint: `uv run ruff check .`", "(theirs)")})
    done = update(repo, template)
    assert conflicts(repo) == ["CLAUDE.md"]
    assert "(mine)" in done["CLAUDE.md"] and "(theirs)" in done["CLAUDE.md"]
    look = doctor(repo)
    assert look.returncode == 1 and "CLAUDE.md:" in look.stdout and "conflict marker" in look.stdout
    git(repo, "add", "-A")  # what `git commit -a` does first
    assert doctor(repo).returncode == 1


def test_limit_both_add_behind_one_entry_of_a_json_list(tagged_template: Path, repo: Path, tmp_path: Path) -> None:
    old = generated(repo)[SETTINGS]
    write_files(repo, {SETTINGS: add_rule(old, "allow", 3, "Bash(mine *)")})
    template = release(tagged_template, tmp_path / "template", {SETTINGS: add_rule(old, "allow", 3, "Bash(theirs *)")})
    update(repo, template)
    assert conflicts(repo) == [SETTINGS] and doctor(repo).returncode == 1


def test_limit_a_renamed_file_loses_its_edits(tagged_template: Path, repo: Path, tmp_path: Path) -> None:
    """So paths are an API: tests/lifecycle/test_api.py."""
    write_files(repo, {AUTH: generated(repo)[AUTH] + "\nMine.\n"})
    template = release(tagged_template, tmp_path / "template", {}, tag="v0.1.1")
    source(template, STACK, AUTH).rename(source(template, STACK, AUTH.replace("auth", "sign-in")))
    release(template, template, {})
    done = update(repo, template)
    assert AUTH not in done and "Mine." not in done[".claude/rules/sign-in.md"]
    assert " D .claude/rules/auth.md" in git(repo, "status", "--porcelain").splitlines()


def test_limit_a_feature_switched_off_takes_its_file_with_the_edits(repo: Path) -> None:
    """Copier's way; git shows it."""
    write_files(repo, {AUTH: generated(repo)[AUTH] + "\nMine.\n"})
    assert AUTH not in update(repo, data={"features": []}, vcs_ref=VcsRef.CURRENT)
    assert git(repo, "status", "--porcelain").splitlines() == [" D .claude/rules/auth.md", " M .copier-answers.yml", " M CLAUDE.md"]
    assert "-Mine." in git(repo, "diff", "--", AUTH)


# --- re-answering ---


def test_a_reanswer_is_a_fresh_copy_with_the_edits(template: Path, tagged_template: Path, tmp_path: Path, pair: tuple[Answers, Answers]) -> None:
    before, after = pair
    if before.get("starter") and before["stack"] != after["stack"]:
        after = after | {"starter": False}  # one starter is not exchanged for another

    def mine(files: dict[str, str]) -> dict[str, str]:
        """The person's edits, made to files that both answers have."""
        return {
            path: add_rule(text, "deny", -1, "Bash(mine *)") if path == SETTINGS else text + f"\n## Mine\n\nOf {path}.\n"
            for path, text in files.items()
            if path in shared and (path.endswith(".md") or path == SETTINGS)
        }

    def setup(files: dict[str, str]) -> dict[str, str]:
        """Without the starter's files, which no answer changes once they are there."""
        return {path: text for path, text in files.items() if path.startswith((".claude/", "CLAUDE", "AGENTS", ".copier"))}

    repo, fresh = project(tagged_template, tmp_path / "service", **before), tmp_path / "fresh" / "service"
    copier.run_copy(str(template), fresh, data=after, defaults=True, quiet=True)
    expected = setup(generated(fresh))
    shared = expected.keys() & generated(repo).keys()
    write_files(repo, mine(generated(repo)) | OWN)
    done = setup(update(repo, data=after, vcs_ref=VcsRef.CURRENT))
    assert conflicts(repo) == []
    assert without_origin(done) == without_origin(expected) | mine(expected) | {path: text for path, text in OWN.items() if path in done}


def pairs(count: int) -> list[tuple[Answers, Answers]]:
    """Answers before and after: each combination of the matrix is as likely, whatever its stack."""
    combos = [answers for stack in matrix.STACKS for answers in matrix.combinations(stack)]
    chosen = random.Random(4)
    return [(before, after) for before, after in (chosen.sample(combos, 2) for _ in range(count))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pair" in metafunc.fixturenames:
        metafunc.parametrize("pair", found := pairs(6), ids=[f"{matrix.name(a)} to {matrix.name(b)}" for a, b in found])


# --- the starter ---


def starter_files(template: Path, folder: Path) -> dict[str, str]:
    """What only a new service gets: {path: text}."""
    copier.run_copy(str(template), folder / "service", data=ANSWERS | {"starter": True}, defaults=True, quiet=True)
    return {path: text for path, text in generated(folder / "service").items() if not path.startswith((".claude/", "CLAUDE.md", ".copier"))}


@pytest.mark.parametrize("again", ["update", "recopy"])
def test_a_starters_files_are_the_projects(tagged_template: Path, tmp_path: Path, again: str) -> None:
    files = starter_files(tagged_template, tmp_path / "probe")
    repo = project(tagged_template, tmp_path / "service", **ANSWERS | {"starter": True})
    edited_one, deleted, untouched = [path for path in files if not path.endswith((".gitignore", ".dockerignore"))][:3]
    write_files(repo, {edited_one: "mine\n"})
    (repo / deleted).unlink()
    template = shutil.copytree(tagged_template, tmp_path / "template")
    framework = template / "template" / STACK.split("-")[0] / STARTER
    for path in framework.rglob("*"):  # every starter file is another one in the next version
        if path.is_file() and path.relative_to(framework).as_posix().removesuffix(".jinja") in files:
            path.write_text("# of the next version\n")
    write_files(framework, {"scripts/new.py.jinja": "# new\n"})
    commit(template, "next")
    git(template, "tag", "v0.2.0")
    expected = files | {edited_one: "mine\n"}
    del expected[deleted]
    done = update(repo, template)
    if again == "recopy":
        git(repo, "commit", "-qam", "updated")
        copier.run_recopy(repo, defaults=True, overwrite=True, quiet=True)
        done = generated(repo)
    assert {path: done.get(path) for path in (*files, "scripts/new.py")} == expected | {deleted: None, "scripts/new.py": None}
    assert untouched in expected and "_commit: v0.2.0" in done[".copier-answers.yml"]


def test_a_starter_asked_for_later_comes_and_overwrites_nothing(tagged_template: Path, tmp_path: Path) -> None:
    files = starter_files(tagged_template, tmp_path / "probe")
    repo = project(tagged_template, tmp_path / "service", **ANSWERS)
    mine = list(files)[0]
    write_files(repo, {mine: "mine\n"})
    done = update(repo, data={"starter": True}, vcs_ref=VcsRef.CURRENT)
    assert {path: done.get(path) for path in files} == files | {mine: "mine\n"}
    (repo / list(files)[-1]).unlink()
    assert list(files)[-1] not in update(repo)


# --- the command line, as people meet it ---


@pytest.fixture(scope="session")
def newer(tagged_template: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tagged template with a v0.2.0 that changes one rule."""
    auth = generated(service)[AUTH]
    return release(tagged_template, tmp_path_factory.mktemp("newer") / "template", {AUTH: auth.replace("- Passwords:", "- All passwords:")})


@pytest.fixture
def outdated(repo: Path, newer: Path) -> Path:
    """A generated repository for which there is an update."""
    answer(repo, r"_src_path: .*", f"_src_path: {newer}")
    commit(repo, "address")
    return repo


def answer(repo: Path, pattern: str, new: str) -> None:
    """Change the answers file by hand."""
    path = repo / ".copier-answers.yml"
    changed = re.sub(rf"(?m)^{pattern}$", new.replace("\\", r"\\"), text := path.read_text())
    assert changed != text
    path.write_text(changed)


def is_updated(repo: Path) -> bool:
    return "- All passwords:" in (repo / AUTH).read_text() and not conflicts(repo)


def broken_by(name: str, repo: Path, template: Path, folder: Path) -> Callable[[], object]:
    """Bring `repo` into a state in which Copier refuses; returns the way out of it, as README tells it."""
    if name == "an unknown value":
        answer(repo, "permissions: standard", "permissions: nonsense")
        return lambda: answer(repo, "permissions: nonsense", "permissions: standard")
    if name == "broken YAML":
        answer(repo, "features:", "features: [")
        return lambda: git(repo, "revert", "--no-edit", "HEAD")
    if name == "no answers file":
        (repo / ".copier-answers.yml").unlink()
        return lambda: git(repo, "revert", "--no-edit", "HEAD")
    if name == "no version in it":
        answer(repo, "_commit: .*", "# no version")
        return lambda: answer(repo, "# no version", "_commit: v0.1.0")
    if name == "a template at a relative path":
        answer(repo, r"_src_path: .*", "_src_path: ../elsewhere/template")
    if name == "a moved template":
        answer(repo, r"_src_path: .*", f"_src_path: file://{folder}/gone.git")
    if name == "a template without the old version":
        git(folder, "clone", "-q", "--depth", "1", f"file://{template}", "shallow")
        answer(repo, r"_src_path: .*", f"_src_path: {folder / 'shallow'}")
    if name == "uncommitted changes":
        return lambda: None  # the update below commits them
    if name == "no git":
        shutil.rmtree(repo / ".git")
        return lambda: git(repo, "init", "-q")
    return lambda: answer(repo, r"_src_path: .*", f"_src_path: {template}")


REFUSED = {
    "an unknown value": "Invalid choice for '",
    "broken YAML": "yaml.parser.ParserError",
    "no answers file": "Template not found",
    "no version in it": "cannot obtain old template references",
    "a template at a relative path": "Local template must be a directory",
    "a moved template": "git ls-remote --tags",
    "a template without the old version": "Unknown revision: '",
    "uncommitted changes": "Destination repository is dirty",
    "no git": "only supported in git-tracked subprojects",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_copier_refuses_and_the_way_out(outdated: Path, newer: Path, tmp_path: Path, case: str) -> None:
    fix = broken_by(case, outdated, newer, tmp_path)
    if case == "uncommitted changes":
        (outdated / "new.txt").write_text("x\n")
    elif case != "no git":
        commit(outdated, "broken")
    before = generated(outdated)
    done = cli("update", "--defaults", cwd=outdated)
    assert done.returncode == 1 and REFUSED[case] in done.stderr.replace("|", ""), done.stderr
    assert generated(outdated) == before
    assert re.search(rf"(?m)^\| .*{re.escape(REFUSED[case])}", README), "its row in Troubleshooting"
    fix()
    update(outdated)
    assert is_updated(outdated)


def test_the_answers_of_another_template(outdated: Path, tmp_path: Path, template: Path) -> None:
    """Its updates pass over ours; our copy refuses and names the way out."""
    other = tmp_path / "other"
    write_files(other, {"copier.yml": "x: {type: str, default: a}\n", "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"})
    git(other, "init", "-q")
    commit(other)
    git(other, "tag", "v1.0.0")
    write_files(outdated, {".copier-answers.yml": f"_src_path: {other}\n_commit: v1.0.0\nx: a\n"})
    commit(outdated)
    assert cli("update", "--defaults", cwd=outdated).returncode == 0 and not is_updated(outdated)
    done = cli("copy", "--defaults", template, outdated)
    assert done.returncode == 1 and "Another template owns .copier-answers.yml: add -a " in done.stderr
    assert "`Another template owns .copier-answers.yml`" in README


def test_check_update_tells_by_its_exit_code(outdated: Path) -> None:
    assert cli("check-update", "-q", cwd=outdated).returncode == 2
    assert "latest version is 0.2.0" in cli("check-update", cwd=outdated).stdout
    update(outdated)
    assert cli("check-update", "-q", cwd=outdated).returncode == 0


def test_recopy_drops_edits_and_asks_first(outdated: Path) -> None:
    write_files(outdated, {"CLAUDE.md": "# Mine\n"} | OWN)
    commit(outdated)
    done = cli("recopy", "--defaults", cwd=outdated)
    assert done.returncode == 1 and "`Interactive session required" in README and "Interactive session required" in done.stderr
    git(outdated, "checkout", "-q", ".")  # what it wrote before it stopped
    done = cli("recopy", "--defaults", "--overwrite", cwd=outdated)
    assert done.returncode == 0 and is_updated(outdated)
    files = generated(outdated)
    assert "# Mine" not in files["CLAUDE.md"] and {path: files[path] for path in OWN} == OWN


def test_a_template_without_tags_updates_to_its_last_commit(outdated: Path, newer: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(newer), "untagged")
    untagged = tmp_path / "untagged"
    git(untagged, "tag", "-d", "v0.1.0", "v0.2.0")
    answer(outdated, r"_commit: .*", f"_commit: {git(untagged, 'rev-parse', 'HEAD~1').strip()}")
    answer(outdated, r"_src_path: .*", f"_src_path: {untagged}")
    commit(outdated)
    done = cli("update", "--defaults", cwd=outdated)
    assert done.returncode == 0 and "No git tags found in template; using HEAD as ref" in done.stderr
    assert is_updated(outdated) and "`No git tags found in template" in README


def test_a_shallow_clone_of_the_project_updates(outdated: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{outdated}", "shallow")
    assert cli("update", "-q", "--defaults", cwd=tmp_path / "shallow").returncode == 0 and is_updated(tmp_path / "shallow")


def test_the_message_after_an_update_says_what_to_do(outdated: Path) -> None:
    done = cli("update", "--defaults", cwd=outdated)
    said = done.stderr.strip().splitlines()[-2:]
    assert "python3 .claude/hooks/doctor.py" in said[0] and "git diff" in said[1]


def test_limit_crlf_conflicts_until_git_normalizes(outdated: Path) -> None:
    (outdated / AUTH).write_bytes((outdated / AUTH).read_bytes().replace(b"\n", b"\r\n"))
    update(outdated)
    assert conflicts(outdated) == [AUTH] and doctor(outdated).returncode == 1
    git(outdated, "reset", "-q", "--hard")
    write_files(outdated, {".gitattributes": "* text=auto eol=lf\n"})
    git(outdated, "add", "--renormalize", ".")
    update(outdated)
    assert is_updated(outdated) and "`git add --renormalize .`" in README


def test_limit_a_linked_claude_md_gets_no_updates(tagged_template: Path, repo: Path, tmp_path: Path) -> None:
    old = generated(repo)["CLAUDE.md"]
    template = release(tagged_template, tmp_path / "template", {"CLAUDE.md": old.replace("## Hard rules\n", "## Hard rules\n\n- Template's.\n")})
    (repo / "CLAUDE.md").rename(repo / "house.md")
    (repo / "CLAUDE.md").symlink_to("house.md")
    update(repo, template)
    assert (repo / "CLAUDE.md").is_symlink() and (repo / "house.md").read_text() == old
    git(repo, "checkout", "-q", ".")
    (repo / "CLAUDE.md").unlink()
    (repo / "house.md").rename(repo / "CLAUDE.md")
    assert "- Template's." in update(repo)["CLAUDE.md"]




# --- many repositories ---


def test_readmes_loop_updates_a_fleet(newer: Path, service: Path, tmp_path: Path) -> None:
    """One with news, one without, one that conflicts, one that is not there; doctor stops the third."""
    loop = next(block for block in re.findall(r"```bash\n(.*?)```", README, re.S) if "repositories.txt" in block)
    assert "uvx copier" in loop
    command = f"{shlex.quote(sys.executable)} -m copier"
    addresses = {name: tmp_path / name for name in ("news", "none", "conflict", "missing")}
    for name in ("news", "none", "conflict"):
        shutil.copytree(service, addresses[name])
        if name != "none":
            answer(addresses[name], "_src_path: .*", f"_src_path: {newer}")
    auth = addresses["conflict"] / AUTH
    auth.write_text(auth.read_text().replace("- Passwords:", "- My passwords:"))
    for name in ("news", "conflict"):
        commit(addresses[name])
    (tmp_path / "repositories.txt").write_text("".join(f"file://{address}\n" for address in addresses.values()))
    ran = subprocess.run(["bash", "-c", loop.replace("uvx copier", command)], cwd=tmp_path, capture_output=True, text=True)
    by_hand = [line.split()[2] for line in ran.stdout.splitlines() if line.startswith("by hand:")]
    assert by_hand == [f"file://{addresses[name]}" for name in ("conflict", "missing")], ran.stderr
    branches = {name: git(addresses[name], "branch", "--list", "template-update").split() for name in ("news", "none", "conflict")}
    assert branches == {"news": ["template-update"], "none": [], "conflict": []}
    assert "- All passwords:" in git(addresses["news"], "show", f"template-update:{AUTH}")


def test_readmes_snippets_run_doctor() -> None:
    """Both run what the message after an update names, on every commit and pull request."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.S)]
    hook = next(block["repos"][0]["hooks"][0] for block in blocks if "repos" in block)
    workflow = next(block for block in blocks if "jobs" in block)
    commands = [hook["entry"], workflow["jobs"]["doctor"]["steps"][-1]["run"]]
    assert commands == ["python3 .claude/hooks/doctor.py"] * 2 and hook["always_run"] and not hook["pass_filenames"]
    assert workflow[True] == "pull_request"  # YAML 1.1 reads `on` as true
    config = json.loads(re.findall(r"(?s)```json\n(.*?)```", README)[0])
    assert config["packageRules"][0]["matchManagers"] == ["copier"]
