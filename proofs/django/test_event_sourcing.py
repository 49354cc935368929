"""event-sourcing.md"""

from __future__ import annotations

import threading

from django.db import connection, transaction
from proves import proves
from shop.models import Supplier


@proves("Ids are assigned before the commit")
def test_ids_are_given_before_the_commit(transactional_db):
    """A reader that polls `pk > last` saw 2 and never sees 1."""
    inserted, proceed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Supplier.objects.create(name="slow")
            inserted.set()
            proceed.wait(30)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert inserted.wait(30)
    Supplier.objects.create(name="fast")
    last = 0
    seen = list(Supplier.objects.filter(pk__gt=last).order_by("pk"))
    last = seen[-1].pk
    proceed.set()
    thread.join()
    later = list(Supplier.objects.filter(pk__gt=last))
    assert ([event.name for event in seen], later, Supplier.objects.count()) == (["fast"], [], 2)
