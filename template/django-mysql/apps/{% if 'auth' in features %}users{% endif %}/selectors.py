from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.users.models import AccessToken, User
from apps.users.tokens import digest


def get_user_of_token(token: str) -> User | None:
    found = (
        AccessToken.objects.select_related("user")
        .filter(digest=digest(token), expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )
    if found is None or not constant_time_compare(found.password_digest, digest(found.user.password)):
        return None
    return found.user
