"""What a customer's basket comes to today: titles and prices of the catalogue, and what is no longer there.

A basket is only a wish, kept by the customer: article numbers and quantities. Nothing is reserved; the order takes
the stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from sqlcipher3 import dbapi2

from berrypod.shop.catalogue_records import PictureRef
from berrypod.shop.order_records import MAX_QUANTITY
from berrypod.shop.picture_records import picture_url
from berrypod.shop.settings import read_currency
from berrypod.shop.variant_pictures import best_picture
from berrypod.storage.database import Database

# ok: as wished; fewer: less is left than was wished for; sold_out: none is left; gone: no longer sold at all.
LineState = Literal["ok", "fewer", "sold_out", "gone"]

_OFFERS: Final = """
    SELECT v.sku, v.title, v.options, v.price_minor, v.stock, p.id, p.slug, p.title, p.status
    FROM product_variants AS v JOIN products AS p ON p.id = v.product_id
    WHERE v.sku IN (SELECT value FROM json_each(?))
"""

_PICTURES: Final = """
    SELECT g.product_id, v.options, i.id, i.sha256, coalesce(nullif(g.alt, ''), i.alt), i.width, i.height
    FROM product_images AS g
    JOIN images AS i ON i.id = g.image_id LEFT JOIN product_variants AS v ON v.id = g.variant_id
    WHERE g.product_id IN (SELECT value FROM json_each(?)) ORDER BY g.position, g.id
"""

_Gallery = list[tuple[dict[str, str] | None, PictureRef]]


class BasketLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` can be had now, and is what the line costs; `wanted` is what the customer wished for.

    `slug` is None, and `title` empty, for what is gone without a trace. `most`: pieces that can be had at all.
    """

    sku: str
    wanted: int
    state: LineState
    quantity: int = 0
    most: int = 0
    slug: str | None = None
    title: str = ""
    variant_title: str = ""
    unit_price_minor: int = 0
    picture: PictureRef | None = None

    @property
    def name(self) -> str:
        """Product and variant in one line: `Raspberry Jam, 250 g`."""
        if not self.title:
            return f"Article {self.sku}"
        return f"{self.title}, {self.variant_title}" if self.variant_title else self.title

    @property
    def available(self) -> bool:
        return self.quantity > 0

    @property
    def sum_minor(self) -> int:
        return self.quantity * self.unit_price_minor


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """The lines in the order in which they were put in. Sums count what can be had, in minor units of `currency`."""

    currency: str
    lines: list[BasketLine]

    @property
    def total_minor(self) -> int:
        return sum(line.sum_minor for line in self.lines)

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def ready(self) -> bool:
        """It can be ordered as it is: there is something in it, and nothing to tell the customer first."""
        return bool(self.lines) and all(line.state == "ok" for line in self.lines)


class Baskets:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def look_up(self, wanted: Mapping[str, int]) -> Basket:
        """Price a basket: quantities (1 or more) by article number. Nothing is dropped: lines say how they stand."""
        return await self._database.fetch(lambda connection: _look_up(connection, wanted))


def _look_up(connection: dbapi2.Connection, wanted: Mapping[str, int]) -> Basket:
    rows = {row[0]: row[1:] for row in connection.execute(_OFFERS, (_json(wanted),))}
    galleries = _galleries(connection, {row[4] for row in rows.values()})
    return Basket(
        currency=read_currency(connection),
        lines=[_line(sku, quantity, rows.get(sku), galleries) for sku, quantity in wanted.items()],
    )


def _galleries(connection: dbapi2.Connection, products: Iterable[int]) -> dict[int, _Gallery]:
    found: dict[int, _Gallery] = {}
    for product, options, number, sha256, alt, width, height in connection.execute(_PICTURES, (_json(products),)):
        picture = PictureRef(id=number, url=picture_url(number, sha256), alt=alt, width=width, height=height)
        found.setdefault(product, []).append((None if options is None else _options(options), picture))
    return found


def _line(sku: str, wanted: int, row: tuple[Any, ...] | None, galleries: Mapping[int, _Gallery]) -> BasketLine:
    if row is None:
        return BasketLine(sku=sku, wanted=wanted, state="gone")
    variant_title, options, price, stock, product, slug, title, status = row
    for_sale = status == "active"
    most = min(stock, MAX_QUANTITY) if for_sale else 0
    quantity = min(wanted, most)
    return BasketLine(
        sku=sku,
        wanted=wanted,
        state=_state(wanted, quantity, for_sale=for_sale),
        quantity=quantity,
        most=most,
        slug=slug if for_sale else None,
        title=title,
        variant_title=variant_title,
        unit_price_minor=price,
        picture=best_picture(_options(options), galleries.get(product, ())),
    )


def _state(wanted: int, quantity: int, *, for_sale: bool) -> LineState:
    if not for_sale:
        return "gone"
    if quantity == 0:
        return "sold_out"
    return "ok" if quantity == wanted else "fewer"


def _options(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str], strict=False)


def _json(values: Iterable[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()
