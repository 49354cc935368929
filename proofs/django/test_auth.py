"""auth.md"""

from __future__ import annotations

import argon2
from django.contrib.auth.hashers import Argon2PasswordHasher
from proves import proves


@proves("`Argon2PasswordHasher` takes 100 MiB per hash")
def test_memory_of_a_hash():
    hasher = Argon2PasswordHasher()
    assert (hasher.memory_cost, hasher.parallelism) == (102_400, 8)
    assert (
        argon2.extract_parameters(hasher.encode("a password", "a salt of it").removeprefix("argon2")).memory_cost
        == 102_400
    )
