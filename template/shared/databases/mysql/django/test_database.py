import pytest
from django.db import OperationalError, connection

from config import settings, settings_commands
from config.database import COMMAND_OPTIONS, SERVICE_OPTIONS, is_unavailable


@pytest.mark.django_db
def test_statements_of_requests_are_limited() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@max_execution_time / 1000, @@innodb_lock_wait_timeout, @@lock_wait_timeout")
        limits = cursor.fetchone()

    # Below the driver's, so that the server says what was slow.
    assert all(0 < limit < SERVICE_OPTIONS["read_timeout"] for limit in limits)
    assert settings.DATABASES["default"]["OPTIONS"]["read_timeout"] == SERVICE_OPTIONS["read_timeout"]


@pytest.mark.django_db
def test_a_slow_statement_is_a_fault_that_may_pass() -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute(
            "SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(*)"
            " FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"
        )

    assert is_unavailable(caught.value)


def test_commands_may_take_long() -> None:
    assert settings_commands.DATABASES["default"]["OPTIONS"] == COMMAND_OPTIONS
