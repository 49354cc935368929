"""What services and selectors raise; config/errors.py gives each its status."""


class NotFound(Exception):
    """The row that was asked for is not there, or not there for this caller."""


class Conflict(Exception):
    """The request contradicts what is stored."""

    code = "conflict"


class Overloaded(Exception):
    """There is no capacity for this now; the same request may succeed later."""
