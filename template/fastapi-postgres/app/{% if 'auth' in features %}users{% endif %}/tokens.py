"""Access tokens: they say who somebody is, for minutes, and nothing else."""

from datetime import timedelta

import jwt

from app.core import clock

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "service"
LIFETIME = timedelta(minutes=15)


def issue(key: bytes, user_id: int) -> str:
    now = clock.now()
    claims = {
        "sub": str(user_id),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def user_id_of(key: bytes, token: str) -> int | None:
    """Whose token it is; None for one that is not ours, or not any more."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
