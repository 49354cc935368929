"""README and docs say what is so: the picture, the walk, every name, path and command on a page."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import checks
import client
import context
import copier
import matrix
import pages
import picture
import pytest
import starters
import yaml
from conftest import ROOT, Render, cli, commit, doctor, files_of, generated, git, listed, project
from releases.make import definitions, values


def test_the_picture_shows_the_prompts_of_today() -> None:
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert picture.text_of(drawn) == picture.text_of(picture.drawn(picture.run())), "run `uv run python scripts/picture.py`"
    assert "url(http" not in drawn


# --- the walk


def printed(told: str, output: str) -> list[str]:
    """The lines of a `text` block that did not come, in this order; `…` is anything."""
    at, missing = 0, []
    for line in filter(None, (line.strip() for line in told.splitlines())):
        found = re.compile(".*".join(map(re.escape, line.split("…")))).search(output, at)
        missing += [] if found else [line]
        at = found.end() if found else at
    return missing


def test_what_a_command_does_not_print_is_found() -> None:
    assert printed("a\n… b\nc…d", "x a\n1 b\nc 2 d") == []
    assert printed("b\na\nc…d", "a\nb\nc\nd") == ["a", "c…d"]


@pytest.mark.xdist_group("python")
def test_the_walk(tagged_template: Path, tmp_path: Path) -> None:
    """Every command of the page in one shell, on a database of this run's own in the place of the one in Docker."""
    steps = pages.fenced("docs/walk.md")
    script = ["set -eo pipefail"]
    for number, (kind, text) in enumerate(steps):
        if kind == "bash":
            assert pages.ADDRESS in text or "copier copy" not in text
            text = text.replace(pages.ADDRESS, f"git+file://{tagged_template}").replace("docker compose up -d --wait\n", "")
            script += [f"exec >{tmp_path}/{number}.txt 2>&1", text]
    copied = tmp_path / "example"
    copier.run_copy(str(tagged_template), copied, defaults=True, quiet=True)
    environment = starters.environment_with("uv", tmp_path / "shims")
    with starters.locked(f"starter-port-{starters.PORTS['fastapi-postgres']}"), starters.database(copied) as url:
        ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=tmp_path, env=environment | {"DATABASE_URL": url}, timeout=600)
    outputs = {number: (tmp_path / f"{number}.txt").read_text(encoding="utf-8") for number in range(len(steps)) if (tmp_path / f"{number}.txt").exists()}
    assert ran.returncode == 0, list(outputs.values())[-1]
    faults = [(line, outputs[number - 1]) for number, (kind, text) in enumerate(steps) if kind == "text" for line in printed(text, outputs[number - 1])]
    assert not faults, faults[0][0] + " is not printed by:\n" + faults[0][1]


# --- pages whose commands are run

Shell = Callable[[str, Path], str]


