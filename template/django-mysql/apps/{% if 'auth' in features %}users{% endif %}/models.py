from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models


class User(AbstractUser):
    # The default collation takes jose and josé for one name: a limit per name would be passed by accents.
    username = models.CharField(
        max_length=150, unique=True, db_collation="utf8mb4_bin", validators=[UnicodeUsernameValidator()]
    )


class AccessToken(models.Model):
    """Only digests are stored: a copy of the table signs nobody in."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, db_collation="utf8mb4_bin")
    # Of the user's password at sign-in: a new password ends the token.
    password_digest = models.CharField(max_length=64, db_collation="utf8mb4_bin")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at}"
