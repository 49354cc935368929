from typing import Annotated, Self

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.core.schemas import MAX_BIGINT, Digits, Input, Line

Sku = Annotated[Line, StringConstraints(max_length=40)]
Name = Annotated[Line, StringConstraints(max_length=200)]


class ProductCreate(Input):
    sku: Sku
    name: Name


# A field may be left out but not be null: hence MISSING, not None.
class ProductPatch(Input):
    sku: Sku | MISSING = MISSING
    name: Name | MISSING = MISSING

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names no field to change")
        return self


class ProductRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    sku: str
    name: str
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ProductPage(BaseModel):
    items: list[ProductRead]
    next_after: int | None = Field(description="The `after` of the next page; null on the last.")


# By key, not by offset: rows neither repeat nor vanish between pages.
class Page(Input):
    limit: Annotated[int, Digits] = Field(default=50, ge=1, le=100)
    after: Annotated[int, Digits] = Field(default=0, ge=0, le=MAX_BIGINT)
