from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models

from config.database import EXACT


class User(AbstractUser):
    # Else jose and josé would be one account, and one for the limits of sign-in.
    username = models.CharField(
        max_length=150, unique=True, db_collation=EXACT, validators=[UnicodeUsernameValidator()]
    )


class AccessToken(models.Model):
    """Only digests are stored: a leaked table gives no access."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, db_collation=EXACT)
    # Of the user's password hash at sign-in: a new password ends the token.
    password_digest = models.CharField(max_length=64, db_collation=EXACT)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at}"


class SignInCount(models.Model):
    """Attempts to sign in with one key in one minute. In the database, so that all processes share the count."""

    key = models.CharField(max_length=64, db_collation=EXACT)
    minute = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "minute"], name="sign_in_count_unique")]

    def __str__(self) -> str:
        return f"{self.attempts} at {self.minute}"
