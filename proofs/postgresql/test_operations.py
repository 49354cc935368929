"""Limits."""

import pytest
from proves import proves


@proves("`statement_timeout` and `idle_in_transaction_session_timeout` are off by default")
@pytest.mark.parametrize("name", ["statement_timeout", "idle_in_transaction_session_timeout"])
def test_timeouts_are_off(db, name):
    default = "SELECT boot_val FROM pg_settings WHERE name = %s"
    assert db.execute(default, [name]).fetchone() == ("0",)
