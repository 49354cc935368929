"""Hold this version of the template for later ones: `uv run python tests/releases/make.py VERSION`, when it is released.

Writes tests/releases/VERSION/:
- api.yml: questions, types, choices, paths that come out, commands of each stack and package manager;
- template.tar.gz: the template itself. An update needs the version it starts from, and a shallow clone, which CI has,
  knows no tags;
- NAME.patch: what a person changed in the repository that answers of REPOSITORIES give.

Running it again changes no byte. A released folder is never made anew from another version's files.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import copier
import jinja2
import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "support")]

import matrix  # noqa: E402
from checks import Answers  # noqa: E402
from conftest import commit, generated, git, plain_copy, project  # noqa: E402

PARTS = ("copier.yml", "questions", "template", "hooks")
REPOSITORIES: dict[str, Answers] = {
    "django": {"stack": "django-mysql", "starter": False, "package_manager": "poetry", "permissions": "sandboxed", "agents_md": True},
    "django-postgres": {"stack": "django-postgres", "starter": True, "features": ["file-storage"]},
    "nest": {"stack": "nestjs-prisma", "starter": True, "package_manager": "pnpm", "permissions": "full", "features": ["auth", "graphql"]},
    "fastapi": {"stack": "fastapi-postgres", "starter": True, "features": ["auth", "money"]},
    "go": matrix.GO | {"permissions": "edit", "methodology": [], "features": ["caching"]},
}
AGENT, SETTINGS = ".claude/agents/backend-developer.md", ".claude/settings.json"
OWN_RULES = '---\npaths:\n  - "**/*.sql"\n---\n\n- House rule.\n'


# --- the api ---


def api(template: Path, stacks: tuple[str, ...] = matrix.STACKS) -> dict[str, dict[str, Any]]:
    """What people's answers, scripts and repositories rely on."""
    return {"questions": questions(template), "stacks": {stack: outputs(template, stack) for stack in stacks}}


def questions(template: Path) -> dict[str, dict[str, Any]]:
    """{name: type and choices} of every stored question; choices that depend on the stack are listed for each."""
    found: dict[str, dict[str, Any]] = {}
    for name, question in definitions(template).items():
        found[name] = {"type": question["type"], "multiselect": question.get("multiselect", False)}
        if choices := question.get("choices"):
            found[name]["choices"] = {stack: values(choices, stack) for stack in matrix.STACKS}
    return found


def definitions(template: Path) -> dict[str, dict[str, Any]]:
    """Every stored question as copier.yml has it."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((template / "questions").glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            found |= {name: question for name, question in content.items() if question.get("when") is not False}
    return found


def values(choices: Any, stack: str) -> list[str]:
    if isinstance(choices, str):
        choices = yaml.safe_load(jinja2.Environment().from_string(choices).render(stack=stack, permissions="custom"))
    return sorted(choices.values() if isinstance(choices, dict) else choices)


def outputs(template: Path, stack: str) -> dict[str, object]:
    """The paths that an update may touch, all features on; the commands by package manager, with and without starter."""
    everything = {"features": values(definitions(template)["features"]["choices"], stack), "agents_md": True, "starter": False}
    paths = sorted(rendered(template, stack, **everything))
    commands: dict[str, dict[str, str]] = {}
    scripts: list[str] = []
    for manager in matrix.MANAGERS.get(stack, []):
        for starter in (True, False):
            files = rendered(template, stack, package_manager=manager, starter=starter)
            commands[f"{manager}, {'starter' if starter else 'no starter'}"] = json.loads(files[".claude/hooks/project.json"])["commands"]
            scripts = scripts or sorted(json.loads(files.get("package.json", "{}")).get("scripts", {}))
    return {"paths": paths, "commands": commands, "scripts": scripts}


def rendered(template: Path, stack: str, **answers: object) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as scratch:
        copier.run_copy(str(template), Path(scratch) / "service", data=answers | {"stack": stack}, defaults=True, quiet=True)
        return generated(Path(scratch) / "service")


def broken_promises(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]], template: Path) -> list[str]:
    """What of `old` has vanished or changed in `new` without a way over in a default of `template`'s questions."""
    found = []
    defaults = {name: str(question.get("default")) for name, question in definitions(template).items()}
    for name, question in old["questions"].items():
        if name not in new["questions"]:
            if not any(f"{name} | default(" in default for default in defaults.values()):
                found.append(f"question {name} is gone, and no default reads its old answer")
            continue
        now = new["questions"][name]
        found += [f"question {name}: {key} changed" for key in ("type", "multiselect") if question[key] != now[key]]
        for stack, choices in question.get("choices", {}).items():
            gone = set(choices) - set(now.get("choices", {}).get(stack, choices))
            gone = {choice for choice in gone if name not in defaults[name] or f"'{choice}'" not in defaults[name]}
            found += [f"choice {choice} of {name} is gone for {stack}, and its default does not read it" for choice in sorted(gone)]
    for stack, now in new["stacks"].items():
        before = old["stacks"][stack]
        found += [f"{stack}: {path} no longer comes out" for path in before["paths"] if path not in now["paths"]]
        found += [f"{stack}: the starter's script {script} is gone" for script in before["scripts"] if script not in now["scripts"]]
        for way, commands in before["commands"].items():
            changed = [key for key, command in commands.items() if now["commands"].get(way, {}).get(key) != command]
            found += [f"{stack}, {way}: the command {key} changed" for key in changed]
    return found


