"""Logs are JSON, one line per event, with the id of the request."""

import logging
import sys

from asgi_correlation_id import CorrelationIdFilter
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

# Not renamed to `level` or `logger`: `extra={"level": …}` would overwrite them.
FIELDS = ["levelname", "name", "message", "correlation_id"]


def without_query(record: logging.LogRecord) -> bool:
    """Cuts the query string, which may hold a token, from uvicorn's line for a WebSocket."""
    if "WebSocket" in record.msg and isinstance(record.args, tuple):
        record.args = tuple(str(arg).partition("?")[0] for arg in record.args)
    return True


def configure_logging(level: str = "INFO") -> None:
    """One handler for everything, uvicorn included; our own line replaces its access log."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(CorrelationIdFilter())
    handler.addFilter(without_query)
    handler.setFormatter(
        JsonFormatter(FIELDS, timestamp=True, reserved_attrs=[*RESERVED_ATTRS, "color_message"])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    # At INFO it logs whole URLs, query strings included.
    logging.getLogger("httpx").setLevel(logging.WARNING)
