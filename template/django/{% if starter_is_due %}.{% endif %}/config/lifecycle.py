"""Shared by gunicorn.conf.py and the service; imports nothing of Django."""

from mmap import mmap

# Requests that one process handles concurrently. The other threads stay free for probes and for rejecting requests.
CONCURRENT_REQUESTS = 8
THREADS = CONCURRENT_REQUESTS + 4

# Called every few seconds: exempt from the limit, and logged only when they fail.
PROBES = {"/health", "/ready"}

# One byte that forked workers share with the main process.
_draining = mmap(-1, 1)


def drain() -> None:
    """From now on /ready returns 503, in every process."""
    _draining[0] = 1


def is_draining() -> bool:
    return bool(_draining[0])
