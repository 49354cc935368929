"""What the platform asks: is the process alive, and may it get traffic?"""

import asyncio
import logging
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import UnavailableError, problems

READY_SECONDS = 2.0

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health")
async def health() -> Health:
    # Touches nothing: a check of the database here would restart every instance with it.
    return Health()


@router.get("/ready", responses=problems(503))
async def ready(request: Request) -> Health:
    try:
        async with (
            asyncio.timeout(READY_SECONDS),
            request.app.state.engine.connect() as connection,
        ):
            await connection.execute(text("SELECT 1"))
    except (TimeoutError, SQLAlchemyError) as error:
        logger.warning("not ready: %s", type(error).__name__)
        raise UnavailableError("The database does not answer.") from error
    return Health()
