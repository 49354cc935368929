from django.contrib.auth.hashers import Argon2PasswordHasher as DjangoArgon2


class Argon2PasswordHasher(DjangoArgon2):
    """OWASP's minimum, 19 MiB per hash: unauthenticated requests cause it, and Django's default is 100 MiB."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
