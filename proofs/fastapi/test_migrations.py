"""Alembic as a command, on a folder of revisions and the real database."""

import subprocess
import sys
import textwrap

import pytest
from proves import proves

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, text
import models
engine = create_engine(os.environ["URL"], connect_args={connect_args})
with engine.connect() as connection:
    {before}
    context.configure(connection=connection, target_metadata=models.metadata{options})
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = """
import sqlalchemy as sa
from sqlalchemy import *
from sqlalchemy.dialects.postgresql import ENUM
metadata = MetaData({metadata})
"""
REVISION = """
revision = {name!r}
down_revision = {parent!r}
import sqlalchemy as sa
from alembic import op
def upgrade():
{up}
def downgrade():
{down}
"""


class Project:
    def __init__(self, folder, url):
        self.folder, self.url, self.last = folder, url, None
        (folder / "migrations/versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
        (folder / "migrations/script.py.mako").write_text(
            "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
            "import sqlalchemy as sa\nfrom alembic import op\n${imports if imports else ''}\n"
            "def upgrade():\n    ${upgrades if upgrades else 'pass'}\n"
            "def downgrade():\n    ${downgrades if downgrades else 'pass'}\n"
        )
        self.env()
        self.models("")

    def env(self, before="", connect_args="{}", **options):
        text = "".join(f", {name}={value!r}" for name, value in options.items())
        (self.folder / "migrations/env.py").write_text(
            ENV.format(before=before, connect_args=connect_args, options=text)
        )

    def models(self, code, metadata=""):
        (self.folder / "models.py").write_text(HEAD.format(metadata=metadata) + textwrap.dedent(code))

    def revision(self, name, up="pass", down="pass", parent=None):
        parent = parent or self.last if name != "one" else None
        up, down = textwrap.indent(up, "    "), textwrap.indent(down, "    ")
        (self.folder / f"migrations/versions/{name}.py").write_text(
            REVISION.format(name=name, parent=parent, up=up, down=down)
        )
        self.last = name

    def alembic(self, *words, ok=True):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={"URL": self.url, "PATH": ""},
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def generated(self):
        before = set((self.folder / "migrations/versions").glob("*.py"))
        self.alembic("revision", "--autogenerate", "-m", "x")
        (new,) = set((self.folder / "migrations/versions").glob("*.py")) - before
        text = new.read_text()
        new.unlink()
        return text.split("def downgrade")[0].split("def upgrade():")[1]


@pytest.fixture
def project(tmp_path, server, db):
    return Project(tmp_path, server.replace("postgresql", "postgresql+psycopg", 1))


def applied(db):
    if not db.execute("SELECT to_regclass('alembic_version')").fetchone()[0]:
        return None
    return db.execute("SELECT version_num FROM alembic_version").fetchone()[0]


@proves("Read what `--autogenerate` wrote")
def test_what_autogenerate_misses(project):
    table = """
        t = Table("t", metadata, Column("id", Integer, primary_key=True),
            Column("name", Text, server_default="a"), Column("n", Integer),
            Column("mood", sa.Enum("sad", name="mood")),
            Index("i", "n", postgresql_where=text("n > 1")))
    """
    project.models(table)
    project.revision("one", textwrap.dedent(project.generated()).strip())
    project.alembic("upgrade", "head")
    assert "pass" in project.generated()

    project.models(table.replace("n > 1", "n > 2").replace('"sad"', '"sad", "ok"'))
    assert "pass" in project.generated()
    project.models(table.replace('Column("n", Integer)', "Column(\"n\", Integer), CheckConstraint('n > 0')"))
    assert "pass" in project.generated()

    project.models(table.replace('"a"', '"b"'))
    assert "pass" in project.generated()
    project.env(compare_server_default=True)
    assert "server_default='b'" in project.generated()

    project.models(table.replace('"name"', '"title"'))
    assert "add_column" in project.generated() and "drop_column" in project.generated()
    project.models("")  # no import of the module
    assert "drop_table" in project.generated()


@proves("`lock_timeout` goes into `connect_args`")
@pytest.mark.parametrize(("before", "version"), [("connection.execute(text('SELECT 1'))", None), ("", "one")])
def test_statement_before_begin_transaction(project, db, before, version):
    project.env(before=before)
    project.revision("one", 'op.create_table("t", sa.Column("x", sa.Integer))')
    project.alembic("upgrade", "head")
    assert applied(db) == version


@proves("`lock_timeout` goes into `connect_args`")
def test_lock_timeout_in_connect_args(project, db):
    project.env(connect_args='{"options": "-c lock_timeout=5s"}')
    project.revision("one", 'assert op.get_bind().scalar(sa.text("SHOW lock_timeout")) == "5s"')
    project.alembic("upgrade", "head")
    assert applied(db) == "one"


@proves("`autocommit_block()`, for a concurrent index")
def test_autocommit_block(project, db):
    project.env(transaction_per_migration=True)
    project.revision("one", 'op.create_table("t", sa.Column("x", sa.Integer))')
    index = 'op.create_index("i", "t", ["x"], postgresql_concurrently=True)'
    project.revision("two", index)
    assert "cannot run inside a transaction block" in project.alembic("upgrade", "head", ok=False)
    block = f"with op.get_context().autocommit_block():\n    {index}"
    more = 'op.create_table("u", sa.Column("x", sa.Integer))'
    project.revision("two", f"{more}\n{block}\n1 / 0", parent="one")
    project.alembic("upgrade", "head", ok=False)
    left = db.execute("SELECT to_regclass('u') IS NOT NULL, to_regclass('i') IS NOT NULL").fetchone()
    assert (applied(db), left) == ("one", (True, True))
