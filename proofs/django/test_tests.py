"""tests.md"""

from __future__ import annotations

import unittest

from django.core.cache import cache
from django.test import SimpleTestCase, TransactionTestCase
from proves import proves
from shop.models import Supplier


@proves("empties all tables at its end")
def test_a_transaction_test_case_empties_the_tables(django_db_setup, django_db_blocker):
    class Commits(TransactionTestCase):
        def runTest(self) -> None:
            assert Supplier.objects.filter(name="of a data migration").exists()

    with django_db_blocker.unblock():
        Supplier.objects.create(name="of a data migration")
        Commits()(result := unittest.TestResult())
        assert (result.testsRun, result.failures, result.errors) == (1, [], [])
        assert not Supplier.objects.exists()


@proves("The local-memory cache, throttle counts included")
def test_the_cache_survives_a_test():
    class Counts(SimpleTestCase):
        def runTest(self) -> None:
            cache.set("throttle", 1)

    Counts()(unittest.TestResult())
    assert cache.get("throttle") == 1
    cache.clear()