# --- a person's repository ---


def edit(repo: Path) -> None:
    """What people do to every kind of file, and where the template must leave room for it: the ends of lists."""
    files = generated(repo)
    rules = [path for path in files if path.startswith(".claude/rules/")]
    for path in rules:
        head, last, tail = files[path].partition("\n<!-- Lines of your own")
        files[path] = f"{head}\n- Own statement at the end of {path}.\n{last}{tail}\n## Own section\n\n- Below the last line.\n"
    memory = "AGENTS.md" if "AGENTS.md" in files else "CLAUDE.md"
    files[memory] = files[memory].replace("\n\n## Notes", "\n- what our tables hold: `.claude/rules/house.md`\n\n## Notes", 1) + "- Own note.\n"
    for section in ("Design", "Done", "Report"):
        start, end = files[AGENT].split(f"\n## {section}\n")
        listed, *rest = end.split("\n\n## ", 1)
        files[AGENT] = "\n\n## ".join([f"{start}\n## {section}\n{listed.rstrip()}\n\n- Own statement behind {section}.", *rest])
    files[AGENT] = files[AGENT].replace("\nmodel: inherit\n", "\nmodel: opus\nmaxTurns: 40\n") + "\n## Own section\n\n- Own.\n"
    settings = json.loads(files[SETTINGS])
    for kind, entries in settings["permissions"].items():
        if isinstance(entries, list):
            settings["permissions"][kind] = [f"Bash(own-first-{kind} *)", *entries, f"Bash(own-last-{kind} *)"]
    files[SETTINGS] = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
    files[".claude/rules/house.md"] = OWN_RULES
    for path, text in files.items():
        (repo / path).write_text(text, encoding="utf-8")
    (repo / ".claude/rules/operations.md").unlink()


def patch(template: Path, answers: dict[str, object]) -> str:
    """The difference that `edit` makes."""
    with tempfile.TemporaryDirectory() as scratch:
        repo = project(template, Path(scratch) / "service", **answers)
        edit(repo)
        commit(repo, "edits")
        return git(repo, "diff", "HEAD~1", "HEAD")


def packed(template: Path) -> bytes:
    """The template as a gzipped tar that depends on nothing but its files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(path for part in PARTS for path in [template / part, *(template / part).rglob("*")]):
            if path.is_file():
                entry = tarfile.TarInfo(path.relative_to(template).as_posix())
                entry.size, entry.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
                with path.open("rb") as file:
                    tar.addfile(entry, file)
    return gzip.compress(raw.getvalue(), 9, mtime=0)


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        template = plain_copy(Path(scratch) / "template")
        folder = HERE / version
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "template.tar.gz").write_bytes(packed(template))
        (folder / "api.yml").write_text(yaml.safe_dump(api(template), width=120, allow_unicode=True), encoding="utf-8")
        for name, answers in REPOSITORIES.items():
            (folder / f"{name}.patch").write_text(patch(template, answers), encoding="utf-8")
            (folder / f"{name}.yml").write_text(yaml.safe_dump(answers, width=120, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
