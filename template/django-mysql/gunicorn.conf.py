"""gunicorn finds this file by its name; WEB_CONCURRENCY sets the number of processes."""

from config.logs import LOGGING

bind = "0.0.0.0:8000"
threads = 4
# Requests finish within this after SIGTERM; below the 30 s that platforms usually grant.
graceful_timeout = 25
control_socket_disable = True
logconfig_dict = LOGGING
