"""A shop with something of everything: one variant and many, few and none left, and pictures."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from PIL import Image

from berrypod.app import create_app
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant, PictureUse
from berrypod.shop.settings import store
from berrypod.storage.database import Database
from tests.web.storefront.browser import Browser

ADDRESS: Mapping[str, str] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "address_line1": "12 St James's Square",
    "postcode": "SW1Y 4LB",
    "city": "London",
    "country": "United Kingdom",
}

SHIRT = [("Plum", "S", 3), ("Plum", "M", 0), ("Cream", "S", 8), ("Cream", "M", 20)]

PRODUCTS = (
    NewProduct(
        title="Raspberry Jam",
        summary="Whole berries, little sugar.",
        description="Picked in July.\n\nCooked the same day.",
        category="Pantry",
        status="active",
        position=1,
        variants=[
            NewVariant(sku="JAM-S", title="250 g", options={"Size": "250 g"}, price_minor=450, stock=12),
            NewVariant(sku="JAM-L", title="450 g", options={"Size": "450 g"}, price_minor=790, stock=5),
        ],
    ),
    NewProduct(
        title="Sprig Shirt",
        category="Clothes",
        status="active",
        position=2,
        variants=[
            NewVariant(
                sku=f"SHIRT-{colour[0]}{size}",
                title=f"{colour} / {size}",
                options={"Colour": colour, "Size": size},
                price_minor=2900,
                stock=stock,
            )
            for colour, size, stock in SHIRT
        ],
    ),
    NewProduct(
        title="Plum Bowl",
        category="Table",
        status="active",
        position=3,
        variants=[NewVariant(sku="BOWL", price_minor=2400, stock=1)],
    ),
    NewProduct(
        title="Punnet of Stickers",
        category="Paper",
        status="active",
        position=4,
        variants=[NewVariant(sku="STICKERS", price_minor=450, stock=0)],
    ),
    NewProduct(title="Secret Candle", variants=[NewVariant(sku="CANDLE", price_minor=900, stock=9)]),
)


@pytest.fixture(scope="session")
def wired_app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """The whole app, without plugins. Wiring it takes a second, so it is done once; see `app`."""
    settings = Settings(environment="test", database_path=tmp_path_factory.mktemp("storefront") / "shop.db")
    return create_app(settings, Plugins(settings, []))


@pytest.fixture
async def app(wired_app: Litestar, empty_shop_file: Path) -> AsyncIterator[Litestar]:
    """The app on an empty shop of this test's own, its file open."""
    database: Database = wired_app.state["parts"].database
    for leftover in database.path.parent.glob("shop.db*"):
        if leftover.is_file():
            leftover.unlink()
    shutil.copyfile(empty_shop_file, database.path)
    await database.open()
    yield wired_app
    await database.close()


@pytest.fixture
def empty_shop(app: Litestar) -> Shop:
    return app.state["parts"].shop


@pytest.fixture
async def shop(empty_shop: Shop) -> Shop:
    await fill(empty_shop)
    return empty_shop


async def fill(shop: Shop) -> None:
    """Put `PRODUCTS` and their pictures into an empty shop."""
    for product in PRODUCTS:
        await shop.inventory.create(product)
    pictures = [await shop.pictures.add(_picture(colour), alt=colour) for colour in ("red", "purple", "beige")]
    numbers = [added.picture.id for added in pictures]
    await shop.inventory.set_gallery("raspberry-jam", [PictureUse(image_id=numbers[0], alt="A jar")])
    gallery = [
        PictureUse(image_id=numbers[2], alt="Cream", variant_sku="SHIRT-CS"),
        PictureUse(image_id=numbers[1], alt="Plum", variant_sku="SHIRT-PS"),
    ]
    await shop.inventory.set_gallery("sprig-shirt", gallery)


@pytest.fixture
def database_writer(app: Litestar) -> Callable[[str, Any], Awaitable[None]]:
    """Writes a setting past all checks."""
    database: Database = app.state["parts"].database

    async def write(key: str, value: Any) -> None:
        async with database.write() as session:
            await store(session, key, value)

    return write


@pytest.fixture
def new_browser(app: Litestar) -> Callable[[], Browser]:
    """Each call is another visitor."""
    return lambda: Browser(app)


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


def _picture(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 50), colour).save(out, "PNG")
    return out.getvalue()


async def order(browser: Browser, **changed: Any) -> None:
    """From a filled basket to the page that the order form leads to."""
    await browser.open("/checkout")
    await browser.send("/checkout", **{**ADDRESS, **changed})
