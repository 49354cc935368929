"""Answers are an API: what a release promised holds, and its repositories update to the template as it is now."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import copier
import pytest
import yaml
from _pytest.mark import ParameterSet
from conftest import ROOT, doctor, generated, git, project
from releases.make import REPOSITORIES, api, broken_promises, main, packed
from test_update import conflicts, update

RELEASES = sorted(path.parent for path in (ROOT / "tests/releases").glob("*/api.yml"))


def repositories() -> list[ParameterSet]:
    return [pytest.param(folder, path.stem, id=f"{folder.name}-{path.stem}") for folder in RELEASES for path in sorted(folder.glob("*.patch"))]


def history(release: Path, head: Path, folder: Path) -> Path:
    """A git repository with `release` as its first version and the files of `head` as the next."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for tag in (f"v{release.name}", "v1000.0.0"):
        for path in folder.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if tag == "v1000.0.0":
            shutil.copytree(head, folder, dirs_exist_ok=True)
        else:
            shutil.unpack_archive(release / "template.tar.gz", folder)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", tag)
        git(folder, "tag", tag)
    return folder


def updated(release: Path, name: str, head: Path, folder: Path) -> Path:
    """The person's repository `name` of that release, updated to `head`."""
    template = history(release, head, folder / "template")
    answers = yaml.safe_load((release / f"{name}.yml").read_text(encoding="utf-8"))
    repo = folder / "service"
    copier.run_copy(str(template), repo, data=answers, defaults=True, quiet=True, vcs_ref=f"v{release.name}")
    git(repo, "init", "-q", "-b", "main")
    git(repo, "apply", str(release / f"{name}.patch"))
    update(repo)
    return repo


def lost(repo: Path, patch: str) -> list[str]:
    """Lines and files that the person added and that are gone, or deleted and that are back."""
    found = []
    for path, change in re.findall(r"(?ms)^diff --git a/\S+ b/(\S+)\n(.*?)(?=^diff --git|\Z)", patch):
        if "deleted file mode" in change:
            found += [f"{path} is back"] if (repo / path).exists() else []
            continue
        now = (repo / path).read_text(encoding="utf-8").splitlines()
        added = [line for line in re.findall(r"(?m)^\+(?!\+\+ )(.+)$", change) if "own" in line.lower()]
        found += [f"{path}: {line}" for line in added if line not in now]
    return found


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_what_a_release_promised_holds(template: Path, release: Path) -> None:
    old = yaml.safe_load((release / "api.yml").read_text(encoding="utf-8"))
    assert broken_promises(old, api(template), template) == []


@pytest.mark.parametrize(("release", "name"), repositories())
def test_a_repository_of_a_release_updates(template: Path, tmp_path: Path, release: Path, name: str) -> None:
    """If this conflicts: a new statement goes above the last one of its list, a changed one keeps its place."""
    repo = updated(release, name, template, tmp_path)
    patch = (release / f"{name}.patch").read_text(encoding="utf-8")
    assert conflicts(repo) == [] and lost(repo, patch) == [] and "own" in patch
    assert "_commit: v1000.0.0" in generated(repo)[".copier-answers.yml"]
    look = doctor(repo)
    assert look.returncode == 0, look.stdout


def test_there_is_a_release_with_every_repository() -> None:
    assert RELEASES
    for release in RELEASES:
        assert {path.stem for path in release.glob("*.patch")} >= set(REPOSITORIES) or release != RELEASES[-1]


