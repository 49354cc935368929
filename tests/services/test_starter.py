"""The starter of each stack runs: every command that CLAUDE.md names, on a real database, and the checks that catch faults."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import checks
import copier
import matrix
import pytest
import starters
import yaml
from conftest import ROOT, STARTER, Render, generated, git, unavailable
from guard_files import matcher
from starters import STACKS, Service, get, tail

# One edit each: (file, what is there, what replaces it).
EDITS = {
    "django-mysql": {
        "model": ("apps/products/models.py", "    created_at =", '    note = models.CharField(max_length=200, default="")\n    created_at ='),
        "lint": ("apps/products/models.py", "from django.db import models\n", "import os\n\nfrom django.db import models\n"),
        "typecheck": ("apps/products/models.py", "class Product(", 'fault: int = "text"\n\n\nclass Product('),
        "test": ("config/database.py", "DUPLICATE_ENTRY = 1062", "DUPLICATE_ENTRY = 1"),
    },
    "fastapi-postgres": {
        "model": ("app/products/models.py", "    created_at:", "    note: Mapped[str | None] = mapped_column(String(200))\n    created_at:"),
        "lint": ("app/products/models.py", "from datetime import datetime\n", "import os\nfrom datetime import datetime\n"),
        "typecheck": ("app/products/models.py", "class Product(", 'fault: int = "text"\n\n\nclass Product('),
        "test": ("app/products/service.py", "uq_products_sku", "uq_products_name"),
    },
    "nestjs-prisma": {
        "model": ("prisma/schema.prisma", "  createdAt DateTime", "  note      String?  @db.VarChar(200)\n  createdAt DateTime"),
        "lint": ("src/products/products.service.ts", "  async get(id: number)", "  fault(): void {\n    debugger;\n  }\n\n  async get(id: number)"),
        "typecheck": ("src/products/products.service.ts", "  async get(id: number)", "  fault: number = 'text';\n\n  async get(id: number)"),
        "test": ("src/prisma/database-error.ts", "P2002", "P2999"),
    },
}
EDITS["django-postgres"] = EDITS["django-mysql"] | {"test": ("config/database.py", "errors.UniqueViolation", "errors.CheckViolation")}
# What other package managers are called by, and must not be in a copy.
FOREIGN = {
    "uv": r"\b(poetry|pip install -r)\b",
    "poetry": r"(?<![\w-])uv(?![\w-])|\.venv/bin/(python|pip|pytest|ruff)|pip install -r",
    "pip": r"(?<![\w-])uv(?![\w-])|\bpoetry\b",
    "npm": r"\b(pnpm|yarn)\b",
    "pnpm": r"\b(npm (ci|run|test|install(?! -))|npx|yarn)\b",
    "yarn": r"\b(npm (ci|run|test|install(?! -))|npx|pnpm)\b",
}


@contextlib.contextmanager
def copied(template: Path, folder: Path, stack: str, manager: str | None = None, **answers: object) -> Iterator[Service]:
    """Generated into an empty folder, on a database of its own."""
    service = starters.generate(template, folder / "shop service", stack, manager, **answers)
    with starters.database(service.folder) as url:
        yield service.with_database(url)


# Both Python stacks serve on one port, and what is shared is installed by one worker.
GROUPS = {"django-mysql": "python", "django-postgres": "python", "fastapi-postgres": "python", "nestjs-prisma": "node"}
GROUPED = [pytest.param(stack, marks=pytest.mark.xdist_group(GROUPS[stack])) for stack in STACKS]


@pytest.fixture(scope="module", params=GROUPED)
def service(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With the default answers, installed and migrated; shared, so each test leaves it as committed."""
    with copied(template, tmp_path_factory.mktemp("starter"), request.param) as service:
        service.expect("install")
        if "generate" in service.commands:
            service.expect("generate")
        service.expect("migrate")
        service.commit()  # with the lock file
        yield service


def every_command(service: Service) -> list[str]:
    """What fails, of all commands that end by themselves."""
    failed = [service.failure(service.typed(key)) for key in service.commands if key not in ("install", "services", "dev")]
    changed = git(service.folder, "diff", "--name-only")
    return [*filter(None, failed), *([f"the commands changed what was committed: {changed}"] if changed else [])]


# --- what comes out


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def of_starter(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if path not in checks.ours(files)}


