from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import Argon2PasswordHasher as DjangoArgon2

# Two hashes at a time, in threads of their own: each thread that has hashed once keeps 19 MiB in its memory arena.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing")


class Argon2PasswordHasher(DjangoArgon2):
    """OWASP's minimum, 19 MiB per hash: unauthenticated requests cause it, and Django's default is 100 MiB."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return _threads.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        return _threads.submit(super().verify, password, encoded).result()
