import hashlib


def digest(text: str) -> str:
    """For long random text; a password needs a slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()