def test_a_release_is_made_the_same_twice(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("releases.make.HERE", tmp_path)
    monkeypatch.setattr("releases.make.api", lambda _: {})
    monkeypatch.setattr("releases.make.REPOSITORIES", {"go": REPOSITORIES["go"]})
    made = []
    for _ in range(2):
        main("1.0.0")
        made.append({path.name: path.read_bytes() for path in (tmp_path / "1.0.0").iterdir()})
    assert made[0] == made[1] and made[0]["template.tar.gz"] == packed(template)


# --- planted faults: each must be found ---


def changed(template: Path, folder: Path, path: str, old: str, new: str) -> Path:
    """A copy of the template in which `old` gives way to `new` in the files that match `path`."""
    shutil.copytree(template, folder)
    files = [file for file in folder.glob(path) if file.is_file() and old in file.read_text(encoding="utf-8")]
    assert files
    for file in files:
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return folder


FAULTS = {
    "choice removed": (("questions/agent.yml", '    "money: exact amounts": money\n', ""), "choice money of features is gone"),
    "choice of a stack removed": (("questions/project.yml", "['npm', 'pnpm', 'yarn'], 'generic'", "['npm', 'pnpm'], 'generic'"), "choice yarn of package_manager is gone"),
    "question renamed": (("**/*", "web_access", "web_tools"), "question web_access is gone"),
    "type changed": (("questions/stored.yml", "web_access:\n  type: bool", "web_access:\n  type: str"), "question web_access: type changed"),
    "path gone": (("template/generic/.claude/rules/tests.md.jinja", "{%", "{# #}{%"), ".claude/rules/tests.md no longer comes out"),
    "command changed": (("template/facts/fastapi-postgres.yml", "ruff check .", "ruff check src"), "the command lint changed"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_promise_is_found(template: Path, tmp_path: Path, fault: str) -> None:
    change, finding = FAULTS[fault]
    head = changed(template, tmp_path / "head", *change)
    if fault == "path gone":
        (head / change[0]).unlink()
    stack = "fastapi-postgres" if fault == "command changed" else "generic"
    before = api(template, (stack,))
    found = broken_promises(before, api(head, (stack,)), head)
    assert any(finding in line for line in found), found
    assert broken_promises(before, before, template) == []


def test_a_rename_that_reads_the_old_answer_keeps_the_promise(template: Path, tmp_path: Path) -> None:
    head = changed(template, tmp_path / "head", "**/*", "web_access", "web_tools")
    stored = head / "questions/stored.yml"
    question = stored.read_text().split("web_tools:")[1].split("\n\n")[0]
    stored.write_text(stored.read_text().replace(question, question.replace("default: false", 'default: "{{ web_access | default(false) }}"')))
    assert broken_promises(api(template, ()), api(head, ()), head) == []
    repo = project(history(RELEASES[-1], head, tmp_path / "template"), tmp_path / "service", stack="generic", vcs_ref=None)
    assert "web_tools: false" in generated(repo)[".copier-answers.yml"]


@pytest.mark.parametrize("guard", ["", " | default(true)"], ids=["bare", "with default"])
def test_a_new_question_in_exclude_needs_a_default(template: Path, tmp_path: Path, guard: str) -> None:
    head = changed(template, tmp_path / "head", "copier.yml", "_exclude:\n", f'_exclude:\n  - "{{% if not docs{guard} %}}/docs{{% endif %}}"\n')
    with (head / "questions/stored.yml").open("a") as stored:
        stored.write("\ndocs:\n  type: bool\n  ask: false\n  default: true\n")
    if guard:
        assert conflicts(updated(RELEASES[-1], "go", head, tmp_path)) == []
    else:
        with pytest.raises(Exception, match="'docs' is undefined"):
            updated(RELEASES[-1], "go", head, tmp_path)


@pytest.mark.parametrize("fault", ["statement behind the last", "last rule of a list"])
def test_a_change_where_people_append_conflicts(template: Path, tmp_path: Path, fault: str) -> None:
    plant: dict[str, tuple[str, str, str]] = {
        "statement behind the last": ("template/shared/rule.md", "{% endfilter %}\n", "\n- Template's last.\n{% endfilter %}\n"),
        "last rule of a list": ("template/facts/policy.yml", "  /secrets/**\n", "  /secrets/**\n  more/**\n"),
    }
    repo = updated(RELEASES[-1], "go", changed(template, tmp_path / "head", *plant[fault]), tmp_path)
    assert conflicts(repo) and doctor(repo).returncode == 1


def test_a_lost_edit_is_found(template: Path, tmp_path: Path) -> None:
    repo = updated(RELEASES[-1], "go", template, tmp_path)
    patch = (RELEASES[-1] / "go.patch").read_text(encoding="utf-8")
    rule = repo / ".claude/rules/tests.md"
    rule.write_text(rule.read_text().replace("- Own statement", "- Statement"))
    (repo / ".claude/rules/operations.md").write_text("back\n")
    assert lost(repo, patch) == [".claude/rules/operations.md is back", ".claude/rules/tests.md: - Own statement at the end of .claude/rules/tests.md."]
