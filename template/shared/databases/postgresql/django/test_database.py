import pytest
from django.db import connection

from config import settings, settings_commands
from config.database import COMMAND_OPTIONS, SERVICE_OPTIONS


@pytest.mark.django_db
def test_statements_of_requests_are_limited() -> None:
    names = ["statement_timeout", "lock_timeout"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::int / 1000.0 FROM pg_settings WHERE name = ANY(%s)", [names])
        limits = [limit for (limit,) in cursor.fetchall()]

    # Below the driver's, so that the server says what was slow.
    assert len(limits) == len(names)
    assert all(0 < limit < SERVICE_OPTIONS["read_timeout"] for limit in limits)
    assert settings.DATABASES["default"]["OPTIONS"]["read_timeout"] == SERVICE_OPTIONS["read_timeout"]


def test_commands_may_take_long() -> None:
    assert settings_commands.DATABASES["default"]["OPTIONS"] == COMMAND_OPTIONS
