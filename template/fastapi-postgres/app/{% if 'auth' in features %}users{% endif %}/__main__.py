"""Adds a user: `python -m app.users EMAIL`. Asks for the password."""

import asyncio
import getpass
import sys

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import create_engine
from app.users.service import create_user


async def add(email: str, password: str) -> None:
    engine = create_engine(Settings())
    async with AsyncSession(engine) as session:
        await create_user(session, email, password)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(add(sys.argv[1], getpass.getpass()))