@pytest.fixture
def shell(tagged_template: Path, tmp_path: Path) -> Shell:
    """`shell(commands, folder)` runs them as they are on the page, with this template at its address."""
    copier_here = tmp_path / "bin" / "uvx"
    copier_here.parent.mkdir()
    copier_here.write_text(f'#!/bin/sh\nexec {sys.executable} -m "$@"\n')
    copier_here.chmod(0o755)
    environment = os.environ | {"PATH": f"{copier_here.parent}:{os.environ['PATH']}"}

    def run(commands: str, folder: Path) -> str:
        commands = commands.replace(pages.ADDRESS, f"git+file://{tagged_template}")
        ran = subprocess.run(["bash", "-ec", commands], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


def test_a_command_is_corrected(shell: Shell, tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "shop", stack="fastapi-postgres", starter=False)
    command, *others = pages.blocks("docs/adopt.md")[1:]
    shell(command, repo)
    assert "- run the tests: `uv run pytest tests/unit`\n" in (repo / "CLAUDE.md").read_text()
    assert json.loads((repo / ".claude/hooks/project.json").read_text())["commands"]["test"] == "uv run pytest tests/unit"
    for other in others:
        commit(repo, "before")
        shell(other, repo)
        assert git(repo, "status", "--porcelain") != ""


def test_another_level(shell: Shell, tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "shop", permissions="read-only")
    assert "\ntools: Read, Grep, Glob\n" in (repo / ".claude/agents/backend-developer.md").read_text()
    shell(pages.blocks("docs/permissions.md")[0], repo)
    assert "\ntools: Read, Grep, Glob, Edit, Write, Bash\n" in (repo / ".claude/agents/backend-developer.md").read_text()
    assert json.loads((repo / ".claude/settings.json").read_text())["sandbox"]["enabled"] is True


def test_agents_md(shell: Shell, tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "shop")
    before = (repo / "CLAUDE.md").read_text()
    (repo / "CLAUDE.md").write_text(before + "- Own note.\n")
    commit(repo, "note")
    (command,) = pages.blocks("docs/agents-md.md")
    shell(command, repo)
    assert (repo / "CLAUDE.md").read_text() == "# shop\n\n@AGENTS.md\n" + before[before.index("\n## Notes") :] + "- Own note.\n"
    assert (repo / "AGENTS.md").read_text() == before
    assert doctor(repo).returncode == 0


def test_an_agents_md_of_theirs(template: Path, tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("# Theirs\n")
    assert cli("copy", "-q", "--defaults", "-d", "starter=false", "-d", "agents_md=true", template, tmp_path).returncode == 0
    files = generated(tmp_path)
    assert files["AGENTS.md"] == "# Theirs\n"
    assert re.search(r"(?s)\n@AGENTS\.md\n.*## Commands", files["CLAUDE.md"])


def test_monorepo(real_client: None, shell: Shell, template: Path, tmp_path: Path) -> None:
    """Settings and hooks hold for a session that starts in the backend's folder, and for no session of the root."""
    git(tmp_path, "init", "-q")
    (tmp_path / "services/billing").mkdir(parents=True)
    (tmp_path / "services/billing/main.py").write_text("import fastapi\n")
    (tmp_path / ".gitignore").write_text("bin/\n.env\n")
    commit(tmp_path, "code")
    (command,) = pages.blocks("docs/monorepo.md")
    shell(command.replace(" copy ", " copy --defaults "), tmp_path)
    commit(tmp_path, "setup")
    (tmp_path / "services/billing/.env").write_text("KEY=hunter2\n")
    shell("cd services/billing && uvx copier update --defaults", tmp_path)
    assert git(tmp_path, "status", "--porcelain") == ""
    inside = client.run(tmp_path / "services/billing", [client.bash("cat .env")], mode="bypassPermissions")
    assert "hunter2" not in inside.results[0].text
    outside = client.run(tmp_path, [client.bash("cat services/billing/.env")], agent=False, mode="bypassPermissions")
    assert "hunter2" in outside.results[0].text


def test_fork(shell: Shell, tagged_template: Path, tmp_path: Path) -> None:
    repo = project(tagged_template, tmp_path / "shop")
    fork = tmp_path / "fork"
    remote = tmp_path / "acme.git"
    git(tmp_path, "clone", "-q", str(tagged_template), "fork")
    git(tmp_path, "clone", "-q", "--bare", str(tagged_template), "acme.git")
    git(fork, "remote", "set-url", "origin", str(remote))
    rule = fork / "template/shared/rules/security.md"
    publish, change_over, merge = pages.blocks("docs/fork.md")
    rule.write_text(rule.read_text(encoding="utf-8").replace("\n- ", "\n- Acme: ask the security team before a new way to sign in.\n\n- ", 1), encoding="utf-8")
    commit(fork, "rule")
    shell(publish, fork)
    shell(change_over.replace("https://git.example.com/acme/backend-agent.git", f"git+file://{remote}"), repo)
    assert "- Acme: ask" in (repo / ".claude/rules/security.md").read_text()
    assert "_commit: v0.2.0.post1\n" in (repo / ".copier-answers.yml").read_text()
    # Upstream releases a version that changes another file.
    upstream = tmp_path / "upstream"
    git(tmp_path, "clone", "-q", str(tagged_template), "upstream")
    about = upstream / "template/shared/rules/api.md"
    about.write_text(about.read_text(encoding="utf-8").replace("\n- ", "\n- News of upstream.\n\n- ", 1), encoding="utf-8")
    commit(upstream, "news")
    git(upstream, "tag", "v0.3.0")
    shell(merge.replace(pages.ADDRESS, str(upstream)), fork)
    commit(repo, "over")
    shell("uvx copier update --defaults", repo)
    assert "_commit: v0.3.0.post1\n" in (repo / ".copier-answers.yml").read_text()
    assert "- Acme: ask" in (repo / ".claude/rules/security.md").read_text()
    assert "- News of upstream." in (repo / ".claude/rules/api.md").read_text()


@pytest.mark.parametrize("features", [[], list(checks.FEATURES)], ids=["plain", "all features"])
def test_remove(shell: Shell, tagged_template: Path, tmp_path: Path, features: list[str]) -> None:
    repo = project(tagged_template, tmp_path / "shop", starter=False, features=features)
    ours = set(generated(repo))
    own = {".claude/rules/house.md": "- Own.\n", ".claude/hooks/own.py": "", ".claude/agents/reviewer.md": "Reviews.\n"}
    for path, content in own.items():
        (repo / path).write_text(content)
    commit(repo, "own")
    shell("\n".join(pages.blocks("docs/remove.md")), repo)
    assert set(generated(repo)) - set(own) == {"CLAUDE.md", ".claude/settings.json"} < ours
    assert set(own) < set(generated(repo))


# --- every name on every page


TABLE = yaml.safe_load((ROOT / "tests/documentation/docs.yml").read_text(encoding="utf-8"))
ALLOWED = {term for group in TABLE["terms"].values() for term in group}
# What `copier COMMAND --help` says.
HELP = {command: cli(command, "--help").stdout for command in ("copy", "update", "recopy", "check-update")}


@pytest.fixture(scope="module")
def vocabulary(template: Path) -> tuple[set[str], str]:
    """Paths and names that exist, and all text in which a word may be found: of this repository and of what it generates."""
    files: dict[str, str] = {}
    for stack in matrix.STACKS:
        for more in ({"starter": stack != "generic", "agents_md": False}, {"starter": False, "agents_md": True, "features": list(checks.FEATURES)}):
            files |= files_of(template, **(matrix.GO if stack == "generic" else {"stack": stack}) | more)
    paths = {*files, *listed(ROOT)}
    folders = {f"{parent.as_posix()}/" for path in paths for parent in PurePosixPath(path).parents if parent.name}
    names = {*paths, *folders, *(folder[:-1] for folder in folders), *(PurePosixPath(path).name for path in paths)}
    for name, question in definitions(ROOT).items():
        names |= {name, *(value for stack in matrix.STACKS for value in values(question.get("choices") or [], stack))}
    names |= set(starters.NAMES.commands)
    # The tests of updates and adoption hold what Copier says in each case, and the ways out.
    parts = [*ROOT.glob("hooks/*.py"), *ROOT.glob("questions/**/*.*"), *(path for path in ROOT.glob("tests/*/*.yml") if path.name != "docs.yml")]
    parts += [ROOT / "template/facts/names.jinja", ROOT / "tests/lifecycle/test_update.py", ROOT / "tests/lifecycle/test_adopt.py"]
    texts = [*files.values(), *(path.read_text(encoding="utf-8") for path in parts), *(block for page in pages.PAGES for _, block in pages.fenced(page))]
    return names, "\n".join(texts)


def faults_of(span: str, names: set[str], said: str) -> list[str]:
    """What is wrong with one piece of code within a sentence."""
    pattern = re.sub("[A-Z]{4,}", "*", span) if span.startswith(("template/", "proofs/", "tests/")) else span  # FRAMEWORK: any of them
    if span in ALLOWED or span.removeprefix("@").removeprefix("../") in names or any(fnmatch(name, pattern) for name in names):
        return []
    if len(parts := re.split(r" && | \| ", span)) > 1:
        return [fault for part in parts for fault in faults_of(part, names, said)]
    words = shlex.split(span) if span.count('"') % 2 == span.count("'") % 2 == 0 else span.split()
    if "copier" in words[:2]:
        return copier_faults(*words[words.index("copier") + 1 :])
    if words[0].startswith("-"):
        return min((copier_faults(command, *words) for command in HELP), key=len)
    if words[0] in ("uv", "python3") and (files := [word for word in words if re.fullmatch(r"[\w.-]+/[\w./-]+", word)]):
        return [f"no such file: {file}" for file in files if file not in names]
    if not re.search(rf"(?<![\w-]){re.escape(span)}(?![\w-])", said):
        return ["is in no file, generated or ours"]
    return []


def copier_faults(command: str, *rest: str) -> list[str]:
    """Options, questions and choices that a `copier` command names and that do not exist."""
    if command not in HELP:
        return [f"no command of Copier: {command}"]
    faults = [f"no option of copier {command}: {word}" for word in rest if re.match(r"--?[a-z]", word) and not re.search(rf"(?<![\w-]){re.escape(word)}\b", HELP[command])]
    known = definitions(ROOT)
    for option, value in zip(rest, rest[1:], strict=False):
        name, equals, answer = value.partition("=")
        if option in ("-d", "--data", "--ask") and name not in known:
            faults.append(f"no question: {name}")
        elif equals and option == "-d" and (choices := known[name].get("choices")):
            given = yaml.safe_load(answer)
            possible = {choice for stack in matrix.STACKS for choice in values(choices, stack)}
            faults += [f"no choice of {name}: {one}" for one in (given if isinstance(given, list) else [given]) if one not in possible]
    return faults


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_name_exists(vocabulary: tuple[set[str], str], page: str) -> None:
    names, said = vocabulary
    if page == "CONTRIBUTING.md":
        said += "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "copier.yml", *ROOT.glob("template/facts/**/*.*"), *ROOT.glob("tests/*/*.py")])
    faults = {span: found for span in sorted(pages.spans(page)) if (found := faults_of(span, names, said))}
    for block in pages.blocks(page):
        for command in re.findall(r"\bcopier ((?:[^\s'|&;()]|'[^']*'| (?! ))+)", block):
            if found := copier_faults(*shlex.split(command)):
                faults[command] = found
    assert not faults


@pytest.mark.parametrize(
    "span",
    ["copier update --defalts", "copier copy -d stck=generic", "copier update -d stack=rails", "tests/test_nothing.py", "docs/nothing.md", "project_nam", "uv run python benchmarks/nothing.py", "sand-boxed"],
)
def test_a_name_that_does_not_exist_is_found(vocabulary: tuple[set[str], str], span: str) -> None:
    assert faults_of(span, *vocabulary)


def test_every_term_is_used() -> None:
    used = {part for page in pages.PAGES for span in pages.spans(page) for part in (span, *re.split(r" && | \| ", span))}
    assert used >= ALLOWED, ALLOWED - used


def test_every_block_is_run_or_has_its_reason() -> None:
    rows = TABLE["blocks"]
    found = {page: [entry for entry in pages.fenced(page) if entry[0] != "text"] for page in pages.PAGES}  # text is what something prints
    homeless = [f"{page}: {block[:60]!r}" for page, listed in found.items() for _, block in listed if not any(row["page"] == page and block.startswith(row["begins"]) for row in rows)]
    assert not homeless, "a block without a row in tests/documentation/docs.yml"
    assert [row for row in rows if not any(block.startswith(row["begins"]) for _, block in found[row["page"]])] == []
    for row in rows:
        assert bool(row.get("test")) != bool(row.get("why")), row
        if "test" in row:
            file, test = row["test"].split("::")
            assert f"def {test}(" in next((ROOT / "tests").glob(f"*/{file}")).read_text(encoding="utf-8"), row


def test_context_cost_is_that_of_today(template: Path) -> None:
    assert context.PAGE.read_text(encoding="utf-8") == context.page(template), "run `uv run python scripts/context.py`"


def test_the_faq_says_how_large_the_pull_request_is(render: Render) -> None:
    (files, lines) = (int(figure.replace(",", "")) for figure in re.findall(r"About (\d+) files and ([\d,]+) lines", pages.text("docs/faq.md"))[0])
    made = render(stack="fastapi-postgres", starter=False)
    size = {path: text.count("\n") for path, text in made.items()}
    hooks = [path for path in size if path.startswith(".claude/hooks/")]
    assert abs(len(made) - files) <= 3 and abs(sum(size.values()) - lines) <= lines * 0.1, (len(made), sum(size.values()))
    assert len(hooks) == 7 and sum(size[path] for path in hooks) > sum(size.values()) / 2
