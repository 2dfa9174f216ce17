"""The admin's side of the catalogue: products of every status, with exact stock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from advanced_alchemy.filters import OrderBy, StatementFilter
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from berrypod.errors import Conflict, Invalid, NotFound, OutOfStock
from berrypod.events import Event, ProductChanged
from berrypod.shop.catalogue import found_by, search_words
from berrypod.shop.inventory_checks import (
    MAX_STOCK,
    MAX_VARIANTS,
    check_gallery,
    check_product,
    check_product_change,
    check_variant,
    check_variant_change,
)
from berrypod.shop.inventory_reading import product_record, read_gallery, variant_record
from berrypod.shop.inventory_records import (
    InventoryFilter,
    NewProduct,
    NewVariant,
    PictureUse,
    ProductChange,
    ProductRecord,
    VariantChange,
    VariantRecord,
)
from berrypod.shop.paging import Page, PageRequest
from berrypod.shop.repositories import ProductRepository
from berrypod.storage.database import Database
from berrypod.storage.models import Image, OrderItem, Product, ProductImage, ProductVariant

_WITH_VARIANTS: Final = selectinload(Product.variants)


class Inventory:
    """Changes are told to plugins after they are saved; `actor` says who made them."""

    def __init__(self, database: Database, emit: Callable[[Event], None]) -> None:
        self._database = database
        self._emit = emit

    async def list(self, wanted: InventoryFilter | None = None, page: PageRequest | None = None) -> Page[ProductRecord]:
        """A page of the products of every status, in the shop's order. :raises Invalid: the search is too long."""
        wanted, page = wanted or InventoryFilter(), page or PageRequest()
        words = search_words(wanted.q)
        filters: list[StatementFilter | ColumnElement[bool]] = [OrderBy("position", "asc"), OrderBy("id", "asc")]
        if wanted.status is not None:
            filters.append(Product.status == wanted.status)
        async with self._database.read() as session:
            if words:
                filters.append(Product.id.in_(await _search(session, words)))
            repository = ProductRepository(session)
            repository.statement = repository.statement.options(_WITH_VARIANTS)
            products, total = await repository.page(page, *filters)
            galleries = await read_gallery(session, [product.id for product in products])
        items = [product_record(product, galleries[product.id]) for product in products]
        return Page(items=items, page=page.page, page_size=page.page_size, total=total)

    async def get(self, slug: str) -> ProductRecord:
        """:raises NotFound: no product has this slug."""
        async with self._database.read() as session:
            return await _full(session, await _product(session, slug))

    async def create(self, new: NewProduct, *, actor: str | None = None) -> ProductRecord:
        """:raises Invalid: `fields` names what is wrong. :raises Conflict: the slug or a SKU is taken."""
        values = check_product(new)
        variants = values.pop("variants")
        async with self._database.write() as session:
            await _slug_is_free(session, values["slug"])
            await _skus_are_free(session, [variant["sku"] for variant in variants])
            product = Product(
                **values,
                variants=[
                    ProductVariant(**variant, position=number) for number, variant in enumerate(variants, start=1)
                ],
            )
            session.add(product)
            await session.flush()
            record = await _full(session, product)
        self._emit(ProductChanged(slug=record.slug, change="created", actor=actor))
        return record

    async def change(self, slug: str, change: ProductChange, *, actor: str | None = None) -> ProductRecord:
        """Change what is given. `status="archived"` takes the product out of the shop and keeps it in the books.

        :raises NotFound: no product has this slug.
        :raises Invalid: `fields` names what is wrong.
        :raises Conflict: another product has the new slug.
        """
        values = check_product_change(change)
        async with self._database.write() as session:
            product = await _product(session, slug)
            if values.get("slug", product.slug) != product.slug:
                await _slug_is_free(session, values["slug"])
            archived = values.get("status") == "archived" and product.status != "archived"
            for name, value in values.items():
                setattr(product, name, value)
            await session.flush()
            record = await _full(session, product)
        self._emit(ProductChanged(slug=record.slug, change="archived" if archived else "changed", actor=actor))
        return record

    async def delete(self, slug: str, *, actor: str | None = None) -> None:
        """Remove a product that nobody ever ordered.

        :raises NotFound: no product has this slug.
        :raises Conflict: it was ordered: archive it instead.
        """
        async with self._database.write() as session:
            product = await _product(session, slug)
            if await session.scalar(select(OrderItem.id).where(OrderItem.product_id == product.id).limit(1)):
                raise Conflict(
                    f"{product.title} was ordered before", hint="Archive it: customers no longer see it then."
                )
            # By the database's own cascade: galleries are not loaded here.
            await session.execute(delete(Product).where(Product.id == product.id))
        self._emit(ProductChanged(slug=slug, change="deleted", actor=actor))

    async def add_variant(self, slug: str, new: NewVariant, *, actor: str | None = None) -> VariantRecord:
        """Add a variant, last in order.

        :raises NotFound: no product has this slug.
        :raises Invalid: `fields` names what is wrong.
        :raises Conflict: the SKU is taken.
        """
        values = check_variant(new)
        async with self._database.write() as session:
            product = await _product(session, slug)
            if len(product.variants) >= MAX_VARIANTS:
                raise Invalid(f"A product has at most {MAX_VARIANTS} variants")
            await _skus_are_free(session, [values["sku"]])
            last = max((variant.position for variant in product.variants), default=0)
            variant = ProductVariant(**values, product_id=product.id, position=last + 1)
            session.add(variant)
            await session.flush()
        self._emit(ProductChanged(slug=slug, change="changed", actor=actor))
        return variant_record(variant)

    async def change_variant(self, sku: str, change: VariantChange, *, actor: str | None = None) -> VariantRecord:
        """Change what is given.

        :raises NotFound: no variant has this SKU.
        :raises Invalid: `fields` names what is wrong.
        :raises Conflict: another variant has the new SKU.
        :raises OutOfStock: more is to be taken away than is there.
        """
        values = check_variant_change(change)
        added: int | None = values.pop("stock_change", None)
        async with self._database.write() as session:
            variant, slug = await _variant(session, sku)
            if values.get("sku", sku) != sku:
                await _skus_are_free(session, [values["sku"]])
            for name, value in values.items():
                setattr(variant, name, value)
            if added is not None:
                variant.stock = _new_stock(variant, added)
            await session.flush()
            record = variant_record(variant)
        self._emit(ProductChanged(slug=slug, change="changed", actor=actor))
        return record

    async def delete_variant(self, sku: str, *, actor: str | None = None) -> None:
        """Remove a variant; orders keep their own copy of what was sold. :raises NotFound: no variant has this SKU."""
        async with self._database.write() as session:
            variant, slug = await _variant(session, sku)
            await session.execute(delete(ProductVariant).where(ProductVariant.id == variant.id))
        self._emit(ProductChanged(slug=slug, change="changed", actor=actor))

    async def set_gallery(
        self, slug: str, pictures: Sequence[PictureUse], *, actor: str | None = None
    ) -> ProductRecord:
        """Replace the pictures of a product; the first is its cover.

        :raises NotFound: no product has this slug.
        :raises Invalid: a picture or a variant does not exist, or there are too many.
        """
        uses = check_gallery(list(pictures))
        async with self._database.write() as session:
            product = await _product(session, slug)
            await _check_uses(session, product, uses)
            variants = {variant.sku: variant.id for variant in product.variants}
            await session.execute(delete(ProductImage).where(ProductImage.product_id == product.id))
            session.add_all(
                ProductImage(
                    product_id=product.id,
                    image_id=use.image_id,
                    alt=use.alt,
                    variant_id=variants[use.variant_sku] if use.variant_sku is not None else None,
                    position=position,
                )
                for position, use in enumerate(uses, start=1)
            )
            await session.flush()
            record = await _full(session, product)
        self._emit(ProductChanged(slug=slug, change="changed", actor=actor))
        return record


