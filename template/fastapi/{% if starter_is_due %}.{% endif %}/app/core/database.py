"""Engine, sessions, and what every table shares."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, ClassVar

import psycopg
from fastapi import Depends, Request
from psycopg.abc import RV, PQGen
from psycopg.waiting import wait_async
from sqlalchemy import DateTime, ExceptionContext, MetaData, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.config import Settings

# Each limit ends before the one outside it: lock, statement, request (middleware.py),
# graceful shutdown (Dockerfile). Behind PgBouncer, which refuses `options`, set these on the role.
SESSION = {
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    # A query whose client is gone ends on the server, too.
    "client_connection_check_interval": "1s",
}
CONNECT_SECONDS = 3


class Base(DeclarativeBase):
    # Constraints are named by rule, so that migrations and error handling can name them.
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}
    # `onupdate=func.now()` comes back with the UPDATE: loading it later raises MissingGreenlet.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012


class Connection(psycopg.AsyncConnection[Any]):
    """Closes when its task is cancelled, at a deadline or because the client hung up.

    psycopg would ask the server to cancel the query and wait for the reply: ten seconds, if it hangs.
    """

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        try:
            return await wait_async(gen, self.pgconn.socket, interval, timeout)
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


def create_engine(settings: Settings, **options: Any) -> AsyncEngine:
    engine = create_async_engine(
        settings.database_url.get_secret_value(),
        max_overflow=0,
        pool_timeout=3,
        pool_recycle=1800,
        hide_parameters=True,
        **options,
        connect_args={
            "async_creator_fn": Connection.connect,
            "connect_timeout": CONNECT_SECONDS,
            # A server that vanished without a word is noticed by the kernel.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
        },
    )
    event.listen(engine.sync_engine, "handle_error", _drop_detail)
    return engine


def _drop_detail(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL repeats values of the row, which must not reach a log."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(str(arg).partition("\nDETAIL:")[0] for arg in error.args)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.new_session() as session:
        yield session


# Scope `function`: the connection goes back before the response is sent, not after.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]


def violates(error: IntegrityError, constraint: str) -> bool:
    """Whether `error` is the violation of the constraint of that name."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == constraint
