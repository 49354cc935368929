"""background-jobs.md"""

from __future__ import annotations

from django.core import mail
from django.tasks import task, task_backends
from django.tasks.backends.immediate import ImmediateBackend
from django.test import override_settings
from proves import proves

RAN: list[int] = []


@task
def remember(number: int) -> None:
    RAN.append(number)


@proves("`django.tasks` runs inside the request")
def test_tasks_run_in_the_request():
    RAN.clear()
    remember.enqueue(7)
    assert RAN == [7] and isinstance(task_backends["default"], ImmediateBackend)


SMTP = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}


@proves("`MAILERS` ignores `EMAIL_TIMEOUT`")
def test_mailers():
    with override_settings(MAILERS={"default": SMTP | {"OPTIONS": {"host": "x"}}}, EMAIL_TIMEOUT=5):
        assert mail.mailers["default"].timeout is None
    with override_settings(MAILERS={"default": SMTP | {"OPTIONS": {"host": "x", "timeout": 5}}}):
        assert mail.mailers["default"].timeout == 5
