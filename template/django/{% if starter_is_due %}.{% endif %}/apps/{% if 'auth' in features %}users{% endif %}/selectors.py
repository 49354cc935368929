from django.utils import timezone

from apps.users.models import AccessToken
from apps.users.tokens import digest
from config.database import SHA256


def get_token(token: str) -> AccessToken | None:
    """With its user, but without the password's hash, which is compared in the database."""
    return (
        AccessToken.objects.select_related("user")
        .defer("user__password")
        .filter(digest=digest(token), expires_at__gt=timezone.now(), user__is_active=True)
        .filter(password_digest=SHA256("user__password"))
        .first()
    )