def test_every_file_is_named_and_none_tells_of_this_machine(render: Render, stack: str) -> None:
    for manager in matrix.MANAGERS[stack]:
        for features in ([], list(checks.FEATURES)):
            files = render(stack=stack, package_manager=manager, features=features)
            assert not checks.findings(files)
            assert len(of_starter(files)) >= 20
            for path, text in of_starter(files).items():
                here = rf"{re.escape(str(ROOT))}|/root/|/home/|/tmp/|pyenv|(pypi|pythonhosted|npmjs|ghcr|quay|docker)\.(org|io|com)"
                assert not (found := re.search(here, text)), f"{path}: {found}"
                if path != ".dockerignore":  # it may name every lock file
                    assert not (found := re.search(FOREIGN[manager], text)), f"{path} with {manager}: {found}"


def test_without_starter_there_is_none(render: Render, stack: str) -> None:
    assert not of_starter(render(stack=stack, starter=False))


def test_rules_reach_the_files_and_weigh_little(render: Render, stack: str) -> None:
    for features in ([], ["auth"]):
        files = render(stack=stack, features=features)
        rules = {path: text for path, text in files.items() if path.startswith(".claude/rules/")}
        reach = {path: matcher(checks.frontmatter(text)[0]["paths"]) for path, text in rules.items()}
        for path, matches in reach.items():
            assert any(map(matches, of_starter(files))), f"{path} matches no file"
        for file in of_starter(files) if not features else ():
            weight = sum(len(rules[path]) for path, matches in reach.items() if matches(file))
            assert weight <= 9000, f"{file} pulls in {weight} characters of rules"


