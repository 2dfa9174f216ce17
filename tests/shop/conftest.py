"""A shop with a few things in it, and pictures made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from berrypod.events import Event
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage.database import Database


@pytest.fixture
def events() -> list[Event]:
    """What the shop told its observers, in order."""
    return []


@pytest.fixture
def shop(database: Database, events: list[Event]) -> Shop:
    return Shop(database, emit=events.append)


@pytest.fixture
async def stocked(shop: Shop, events: list[Event]) -> Shop:
    """Jam in two sizes (12 small, 5 large), one bowl, and a draft."""
    for product in (
        NewProduct(
            title="Raspberry Jam",
            summary="Whole berries.",
            category="Pantry",
            status="active",
            position=1,
            variants=[
                NewVariant(sku="JAM-S", title="Small", options={"Size": "S"}, price_minor=450, stock=12),
                NewVariant(sku="JAM-L", title="Large", options={"Size": "L"}, price_minor=790, stock=5),
            ],
        ),
        NewProduct(
            title="Plum Bowl",
            description="Turned by hand.\n\nGlazed in ÅRHUS.",
            category="Table",
            status="active",
            position=2,
            variants=[NewVariant(sku="BOWL", price_minor=2400, stock=1)],
        ),
        NewProduct(title="Secret Candle", category="Table", variants=[NewVariant(sku="CANDLE", price_minor=900, stock=9)]),
    ):
        await shop.inventory.create(product)
    events.clear()
    return shop


def picture_bytes(kind: str = "PNG", size: tuple[int, int] = (8, 6), colour: str = "plum", **options: object) -> bytes:
    """A picture of one colour."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    return picture_bytes
