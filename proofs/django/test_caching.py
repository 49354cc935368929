"""caching.md"""

from __future__ import annotations

import pickle
import socket

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from proves import proves
from shop.models import Supplier


@pytest.fixture(autouse=True)
def empty():
    cache.clear()
    yield
    cache.clear()


@proves("Django's `RedisCache` raises, django-redis has")
def test_redis_down():
    from django_redis.cache import RedisCache as TolerantCache

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"redis://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(Exception, match="refused"):
        RedisCache(closed, {}).get("key")
    tolerant = TolerantCache(closed, {"OPTIONS": {"IGNORE_EXCEPTIONS": True}})
    assert tolerant.get("key") is None


@proves("a pickled model instance queries again")
def test_a_cached_instance_and_a_new_field(db, django_assert_num_queries):
    supplier = Supplier.objects.create(name="Acme")
    cached = Supplier.from_db("default", ["id"], [supplier.pk])  # holds no value for `name`
    cached = pickle.loads(pickle.dumps(cached))
    with django_assert_num_queries(1):
        assert cached.name == "Acme"
