"""Users: `python -m app.users add EMAIL` asks for the password; `disable EMAIL` ends their access."""

import argparse
import asyncio
import getpass
import sys

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import create_engine
from app.core.errors import ServiceError
from app.users.schemas import NewUser
from app.users.service import create_user, disable_user


async def run(email: str, user: NewUser | None) -> None:
    engine = create_engine(Settings.load(), pool_size=1)
    try:
        async with AsyncSession(engine) as session:
            if user:
                await create_user(session, user.email, user.password.get_secret_value())
            else:
                await disable_user(session, email)
    finally:
        await engine.dispose()


def main(arguments: list[str]) -> str | None:
    """What went wrong, in a line."""
    parser = argparse.ArgumentParser(prog="python -m app.users", description=__doc__)
    parser.add_argument("action", choices=["add", "disable"])
    parser.add_argument("email")
    given = parser.parse_args(arguments)
    try:
        user = None
        if given.action == "add":
            user = NewUser.model_validate({"email": given.email, "password": getpass.getpass()})
        asyncio.run(run(given.email, user))
    except ValidationError as error:
        return "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
    except ServiceError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
