"""Limits of sign-in: attempts per minute, and concurrent attempts."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from threading import BoundedSemaphore

from django.db.models import F
from django.utils import timezone

from apps.errors import Overloaded
from apps.users.models import SignInCount
from apps.users.tokens import digest

PER_ADDRESS = 30
# Per account and address: per account alone, anyone could lock its owner out.
PER_ACCOUNT_AND_ADDRESS = 10
# In one process, so that half of its CONCURRENT_REQUESTS stay free for others.
CONCURRENT_SIGN_INS = 4

_sign_ins = BoundedSemaphore(CONCURRENT_SIGN_INS)


class TooManyAttempts(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts to sign in.")
        self.seconds = seconds


def count_attempt(*, username: str, address: str) -> None:
    """Raises TooManyAttempts above the limit of this minute."""
    now = timezone.now()
    network = _network(address)
    for key, limit in ((network, PER_ADDRESS), (f"{network} {username}", PER_ACCOUNT_AND_ADDRESS)):
        count, _ = SignInCount.objects.get_or_create(key=digest(key), minute=now.replace(second=0, microsecond=0))
        # Incremented before it is read, so that concurrent attempts cannot exceed the limit.
        SignInCount.objects.filter(id=count.id).update(attempts=F("attempts") + 1)
        count.refresh_from_db(fields=["attempts"])
        if count.attempts > limit:
            raise TooManyAttempts(60 - now.second)


def _network(address: str) -> str:
    """One caller usually has a whole IPv6 /64."""
    try:
        prefix = 64 if ip_address(address).version == 6 else 32
        return str(ip_network((address, prefix), strict=False))
    except ValueError:  # a proxy wrote something else
        return address


@contextmanager
def concurrent_sign_in() -> Iterator[None]:
    if not _sign_ins.acquire(blocking=False):
        raise Overloaded("Too many people are signing in.")
    try:
        yield
    finally:
        _sign_ins.release()
