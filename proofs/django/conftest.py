"""Django on the MySQL of TEST_MYSQL_URL, with the app `shop`, in a database that lives as long as the run."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

import django

# Where only Python 3.11 is, Django 5.2 runs, and what came with 6.x is left out.
BEFORE_6 = django.VERSION < (6,)
collect_ignore = ["test_background_jobs.py"] if BEFORE_6 else []
SERVER = urlsplit(os.environ.get("TEST_MYSQL_URL", "mysql://app:app@127.0.0.1:3306/app"))
DATABASE = {
    "ENGINE": "django.db.backends.mysql",
    "HOST": SERVER.hostname,
    "PORT": SERVER.port,
    "USER": unquote(SERVER.username or ""),
    "PASSWORD": unquote(SERVER.password or ""),
    "NAME": SERVER.path.lstrip("/"),
    "TEST": {"NAME": f"test_proofs_django_{os.getpid()}"},
}


def pytest_configure() -> None:
    from django.conf import settings

    settings.configure(
        SECRET_KEY="a key of proofs, long enough to sign a token",
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": DATABASE},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "shop",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        ROOT_URLCONF="shop.urls",
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
