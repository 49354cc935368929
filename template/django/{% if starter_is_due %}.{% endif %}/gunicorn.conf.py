"""gunicorn finds this file by its name; WEB_CONCURRENCY sets the number of processes."""

import signal
import socket
import struct
import sys
from typing import Any

from config.lifecycle import THREADS, drain
from config.logs import LOGGING

bind = "0.0.0.0:8000"
threads = THREADS
# Above the idle timeout of load balancers, usually 60 s: if the server closes first, a request is lost (502).
keepalive = 75
control_socket_disable = True
logconfig_dict = LOGGING

# After SIGTERM new requests are still served for DRAIN_SECONDS, then those in progress have graceful_timeout to finish:
# together less than the 30 s that platforms usually grant.
DRAIN_SECONDS = 5
graceful_timeout = 20
# A client that stalls in the middle of a request holds a thread no longer than this.
CLIENT_SECONDS = 10


def when_ready(server: Any) -> None:
    if sys.platform == "linux":
        for listener in server.LISTENERS:
            # Accepted connections inherit both. TCP_DEFER_ACCEPT: one that sends nothing never reaches a thread.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, CLIENT_SECONDS)
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", CLIENT_SECONDS, 0))

    def begin_to_stop(*_: object) -> None:
        drain()
        signal.signal(signal.SIGTERM, server.signal)
        signal.signal(signal.SIGALRM, lambda *_: server.signal(signal.SIGTERM, None))
        signal.alarm(DRAIN_SECONDS)

    signal.signal(signal.SIGTERM, begin_to_stop)
