"""The demo in a database: every row, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from sqlcipher3 import dbapi2

from berrypod.demo import fill, filling
from berrypod.demo.data import demo_shop
from berrypod.demo.pictures import Picture
from berrypod.errors import Conflict
from berrypod.storage.database import Database
from tests.demo.conftest import NOW, FilledShop

_ROWS = {
    "products": 16,
    "product_variants": 142,
    "product_images": 89,
    "images": 156,
    "orders": 23,
    "settings": 42,
    "newsletter_subscribers": 89,
}


@pytest.fixture
async def shop(filled: FilledShop) -> AsyncIterator[Database]:
    database = Database(filled.settings)
    await database.open()
    yield database
    await database.close()


async def _rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    def read(connection: dbapi2.Connection) -> list[tuple[object, ...]]:
        return connection.execute(statement).fetchall()

    return await database.fetch(read)


@pytest.mark.parametrize(("table", "rows"), _ROWS.items())
async def test_each_table_holds_what_was_promised(shop: Database, table: str, rows: int) -> None:
    assert await _rows(shop, f"SELECT count(*) FROM {table}") == [(rows,)]


async def test_the_counts_are_those_of_the_tables(shop: Database, filled: FilledShop) -> None:
    (size,) = (await _rows(shop, "SELECT sum(size_bytes), sum(length(data)) FROM images"))[0:1]
    (items,) = (await _rows(shop, "SELECT count(*) FROM order_items"))[0]
    assert asdict(filled.counts) == {
        "products": 16,
        "variants": 142,
        "product_images": 89,
        "images": 156,
        "image_bytes": size[0],
        "orders": 23,
        "order_items": items,
        "settings": 42,
        "subscribers": 89,
    }
    assert size[0] == size[1]


async def test_progress_goes_up_to_the_end(filled: FilledShop) -> None:
    assert filled.shares == sorted(filled.shares)
    assert filled.shares[0] < 0.05
    assert filled.shares[-1] == 1.0


async def test_pictures_are_named_by_their_digest(shop: Database) -> None:
    rows = await _rows(shop, "SELECT sha256, data FROM images")
    assert all(isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == digest for digest, data in rows)


async def test_pictures_of_a_colour_belong_to_a_variant_of_it(shop: Database) -> None:
    rows = await _rows(
        shop,
        "SELECT filename, options FROM product_images"
        " JOIN images ON images.id = image_id JOIN product_variants ON product_variants.id = variant_id",
    )
    fronts = {str(filename): json.loads(str(options)) for filename, options in rows}
    # All swatches but those of the stickers and the gift card, which come in one colour.
    assert len(fronts) == 40
    assert fronts["raspberry-sprig-t-shirt-plum.jpg"]["Colour"] == "Plum"
    assert fronts["evening-hedge-candle-bramble-dusk.jpg"]["Scent"] == "Bramble & Dusk"


async def test_orders_and_stock_agree(shop: Database) -> None:
    """What is in the tables adds up: sums of orders, and what was made less what was sold."""
    totals = await _rows(
        shop,
        "SELECT number FROM orders JOIN order_items ON order_id = orders.id"
        " GROUP BY orders.id HAVING sum(quantity * unit_price_minor) != total_minor OR currency != 'EUR'",
    )
    assert totals == []
    made = {variant.sku: variant.made for product in demo_shop(NOW).products for variant in product.variants}
    rows = await _rows(
        shop,
        "SELECT product_variants.sku, stock, coalesce(sum(quantity) FILTER (WHERE status != 'cancelled'), 0)"
        " FROM product_variants LEFT JOIN order_items ON variant_id = product_variants.id"
        " LEFT JOIN orders ON orders.id = order_id GROUP BY product_variants.id",
    )
    assert {str(sku): int(str(stock)) + int(str(sold)) for sku, stock, sold in rows} == made


async def test_settings_name_pictures_that_are_there(shop: Database) -> None:
    """The logo, the banners, a cover for each product and a swatch for each colour."""
    values = {
        str(key): json.loads(str(value))
        for key, value in await _rows(shop, "SELECT key, value FROM settings WHERE key LIKE 'storefront.%'")
    }
    filenames = {int(str(number)): str(name) for number, name in await _rows(shop, "SELECT id, filename FROM images")}
    assert filenames[values["storefront.logo"]] == "logo.png"
    assert filenames[values["storefront.covers"]["gift-card"]] == "cover-gift-card.jpg"
    assert filenames[values["storefront.swatches"]["pip-socks"]["Plum"]] == "swatch-pip-socks-plum.jpg"
    banners = {place: filenames[number] for place, number in values["storefront.banners"].items()}
    assert next(iter(banners.items())) == ("stall", "banner-stall.jpg")
    assert {product.category.lower() for product in demo_shop(NOW).products} | {"letters", "parcels"} <= set(banners)
    assert len(values["storefront.covers"]) == 16
    assert sum(len(swatches) for swatches in values["storefront.swatches"].values()) == 42


async def test_codes_for_leaving_the_newsletter_are_secret(shop: Database) -> None:
    """Drawn at random, unlike all the rest: a code from the seed would be known to everybody."""
    tokens = [str(token) for (token,) in await _rows(shop, "SELECT token FROM newsletter_subscribers")]
    assert len(set(tokens)) == 89
    assert min(map(len, tokens)) >= 32


async def test_a_shop_with_products_is_left_alone(shop: Database) -> None:
    with pytest.raises(Conflict, match="has products already"):
        await fill(shop, now=datetime.now(UTC))


async def test_a_fill_that_breaks_off_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are written in one transaction."""

    async def scribble(names: Iterable[str], *, told: Callable[[Picture], object], pixels: float) -> None:
        for name in names:
            told(
                Picture(name=name, filename=name, media_type="image/png", alt="", width=1, height=1, data=name.encode())
            )

    def no_more_chance(_bytes: int) -> str:
        raise OSError("no entropy")

    monkeypatch.setattr(filling, "paint", scribble)
    monkeypatch.setattr(filling.secrets, "token_urlsafe", no_more_chance)
    with pytest.raises(OSError, match="no entropy"):
        await fill(database, now=NOW)
    assert await _rows(database, "SELECT (SELECT count(*) FROM images) + (SELECT count(*) FROM products)") == [(0,)]
