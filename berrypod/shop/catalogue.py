"""What customers may see of the catalogue.

Every read is one hop to a thread: nothing in the shop is asked for more often.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import msgspec
from sqlcipher3 import dbapi2

from berrypod.errors import NotFound
from berrypod.shop.catalogue_records import (
    FEW_LEFT,
    CategoryCount,
    PictureRef,
    ProductDetail,
    ProductFilter,
    ProductSummary,
    VariantOffer,
)
from berrypod.shop.checking import Checks
from berrypod.shop.paging import Page, PageRequest
from berrypod.shop.picture_records import picture_url
from berrypod.shop.settings import read_currency
from berrypod.storage.database import Database

MAX_SEARCH: Final = 100

# `:ids` is a JSON list of the products that a search found, or null without one.
_LIST: Final = """
    SELECT p.slug, p.title, p.summary, p.category,
           min(v.price_minor), max(v.price_minor), max(v.stock), count(v.id),
           i.id, i.sha256, coalesce(nullif(g.alt, ''), i.alt), i.width, i.height
    FROM (SELECT id, slug, title, summary, category, position FROM products
          WHERE status = 'active'
            AND (:category IS NULL OR category = :category)
            AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
            AND (:in_stock = 0 OR EXISTS (SELECT 1 FROM product_variants WHERE product_id = products.id AND stock > 0))
          ORDER BY position, id LIMIT :limit OFFSET :offset) AS p
    LEFT JOIN product_variants AS v ON v.product_id = p.id
    LEFT JOIN product_images AS g
      ON g.id = (SELECT id FROM product_images WHERE product_id = p.id ORDER BY position, id LIMIT 1)
    LEFT JOIN images AS i ON i.id = g.image_id
    GROUP BY p.id ORDER BY p.position, p.id
"""

_COUNT: Final = """
    SELECT count(*) FROM products
    WHERE status = 'active'
      AND (:category IS NULL OR category = :category)
      AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
      AND (:in_stock = 0 OR EXISTS (SELECT 1 FROM product_variants WHERE product_id = products.id AND stock > 0))
"""

_PRODUCT: Final = """
    SELECT id, slug, title, summary, description, category FROM products WHERE slug = ? AND status = 'active'
"""

_VARIANTS: Final = """
    SELECT sku, title, options, price_minor, stock FROM product_variants WHERE product_id = ? ORDER BY position, id
"""

_PICTURES: Final = """
    SELECT i.id, i.sha256, coalesce(nullif(g.alt, ''), i.alt), i.width, i.height, v.sku
    FROM product_images AS g
    JOIN images AS i ON i.id = g.image_id
    LEFT JOIN product_variants AS v ON v.id = g.variant_id
    WHERE g.product_id = ? ORDER BY g.position, g.id
"""

_CATEGORIES: Final = """
    SELECT category, count(*) FROM products WHERE status = 'active' AND category <> ''
    GROUP BY category ORDER BY min(position), category
"""

_SEARCHED: Final = "SELECT id, title, summary, category, description FROM products WHERE status = 'active'"


class Catalogue:
    """The active products. Drafts and archived ones do not exist here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def products(
        self, wanted: ProductFilter | None = None, page: PageRequest | None = None
    ) -> Page[ProductSummary]:
        """A page of the catalogue in the shop's order.

        :raises Invalid: the search is longer than 100 characters.
        """
        wanted, page = wanted or ProductFilter(), page or PageRequest()
        words = search_words(wanted.q)
        return await self._database.fetch(lambda connection: _list(connection, wanted, words, page))

    async def product(self, slug: str) -> ProductDetail:
        """:raises NotFound: no active product has this slug."""
        product = await self._database.fetch(lambda connection: _detail(connection, slug))
        if product is None:
            raise NotFound("There is no such product", hint="It may be sold no longer; see what else there is.")
        return product

    async def categories(self) -> list[CategoryCount]:
        """The categories with products for sale, in the shop's order."""
        rows = await self._database.fetch(lambda connection: connection.execute(_CATEGORIES).fetchall())
        return [CategoryCount(name=name, products=count) for name, count in rows]


def search_words(text: str | None) -> list[str]:
    """The words of a search, folded; none for None.

    :raises Invalid: it is longer than 100 characters, or cannot be text.
    """
    if text is None:
        return []
    checks = Checks()
    cleaned = checks.text("q", text, longest=MAX_SEARCH, required=False)
    checks.done("That search is not possible")
    return fold(cleaned).split()


def fold(text: str) -> str:
    """For comparing without regard to case, in any script: SQLite's own LIKE folds ASCII alone."""
    return unicodedata.normalize("NFKC", text).casefold()


def found_by(words: list[str], *texts: str) -> bool:
    """All of the words occur somewhere in the texts."""
    text = fold("\n".join(texts))
    return all(word in text for word in words)


def _list(
    connection: dbapi2.Connection, wanted: ProductFilter, words: list[str], page: PageRequest
) -> Page[ProductSummary]:
    values: dict[str, Any] = {
        "category": wanted.category,
        "in_stock": int(wanted.in_stock),
        "ids": _search(connection, words) if words else None,
        "limit": page.page_size,
        "offset": page.offset,
    }
    currency = read_currency(connection)
    return Page(
        items=[_summary(row, currency) for row in connection.execute(_LIST, values)],
        page=page.page,
        page_size=page.page_size,
        total=connection.execute(_COUNT, values).fetchone()[0],
    )


def _search(connection: dbapi2.Connection, words: list[str]) -> str:
    found = [number for number, *texts in connection.execute(_SEARCHED) if found_by(words, *texts)]
    return msgspec.json.encode(found).decode()


def _summary(row: tuple[Any, ...], currency: str) -> ProductSummary:
    slug, title, summary, category, low, high, most, count, *cover = row
    return ProductSummary(
        slug=slug,
        title=title,
        summary=summary,
        category=category,
        currency=currency,
        price_from_minor=low,
        price_to_minor=high,
        in_stock=bool(most),
        variant_count=count,
        cover=_picture((*cover, None)) if cover[0] is not None else None,
    )


def _detail(connection: dbapi2.Connection, slug: str) -> ProductDetail | None:
    row = connection.execute(_PRODUCT, (slug,)).fetchone()
    if row is None:
        return None
    number, slug, title, summary, description, category = row
    variants = [_variant(row) for row in connection.execute(_VARIANTS, (number,))]
    prices = [variant.price_minor for variant in variants]
    return ProductDetail(
        slug=slug,
        title=title,
        summary=summary,
        description=description,
        category=category,
        currency=read_currency(connection),
        price_from_minor=min(prices, default=None),
        price_to_minor=max(prices, default=None),
        in_stock=any(variant.in_stock for variant in variants),
        variants=variants,
        pictures=[_picture(row) for row in connection.execute(_PICTURES, (number,))],
    )


def _variant(row: tuple[Any, ...]) -> VariantOffer:
    sku, title, options, price, stock = row
    return VariantOffer(
        sku=sku,
        title=title,
        options=msgspec.json.decode(options, type=dict[str, str], strict=False),
        price_minor=price,
        in_stock=stock > 0,
        left=stock if stock < FEW_LEFT else None,
    )


def _picture(row: tuple[Any, ...]) -> PictureRef:
    number, sha256, alt, width, height, sku = row
    return PictureRef(id=number, url=picture_url(number, sha256), alt=alt, width=width, height=height, variant_sku=sku)
