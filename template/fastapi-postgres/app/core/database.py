"""Engine, sessions, and what every table shares."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request
from sqlalchemy import DateTime, MetaData
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.config import Settings


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


def create_engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            # Behind PgBouncer, which refuses `options`, set these on the role instead.
            "options": "-c statement_timeout=10s -c idle_in_transaction_session_timeout=30s",
        },
    )


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.new_session() as session:
        yield session


# Scope `function`: the connection goes back before the answer is sent, not after.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]


def violates(error: IntegrityError, constraint: str) -> bool:
    """Whether `error` is the violation of the constraint of that name."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == constraint
