"""What the platform asks: is the process alive, is it ready for traffic?"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import UnavailableError, problems

READY_SECONDS = 2.0

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health")
async def health() -> Health:
    # Touches nothing: a check of the database here would restart every instance with it.
    return Health()


@router.get("/ready", responses=problems(503))
async def ready(request: Request) -> Health:
    if request.app.state.draining:
        raise UnavailableError("Shutting down.")
    try:
        # A connection of its own: a full pool must not take every instance out of rotation.
        async with asyncio.timeout(READY_SECONDS), request.app.state.probe.connect():
            pass  # connected, or a ping came back
    except (TimeoutError, SQLAlchemyError) as error:
        raise UnavailableError("The database does not respond.") from error
    return Health()


@contextmanager
def draining(app: FastAPI, seconds: float) -> Iterator[None]:
    """After SIGTERM: not ready, but serving until the load balancers have noticed.

    uvicorn alone closes its listening socket at once. On Kubernetes a `preStop` sleep does the same.
    """
    app.state.draining = False
    stop = signal.getsignal(signal.SIGTERM)
    if not seconds or not callable(stop):
        yield
        return
    loop = asyncio.get_running_loop()

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        app.state.draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

    signal.signal(signal.SIGTERM, on_sigterm)
    yield
