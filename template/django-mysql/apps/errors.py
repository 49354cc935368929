"""What services and selectors raise; config/errors.py gives each its status."""


class NotFound(Exception):
    """The row that was asked for is not there."""


class Conflict(Exception):
    """The request contradicts what is stored."""

    code = "conflict"
