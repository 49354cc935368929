"""Django on the PostgreSQL of TEST_POSTGRES_URL, with the app `shop`, in a database that lives as long as the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

SERVER = urlsplit(os.environ["TEST_POSTGRES_URL"])
NAME = f"proofs_django_{os.getpid()}"


def pytest_configure() -> None:
    import django
    from django.conf import settings

    database = {"ENGINE": "django.db.backends.postgresql", "HOST": SERVER.hostname, "PORT": SERVER.port, "NAME": NAME}
    database |= {"USER": unquote(SERVER.username or ""), "PASSWORD": unquote(SERVER.password or "")}
    settings.configure(SECRET_KEY="a key of proofs", DATABASES={"default": database}, INSTALLED_APPS=["django.contrib.postgres", "shop"], USE_TZ=True)
    django.setup()


@pytest.fixture(scope="session", autouse=True)
def _database() -> Iterator[None]:
    from django.apps import apps
    from django.db import connection, connections

    with psycopg.connect(SERVER.geturl(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {NAME}")
        try:
            with connection.schema_editor() as editor:
                for model in apps.get_app_config("shop").get_models():
                    editor.create_model(model)
            yield
        finally:
            connections.close_all()
            admin.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    from django.db import connection

    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_order, shop_product, shop_customer RESTART IDENTITY CASCADE")
