from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from app.core.schemas import NO_NUL


# OAuth 2 has the server pass over parameters it does not know: no `extra="forbid"`.
class Credentials(BaseModel):
    grant_type: Literal["password"] = "password"
    username: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=NO_NUL)]
    password: SecretStr = Field(min_length=1, max_length=1024)


class Token(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds.")
