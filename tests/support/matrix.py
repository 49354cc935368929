"""The combinations of answers the output is held for: every pair of answers of one stack occurs."""

from __future__ import annotations

from collections.abc import Sequence

from allpairspy import AllPairs
from checks import FEATURES, Answers

STACKS = ("django-mysql", "django-postgres", "nestjs-prisma", "fastapi-postgres", "generic")
LEVELS = ("read-only", "edit", "standard", "sandboxed", "full", "custom")
MANAGERS = {
    "django-mysql": ["uv", "poetry", "pip"],
    "django-postgres": ["uv", "poetry", "pip"],
    "fastapi-postgres": ["uv", "poetry", "pip"],
    "nestjs-prisma": ["npm", "pnpm", "yarn"],
}
# A stack someone describes by hand.
GO: Answers = {
    "stack": "generic",
    "language": "Go",
    "framework": "Gin",
    "database": "PostgreSQL",
    "commands": {
        "install": "go mod download",
        "services": "docker compose up -d --wait",
        "dev": "go run ./cmd/api",
        "test": "go test ./...",
        "test_one": "go test ./... -run NAME",
        "lint": "golangci-lint run",
        "format": "gofmt -w .",
        "new_migration": "migrate create -ext sql -dir migrations NAME",
        "migrate": 'migrate -path migrations up',
        "load_test": "k6 run load.js",
    },
    "paths": {"source": ["cmd/**/*.go", "internal/**/*.go"], "tests": ["**/*_test.go"], "migrations": ["migrations/*.sql"]},
}


def combinations(stack: str) -> list[Answers]:
    """Answers (for `copier copy -d`) that cover every pair of values of this stack's questions.

    In pairs, features are none or all; then each is chosen alone once.
    """
    questions: dict[str, Sequence[object]] = {
        "permissions": LEVELS,
        "methodology": ([], ["tdd"], ["kiss"], ["tdd", "kiss"]),
        "features": ([], list(FEATURES)),
        "package_manager": MANAGERS.get(stack, ["none"]),
        "starter": (True, False) if stack != "generic" else (False,),
        "agents_md": (False, True),
        "web_access": (False, True),
    }
    rows = AllPairs([[(name, value) for value in values] for name, values in questions.items() if len(values) > 1])
    rows = [dict(row) for row in rows]
    rows += [rows[at] | {"features": [feature], "permissions": LEVELS[at % len(LEVELS)]} for at, feature in enumerate(FEATURES)]
    combos: list[Answers] = []
    for row in rows:
        answers = row | {"stack": stack, "project_name": "orders-api", "project_description": "Takes and tracks orders."}
        if stack == "generic":
            answers |= GO
        if answers["permissions"] == "custom":
            answers["tools"] = [["Read", "Bash"], ["Read", "Grep", "Glob", "Edit", "WebFetch"]][len(combos) % 2]
        combos.append(answers)
    return combos


def name(answers: Answers) -> str:
    """A readable test id."""
    parts = [answers["stack"], answers["permissions"], answers.get("package_manager", "")]
    parts += ["+".join(answers["methodology"]) or "no-method"]
    parts += ["all" if len(answers["features"]) == len(FEATURES) else "+".join(answers["features"]) or "plain"]
    return "-".join(filter(None, [*parts, "starter" if answers.get("starter") else "", "agents_md" if answers["agents_md"] else ""]))