def test_compose_fits_the_example(render: Render, stack: str, tmp_path: Path) -> None:
    files = render(stack=stack)
    compose = yaml.safe_load(files["compose.yaml"])
    ((name, database),) = compose["services"].items()
    url = urllib.parse.urlsplit(starters.environment_of(files[".env.example"])["DATABASE_URL"])
    assert (published := re.fullmatch(r"([\d.]+):(?:\$\{DATABASE_PORT:-)?(\d+)\}?:(\d+)", database["ports"][0]))
    host, port, _ = published.groups()
    assert (url.hostname, str(url.port)) == (host, port) and host == "127.0.0.1"
    said = {key.split("_", 1)[1]: str(value) for key, value in database["environment"].items()}
    named = {key: said.get(key) for key in ("USER", "PASSWORD")} | {"DB": said.get("DB", said.get("DATABASE"))}
    assert named == {"USER": url.username, "PASSWORD": url.password, "DB": url.path[1:]}
    assert database["healthcheck"]["test"]
    assert [volume.split(":")[0] for volume in database["volumes"]] == list(compose["volumes"])
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        (tmp_path / "compose.yaml").write_text(files["compose.yaml"])
        done = subprocess.run(["docker", "compose", "config", "-q"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


# --- that it runs


def test_every_command_runs_as_written(service: Service) -> None:
    assert {"install", "services", "dev", "test", "test_one", "lint", "format", "typecheck", "api_docs", "new_migration", "migrate", "check_migrations"} <= set(service.commands)
    with service.edited(), starters.database(service.folder) as url:
        own = service.with_database(url)
        own.expect("migrate")
        assert not (failed := every_command(own)), "\n\n".join(failed)


def test_a_copied_env_file_is_enough(service: Service) -> None:
    example = (service.folder / ".env.example").read_text(encoding="utf-8")
    assert all(starters.environment_of(example)), "a line without a name"
    lines = [f"DATABASE_URL={service.environment['DATABASE_URL']}" if line.startswith("DATABASE_URL=") else line for line in example.splitlines()]
    (service.folder / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    named = starters.environment_of(example)
    bare = Service(service.stack, service.folder, {name: value for name, value in service.environment.items() if name not in named})
    try:
        bare.expect("migrate", "test_one")
        assert ".env" not in git(service.folder, "status", "--porcelain")
    finally:
        (service.folder / ".env").unlink()


def test_doctor_is_content(service: Service) -> None:
    done = subprocess.run([sys.executable, ".claude/hooks/doctor.py"], cwd=service.folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "Findings: 0. Warnings: 0.\n"), done.stdout + done.stderr


def test_it_serves_holds_to_its_document_and_stops(service: Service) -> None:
    with service.served() as url:
        for path in ("/health", "/ready", "/openapi.json", "/docs"):
            assert get(url + path)[0] == 200, path
        assert {"/products", "/health", "/ready"} <= set(json.loads(get(f"{url}/openapi.json")[1])["paths"])
        status, body = get(f"{url}/no-such-path")
        assert (status, json.loads(body)["status"]) == (404, 404)
        fuzz(url)


def fuzz(url: str) -> None:
    """No input brings a 5xx or a status that the document does not name."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json", "--max-examples", "10", "--request-timeout", "10"]
    command += ["--checks", "not_a_server_error,status_code_conformance,content_type_conformance", "--max-time", "25", "--generation-database", "none"]
    with tempfile.TemporaryDirectory() as folder:  # it leaves a cache where it runs
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, tail(done.stdout + done.stderr, 60)


def test_a_changed_model_needs_its_migration(service: Service) -> None:
    with starters.database(service.folder) as url, service.with_database(url).edited(EDITS[service.stack]["model"]):
        own = service.with_database(url)
        own.expect("migrate")
        assert own.failure(own.typed("check_migrations")), "a model changed, and check_migrations does not see it"
        own.expect(*(["generate"] if "generate" in own.commands else []), "new_migration", "migrate", "check_migrations", "lint", "typecheck", "test")
    if "generate" in service.commands:
        service.expect("generate")


@pytest.mark.parametrize("key", ["lint", "typecheck", "test"])
def test_a_fault_is_caught(service: Service, key: str) -> None:
    with service.edited(EDITS[service.stack][key]):
        failures = [service.failure(service.typed(name)) for name in (key, "test_e2e" if key == "test" else key) if name in service.commands]
        assert any(failures), f"`{service.commands[key]}` passes with the fault {EDITS[service.stack][key]}"


def pin(package: Path, versions: dict[str, str]) -> None:
    """Other versions of what package.json names already."""
    content = json.loads(package.read_text(encoding="utf-8"))
    for part in ("dependencies", "devDependencies"):
        content[part] |= {name: version for name, version in versions.items() if name in content[part]}
    package.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


OTHERS = [(stack, manager) for stack in STACKS for manager in matrix.MANAGERS[stack][1:]]


@pytest.mark.parametrize(("stack", "manager"), OTHERS)
def test_other_package_managers(template: Path, tmp_path: Path, stack: str, manager: str) -> None:
    with copied(template, tmp_path, stack, manager) as service:
        if manager == "yarn" and (pins := os.environ.get("TEST_YARN_PINS")):
            pin(service.folder / "package.json", json.loads(pins))
        failure = service.failure(service.commands["install"]) or ""
        if lacking := re.search(r"Couldn't find any versions for .*", failure):
            unavailable(f"Yarn 1 wants the packages of every platform, and this index lacks some (TEST_YARN_PINS names older ones): {lacking[0]}")
        assert not failure, failure
        service.expect(*(["generate"] if "generate" in service.commands else []), "migrate", "test", "lint", "typecheck")


@pytest.mark.parametrize("stack", GROUPED)
def test_with_every_feature(template: Path, tmp_path: Path, stack: str) -> None:
    with copied(template, tmp_path, stack, features=list(checks.FEATURES)) as service:
        service.expect("install", *(["generate"] if "generate" in service.commands else []), "migrate")
        service.commit()
        done = subprocess.run([sys.executable, ".claude/hooks/doctor.py"], cwd=service.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        with service.served() as url:
            fuzz(url)
        assert not (failed := every_command(service)), "\n\n".join(failed)


# --- that it is the project's own from the copy on


def test_an_update_leaves_the_starter_alone(stack: str, tagged_template: Path, tmp_path: Path) -> None:
    release = tmp_path / "template"
    shutil.copytree(tagged_template, release)
    repo = tmp_path / "service"
    repo.mkdir()
    (repo / "README.md").write_text("# There first\n")
    copier.run_copy(str(release), repo, data={"stack": stack}, defaults=True, quiet=True)
    assert (repo / "README.md").read_text() == "# There first\n"
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "generated")
    (repo / "compose.yaml").write_text("services: {}\n")
    (repo / "Dockerfile").unlink()
    git(repo, "commit", "-qam", "ours")
    before = of_starter(generated(repo))

    source = release / "template" / stack.split("-")[0]
    for path in source.rglob("*"):
        if path.is_file() and ".claude" not in path.parts:
            path.write_text(path.read_text(encoding="utf-8") + "# news\n", encoding="utf-8")
    (source / STARTER / ".env.example.new").write_text("new\n")
    memory = release / "template" / "shared" / "memory.md"
    memory.write_text(memory.read_text(encoding="utf-8").replace("## Hard rules\n", "## Hard rules\n- News.\n"), encoding="utf-8")
    git(release, "add", "-A")
    git(release, "commit", "-qm", "news")
    git(release, "tag", "v0.2.0")
    copier.run_update(repo, defaults=True, overwrite=True, quiet=True)
    files = generated(repo)
    assert "- News.\n" in files["CLAUDE.md"]  # the update did come
    assert of_starter(files) == before
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "updated")
    copier.run_recopy(repo, defaults=True, overwrite=True, quiet=True)
    assert of_starter(generated(repo)) == before
