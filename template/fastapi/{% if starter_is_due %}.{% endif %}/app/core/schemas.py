"""What the schemas of every domain share."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# One line of text: not blank, no control characters (PostgreSQL refuses U+0000), and no blank at
# either end, which nobody sees.
Line = Annotated[
    str,
    StringConstraints(
        min_length=1,
        pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$",
    ),
]


def _digits(value: Any) -> Any:
    """One spelling for each number: Pydantic also takes `1.0` and `+1`."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be written in digits")
    return value


MAX_BIGINT = 2**63 - 1
Digits = BeforeValidator(_digits)
Id = Annotated[int, Digits, Field(ge=1, le=MAX_BIGINT)]


class Input(BaseModel):
    """From a client: a misspelt name is an error, not silently ignored."""

    model_config = ConfigDict(extra="forbid")
