"""framework.md"""

from __future__ import annotations

from datetime import timedelta

from django.db.models.signals import post_save
from django.test import override_settings
from proves import proves
from rest_framework import serializers
from shop.models import Supplier


@proves("Business logic in `save()` or a signal")
def test_save_and_signals_are_skipped(db):
    seen = []
    listener = lambda instance, **_: seen.append(instance.name)  # noqa: E731
    post_save.connect(listener, sender=Supplier)
    try:
        Supplier.objects.bulk_create([Supplier(name="bulk")])
        Supplier.objects.update(name="updated")
        Supplier.objects.create(name="saved")
    finally:
        post_save.disconnect(listener, sender=Supplier)
    assert seen == ["saved"]


@proves("DRF takes a datetime without an offset")
def test_naive_datetimes_are_taken_as_local():
    with override_settings(TIME_ZONE="Europe/Berlin"):
        field = serializers.DateTimeField()
        assert field.run_validation("2026-07-01T12:00:00").utcoffset() == timedelta(hours=2)
