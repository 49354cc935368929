"""Users and their sign-in. Each public function commits before it returns."""

import asyncio
import hashlib
import logging
import math
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from ipaddress import ip_address, ip_network

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import violates
from app.core.errors import ConflictError, NotFoundError, ServiceError
from app.users.models import AccessToken, SignInAttempts, User

TOKEN_LIFETIME = timedelta(hours=12)
WINDOW = timedelta(minutes=15)
# Not per account alone: a stranger could then lock its owner out.
PER_ACCOUNT_AND_ADDRESS = 10
PER_ADDRESS = 100

# OWASP's parameters for Argon2id: 19 MiB and one thread for each hash. Two concurrent hashes take
# 38 MiB in each process. The library's own, 64 MiB and four threads, would let a flood of
# sign-ins take the processor from all other requests.
hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
# A pool of threads, not a CapacityLimiter: a request that is cancelled at its deadline would give
# its place in the limiter to the next one while its thread still hashes.
hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing")

logger = logging.getLogger(__name__)


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
        self.headers = {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}


class EmailTakenError(ConflictError):
    type = "/problems/email-taken"


class UserNotFoundError(NotFoundError):
    type = "/problems/user-not-found"


async def create_user(session: AsyncSession, email: str, password: str) -> User:
    loop = asyncio.get_running_loop()
    password_hash = await loop.run_in_executor(hashing, hasher.hash, password)
    user = User(email=email.lower(), password_hash=password_hash)
    session.add(user)
    try:
        await session.commit()
    except IntegrityError as error:
        if violates(error, "uq_users_email"):
            raise EmailTakenError("There is a user with this e-mail address.") from None
        raise
    return user


async def disable_user(session: AsyncSession, email: str) -> None:
    """No more sign-in, and every token ends now."""
    statement = update(User).where(User.email == email.lower()).values(disabled_at=func.now())
    user_id = await session.scalar(statement.returning(User.id))
    if user_id is None:
        raise UserNotFoundError("There is no user with this e-mail address.")
    await session.execute(delete(AccessToken).where(AccessToken.user_id == user_id))
    await session.commit()


async def sign_in(
    session: AsyncSession, email: str, password: str, address: str
) -> tuple[str, datetime]:
    """A new token, and when it expires."""
    email, network = email.lower(), _network(address)
    pair_key, address_key = _hash(f"{email} {network}"), _hash(network)
    await _count(session, {pair_key: PER_ACCOUNT_AND_ADDRESS, address_key: PER_ADDRESS})

    enabled = (User.email == email) & User.disabled_at.is_(None)
    found = (await session.execute(select(User.id, User.password_hash).where(enabled))).first()
    await session.commit()  # hashing takes long: without a connection meanwhile
    user_id, stored = found or (None, None)
    password_matches, new_hash = await asyncio.get_running_loop().run_in_executor(
        hashing, lambda: hasher.verify_and_update(password, stored or dummy_hash())
    )
    if user_id is None or not password_matches:
        logger.warning("sign-in failed", extra={"email": email, "address": address})
        raise WrongCredentialsError

    # What succeeds does not count.
    await session.execute(delete(SignInAttempts).where(SignInAttempts.key == pair_key))
    await session.execute(
        update(SignInAttempts)
        .where(SignInAttempts.key == address_key)
        .values(attempts=SignInAttempts.attempts - 1)
    )
    if new_hash:
        # Unless the password was changed meanwhile.
        unchanged = (User.id == user_id) & (User.password_hash == stored)
        await session.execute(update(User).where(unchanged).values(password_hash=new_hash))
    return await issue_token(session, user_id)


async def issue_token(session: AsyncSession, user_id: int) -> tuple[str, datetime]:
    expired = (AccessToken.user_id == user_id) & (AccessToken.expires_at <= func.now())
    await session.execute(delete(AccessToken).where(expired))
    token = secrets.token_urlsafe(32)
    row = insert(AccessToken).values(
        token_hash=_hash(token), user_id=user_id, expires_at=func.now() + TOKEN_LIFETIME
    )
    expires_at = (await session.scalars(row.returning(AccessToken.expires_at))).one()
    await session.commit()
    return token, expires_at


async def sign_out(session: AsyncSession, token: str) -> None:
    await session.execute(delete(AccessToken).where(AccessToken.token_hash == _hash(token)))
    await session.commit()


async def user_of(session: AsyncSession, token: str) -> User | None:
    """Whose token it is; None for one that is unknown, expired or revoked."""
    return await session.scalar(
        select(User)
        .join(AccessToken, AccessToken.user_id == User.id)
        .where(AccessToken.token_hash == _hash(token), AccessToken.expires_at > func.now())
        .where(User.disabled_at.is_(None))
    )


@cache
def dummy_hash() -> str:
    """For a user who does not exist: else the time of the response tells."""
    return hasher.hash("dummy")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _network(address: str) -> str:
    """An IPv6 customer has a whole /64."""
    try:
        version = ip_address(address).version
    except ValueError:
        return address
    return address if version == 4 else str(ip_network(f"{address}/64", strict=False))


async def _count(session: AsyncSession, limits: Mapping[str, int]) -> None:
    """Counts one more attempt for each key; TooManyAttemptsError above its limit."""
    wait = None
    current = SignInAttempts.started_at > func.now() - WINDOW
    for key, limit in limits.items():  # always in this order: no deadlock
        statement = (
            insert(SignInAttempts)
            .values(key=key, attempts=1, started_at=func.now())
            .on_conflict_do_update(
                index_elements=[SignInAttempts.key],
                set_={
                    "attempts": case((current, SignInAttempts.attempts + 1), else_=1),
                    "started_at": case((current, SignInAttempts.started_at), else_=func.now()),
                },
            )
            .returning(SignInAttempts.attempts, SignInAttempts.started_at, func.now())
        )
        attempts, started_at, now = (await session.execute(statement)).one()
        if attempts > limit:
            wait = started_at + WINDOW - now
    old = (
        select(SignInAttempts.key)
        .where(SignInAttempts.started_at <= func.now() - WINDOW)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(SignInAttempts).where(SignInAttempts.key.in_(old)))
    await session.commit()
    if wait:
        raise TooManyAttemptsError(wait)
