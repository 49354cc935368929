from typing import Annotated

from pydantic import MISSING, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.core.schemas import MAX_BIGINT, NO_NUL, Input

Sku = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]


class ProductCreate(Input):
    sku: Sku
    name: Name


# A field may be left out but not be null: hence MISSING, not None.
class ProductPatch(Input):
    sku: Sku | MISSING = MISSING
    name: Name | MISSING = MISSING


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
    limit: int = Field(default=50, ge=1, le=100)
    after: int = Field(default=0, ge=0, le=MAX_BIGINT)
