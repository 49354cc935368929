"""The one place that asks for the time: tests set it here."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
