import secrets
from datetime import timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from apps.users.models import AccessToken, User
from apps.users.tokens import digest

LIFETIME = timedelta(hours=12)


class WrongCredentials(Exception):
    pass


def sign_in(*, username: str, password: str) -> str:
    """A new token; it is told here and never again."""
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        AccessToken.objects.filter(user=user, expires_at__lte=now).delete()
        AccessToken.objects.create(
            user=user, digest=digest(token), password_digest=digest(user.password), expires_at=now + LIFETIME
        )
    return token
