"""What the schemas of every domain share."""

from pydantic import BaseModel, ConfigDict

# No U+0000: JSON may hold it, PostgreSQL's text may not.
NO_NUL = r"^[^\x00]*$"
MAX_BIGINT = 2**63 - 1


class Input(BaseModel):
    """From a client: a misspelt name is an error, not a value that is passed over."""

    model_config = ConfigDict(extra="forbid")
