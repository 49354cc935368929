from typing import Annotated

from pydantic import AwareDatetime, BaseModel, EmailStr, Field, SecretStr, StringConstraints

from app.core.schemas import Input, Line


class Credentials(Input):
    # Any text: a user who does not exist and one who cannot exist get the same response.
    email: Annotated[Line, StringConstraints(max_length=254)]
    password: SecretStr = Field(min_length=1, max_length=1024)


class NewUser(Input):
    email: Annotated[EmailStr, Field(max_length=254)]
    password: SecretStr = Field(min_length=12, max_length=1024)


class Token(BaseModel):
    token: str = Field(description="For the header `Authorization: Bearer …`.")
    expires_at: AwareDatetime