async def _search(session: AsyncSession, words: list[str]) -> list[int]:
    rows = await session.execute(
        select(Product.id, Product.title, Product.summary, Product.category, Product.description, Product.slug)
    )
    return [number for number, *texts in rows if found_by(words, *texts)]


async def _product(session: AsyncSession, slug: str) -> Product:
    product = await session.scalar(select(Product).where(Product.slug == slug).options(_WITH_VARIANTS))
    if product is None:
        raise NotFound("There is no such product", hint="GET /api/inventory lists them.")
    return product


async def _variant(session: AsyncSession, sku: str) -> tuple[ProductVariant, str]:
    query = select(ProductVariant, Product.slug).join(Product).where(ProductVariant.sku == sku)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no variant {sku[:64]!r}", hint="GET /api/inventory lists them with their products.")
    return row[0], row[1]


async def _full(session: AsyncSession, product: Product) -> ProductRecord:
    galleries = await read_gallery(session, [product.id])
    return product_record(product, galleries[product.id])


async def _slug_is_free(session: AsyncSession, slug: str) -> None:
    if await session.scalar(select(Product.id).where(Product.slug == slug)) is not None:
        raise Conflict(f"Another product has the slug {slug!r}", hint="Choose another slug.", field="slug")


async def _skus_are_free(session: AsyncSession, skus: Sequence[str]) -> None:
    taken = list(await session.scalars(select(ProductVariant.sku).where(ProductVariant.sku.in_(skus))))
    if taken:
        raise Conflict(f"These SKUs are taken: {', '.join(taken)}", hint="Choose others.", field="sku", skus=taken)


async def _check_uses(session: AsyncSession, product: Product, uses: Sequence[PictureUse]) -> None:
    wanted = {use.image_id for use in uses}
    # SQLite has no numbers beyond 64 bits: asking for one would be an error of its own.
    possible = [number for number in wanted if abs(number) < 2**63]
    known = set(await session.scalars(select(Image.id).where(Image.id.in_(possible))))
    skus = {variant.sku for variant in product.variants}
    fields = {
        f"[{index}].image_id": f"There is no picture {use.image_id}."
        for index, use in enumerate(uses)
        if use.image_id not in known
    } | {
        f"[{index}].variant_sku": f"{product.title} has no such variant."
        for index, use in enumerate(uses)
        if use.variant_sku is not None and use.variant_sku not in skus
    }
    if fields:
        raise Invalid("The gallery cannot be kept like this", fields=fields)


def _new_stock(variant: ProductVariant, added: int) -> int:
    stock = variant.stock + added
    if stock < 0:
        lines: list[Any] = [{"sku": variant.sku, "wanted": -added, "left": variant.stock}]
        raise OutOfStock(f"Only {variant.stock} of {variant.sku} are in stock", lines=lines)
    if stock > MAX_STOCK:
        raise Invalid("That is too much stock", fields={"stock_change": f"At most {MAX_STOCK:,} pieces in all."})
    return stock
