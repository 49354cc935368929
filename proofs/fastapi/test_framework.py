"""FastAPI and Starlette."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import pytest
from conftest import client_of
from fastapi import BackgroundTasks, Depends, FastAPI
from proves import proves
from sqlalchemy import select

pytestmark = pytest.mark.anyio


@proves("code after a dependency's `yield` runs after the response")
@pytest.mark.parametrize(("scope", "status"), [("function", 500), ("request", 200), (None, 200)])
async def test_failure_after_yield(scope, status):
    async def get_session():
        yield
        raise RuntimeError("the commit fails")

    app = FastAPI()

    @app.get("/")
    async def handler(session: Annotated[None, Depends(get_session, scope=scope)]): ...

    async with client_of(app) as client:
        assert (await client.get("/")).status_code == status


@proves("A closed `AsyncSession` that is used again")
async def test_closed_session_used_again(engine, new_session):
    async with new_session() as session:
        await session.execute(select(1))
    await session.execute(select(1))
    assert engine.pool.checkedout() == 1
    await session.close()


@proves("`BackgroundTasks`: one that raises drops the rest")
async def test_background_task_after_a_failed_one():
    app, ran = FastAPI(), []

    def fails():
        raise RuntimeError

    @app.get("/")
    async def handler(tasks: BackgroundTasks):
        tasks.add_task(fails)
        tasks.add_task(ran.append, 1)

    async with client_of(app) as client:
        assert (await client.get("/")).status_code == 200
    assert ran == []


@proves("FastAPI's wheel contains a guide")
def test_guide_in_the_package():
    package = Path(find_spec("fastapi").origin).parent
    assert "FastAPI" in (package / ".agents/skills/fastapi/SKILL.md").read_text()
