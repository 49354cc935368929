"""migrations.md"""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.db import IntegrityError, OperationalError, connection, migrations, models
from django.db.migrations.state import ProjectState
from proves import proves


def run(*operations):
    """The SQL of the operations, applied one after the other to a new table."""
    state = ProjectState()
    for operation in operations:
        after = state.clone()
        operation.state_forwards("other", after)
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("other", editor, state, after)
        state = after
    return state


BASE = migrations.CreateModel(
    "Thing",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=9)),
        ("note", models.TextField()),
    ],
)


@pytest.fixture(autouse=True)
def tables(transactional_db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS other_thing")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


OLD_CODE = "INSERT INTO other_thing (name, note) VALUES ('a', '')"


@proves("`AddField(default=…)` leaves no default")
def test_add_field_with_default():
    run(BASE, migrations.AddField("Thing", "channel", models.CharField(max_length=9, default="web")))
    with pytest.raises((IntegrityError, OperationalError), match="1364"):
        execute(OLD_CODE)


@proves("`AddField(default=…)` leaves no default")
def test_add_field_with_db_default():
    run(BASE, migrations.AddField("Thing", "channel", models.CharField(max_length=9, db_default="web")))
    execute(OLD_CODE)


@proves("A failed migration may be half applied")
def test_a_half_applied_migration():
    with pytest.raises(OperationalError), connection.schema_editor(atomic=True) as editor:
        editor.execute("CREATE TABLE other_thing (id INT)")
        editor.execute("ALTER TABLE other_thing DROP COLUMN missing")
    with pytest.raises(OperationalError, match="1050"):
        execute("CREATE TABLE other_thing (id INT)")


# --- makemigrations without a terminal

MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
settings.configure(INSTALLED_APPS=["app"], DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.fixture
def makemigrations(tmp_path):
    (tmp_path / "app/migrations").mkdir(parents=True)
    for name in ("app/__init__.py", "app/migrations/__init__.py"):
        (tmp_path / name).touch()
    (tmp_path / "manage.py").write_text(MANAGE)

    def makemigrations(field: str, *options: str) -> str:
        (tmp_path / "app/models.py").write_text(
            f"from django.db import models\nclass Thing(models.Model):\n    {field}\n"
        )
        command = [sys.executable, "manage.py", "makemigrations", "app", *options]
        done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.stdout + done.stderr

    makemigrations("company = models.CharField(max_length=9, null=True)")
    return makemigrations


@proves("Without a terminal `makemigrations` ends")
def test_a_rename_cannot_be_asked_about(makemigrations):
    assert "EOFError" in makemigrations("company_name = models.CharField(max_length=9, null=True)", "--dry-run")


@proves("a rename that also changes the field becomes")
def test_a_rename_that_changes_the_field(makemigrations):
    said = makemigrations("company_name = models.CharField(max_length=10, null=True)", "--dry-run")
    assert "Remove field company" in said and "Add field company_name" in said


@proves("Never use `makemigrations --noinput`")
def test_noinput(makemigrations):
    said = makemigrations("company_name = models.CharField(max_length=9, null=True)", "--dry-run", "--noinput")
    assert "Remove field company" in said and "Add field company_name" in said
