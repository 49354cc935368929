"""Runs the migrations, on the database of DATABASE_URL."""

import logging
from importlib import import_module
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine, pool

import app
from app.core.config import Settings
from app.core.database import Base
from app.core.logging import configure_logging

# Every models module, by search: a table of one that is not imported would come out as dropped.
for models in sorted(Path(app.__path__[0]).glob("*/models.py")):
    import_module(f"app.{models.parent.name}.models")

configure_logging()
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
engine = create_engine(
    Settings.load().database_url.get_secret_value(),
    poolclass=pool.NullPool,
    hide_parameters=True,
    # By `SET` it would open a transaction of its own, which nobody commits.
    connect_args={"options": "-c lock_timeout=5s"},
)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
