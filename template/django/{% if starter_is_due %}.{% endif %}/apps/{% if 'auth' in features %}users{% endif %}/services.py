import logging
import secrets
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.utils import timezone

from apps.users import limits
from apps.users.models import AccessToken, SignInCount, User
from apps.users.tokens import digest

LIFETIME = timedelta(hours=12)
BATCH = 1000
logger = logging.getLogger(__name__)


class WrongCredentials(Exception):
    pass


def sign_in(*, username: str, password: str, address: str) -> tuple[str, datetime]:
    """A new token, which is stored only as a digest, and when it expires."""
    try:
        limits.count_attempt(username=username, address=address)
        with limits.concurrent_sign_in():
            user = authenticate(username=username, password=password)  # hashes for an unknown name, too
        if not isinstance(user, User):
            raise WrongCredentials("Username or password is wrong.")
    except (limits.TooManyAttempts, WrongCredentials) as error:
        logger.warning("sign-in failed", extra={"username": username, "address": address, "cause": str(error)})
        raise
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + LIFETIME
    AccessToken.objects.create(
        user=user, digest=digest(token), password_digest=digest(user.password), expires_at=expires_at
    )
    return token, expires_at


def sign_out(token: AccessToken) -> None:
    token.delete()


def clear_expired() -> int:
    """How many rows were deleted; in batches, so that no lock lasts long."""
    now = timezone.now()
    total = 0
    for expired in (
        AccessToken.objects.filter(expires_at__lte=now),
        SignInCount.objects.filter(minute__lt=now - timedelta(minutes=1)),
    ):
        while ids := list(expired.values_list("id", flat=True)[:BATCH]):
            total += expired.model.objects.filter(id__in=ids).delete()[0]
    return total
