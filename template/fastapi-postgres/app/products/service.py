"""Rules of products. Each function is one operation, and commits before it returns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import violates
from app.core.errors import ConflictError, NotFoundError
from app.products.models import Product
from app.products.schemas import Page, ProductCreate, ProductPatch


class ProductNotFoundError(NotFoundError):
    type = "/problems/product-not-found"
    title = "Product not found"


class SkuTakenError(ConflictError):
    type = "/problems/sku-taken"
    title = "SKU is taken"


@contextmanager
def sku_is_unique() -> Iterator[None]:
    """The constraint decides, not a look beforehand: two requests may come at once."""
    try:
        yield
    except IntegrityError as error:
        if violates(error, "uq_products_sku"):
            raise SkuTakenError from None
        raise


async def list_products(session: AsyncSession, page: Page) -> tuple[Sequence[Product], bool]:
    """Products by id, and whether more follow."""
    query = select(Product).where(Product.id > page.after).order_by(Product.id)
    found = (await session.scalars(query.limit(page.limit + 1))).all()
    return found[: page.limit], len(found) > page.limit


async def get_product(session: AsyncSession, product_id: int) -> Product:
    product = await session.get(Product, product_id)
    if product is None:
        raise ProductNotFoundError
    return product


async def create_product(session: AsyncSession, body: ProductCreate) -> Product:
    product = Product(**body.model_dump())
    session.add(product)
    with sku_is_unique():
        await session.commit()
    return product


async def change_product(session: AsyncSession, product_id: int, body: ProductPatch) -> Product:
    changes = body.model_dump(exclude_unset=True)
    if not changes:
        return await get_product(session, product_id)
    statement = (
        update(Product)
        .where(Product.id == product_id)
        .values(changes)
        .returning(Product)
        .execution_options(populate_existing=True)
    )
    with sku_is_unique():
        product = await session.scalar(statement)
    if product is None:
        raise ProductNotFoundError
    await session.commit()
    return product


async def delete_product(session: AsyncSession, product_id: int) -> None:
    statement = delete(Product).where(Product.id == product_id).returning(Product.id)
    if await session.scalar(statement) is None:
        raise ProductNotFoundError
    await session.commit()
