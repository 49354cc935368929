"""operations.md"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from django.db import OperationalError, connections
from django.db.utils import ConnectionHandler
from django.test import Client
from proves import proves


@proves("`django.request` carries the request as an extra")
def test_the_request_is_an_extra_of_the_log(caplog):
    Client().get("/missing?token=secret")
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert "secret" not in record.getMessage()
    assert "token=secret" in str(record.request)


def own_connection(**options):
    settings = connections["default"].settings_dict | {"OPTIONS": options}
    return ConnectionHandler({"default": settings})["default"]


@proves("The driver's `read_timeout` ends the wait for a hung server; it is off by default.")
def test_the_driver_waits_forever(db, django_db_blocker):
    with django_db_blocker.unblock():
        with pytest.raises(OperationalError), own_connection(read_timeout=1).cursor() as cursor:
            cursor.execute("SELECT SLEEP(20)")
        with own_connection().cursor() as cursor:
            cursor.execute("SELECT SLEEP(3)")


# --- gunicorn


def serve(*arguments: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "test_operations:slow",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        *arguments,
    ]
    process = subprocess.Popen(command, cwd=os.path.dirname(__file__), stderr=subprocess.DEVNULL)
    return process, f"http://127.0.0.1:{port}/"


def slow(environ, start_response):
    """A WSGI application that hangs for 5 s."""
    time.sleep(5 if environ["PATH_INFO"] == "/slow" else 0)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@proves("gunicorn with threads: `timeout` ends no hung")
@pytest.mark.parametrize(("arguments", "answered"), [([], False), (["--threads", "2"], True)])
def test_the_timeout_of_gunicorn(arguments, answered):
    process, url = serve("--timeout", "2", *arguments)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(url, timeout=20).read()
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.1)
        try:
            got = urllib.request.urlopen(url + "slow", timeout=30).read() == b"ok"
        except OSError:
            got = False
        assert got == answered
    finally:
        process.send_signal(signal.SIGKILL if process.poll() is None else 0)
        process.wait()
