"""Rules of users and their sign-in. Each public function commits before it returns."""

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus

from pwdlib import PasswordHash
from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.concurrency import run_in_threadpool

from app.core import clock
from app.core.errors import ServiceError
from app.users.models import SignInAttempts, User

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 100

hasher = PasswordHash.recommended()


class UnauthorizedError(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class WrongCredentialsError(UnauthorizedError):
    type = "/problems/wrong-credentials"
    title = "Wrong credentials"


class TooManyAttemptsError(ServiceError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "/problems/too-many-attempts"

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Too many attempts to sign in.")
        self.headers = {"Retry-After": str(math.ceil(wait.total_seconds()))}


async def create_user(session: AsyncSession, email: str, password: str) -> User:
    password_hash = await run_in_threadpool(hasher.hash, password)
    user = User(email=email.lower(), password_hash=password_hash)
    session.add(user)
    await session.commit()
    return user


async def sign_in(session: AsyncSession, email: str, password: str, address: str) -> User:
    account = _key("account", email.lower())
    await _count(session, {account: PER_ACCOUNT, _key("address", address): PER_ADDRESS})

    user = await session.scalar(select(User).where(User.email == email.lower()))
    await session.commit()  # hashing takes long: not with a connection in hand
    stored = user.password_hash if user else None
    right, new_hash = await run_in_threadpool(_verify, password, stored)
    if user is None or not right:
        raise WrongCredentialsError

    await session.execute(delete(SignInAttempts).where(SignInAttempts.key == account))
    if new_hash:
        # Unless the password was changed meanwhile.
        own = (User.id == user.id) & (User.password_hash == stored)
        await session.execute(update(User).where(own).values(password_hash=new_hash))
    await session.commit()
    return user


def _verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether it is right, and the hash to store instead. An unknown user takes as long."""
    right, new_hash = hasher.verify_and_update(password, stored or _hash_of_nobody())
    return right and stored is not None, new_hash


@cache
def _hash_of_nobody() -> str:
    return hasher.hash("nobody")


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()


async def _count(session: AsyncSession, limits: Mapping[str, int]) -> None:
    """Counts one more attempt for each key; TooManyAttemptsError above its limit."""
    now = clock.now()
    ended: datetime | None = None
    for key, limit in limits.items():  # accounts before addresses, always: no deadlock
        current = SignInAttempts.started_at > now - WINDOW
        statement = (
            insert(SignInAttempts)
            .values(key=key, attempts=1, started_at=now)
            .on_conflict_do_update(
                index_elements=[SignInAttempts.key],
                set_={
                    "attempts": case((current, SignInAttempts.attempts + 1), else_=1),
                    "started_at": case((current, SignInAttempts.started_at), else_=now),
                },
            )
            .returning(SignInAttempts.attempts, SignInAttempts.started_at)
        )
        attempts, started_at = (await session.execute(statement)).one()
        if attempts > limit:
            ended = started_at + WINDOW
    old = (
        select(SignInAttempts.key)
        .where(SignInAttempts.started_at <= now - WINDOW)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(SignInAttempts).where(SignInAttempts.key.in_(old)))
    await session.commit()
    if ended:
        raise TooManyAttemptsError(ended - now)
