"""What the tests of the shop sell: jam in two sizes (12 small, 5 large), one bowl, and a draft."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.shop.order_records import OrderLine, OrderRequest


async def stock_shop(shop: Shop) -> None:
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
        NewProduct(
            title="Secret Candle", category="Table", variants=[NewVariant(sku="CANDLE", price_minor=900, stock=9)]
        ),
    ):
        await shop.inventory.create(product)


def order(*lines: tuple[str, int], **changes: Any) -> OrderRequest:
    """An order of so many of each article, complete unless `changes` say otherwise."""
    values: dict[str, Any] = {
        "email": "Ada@Example.com",
        "name": "Ada Lovelace",
        "address_line1": "12 St James's Square",
        "postcode": "SW1Y 4LB",
        "city": "London",
        "country": "United Kingdom",
        "lines": [OrderLine(sku=sku, quantity=quantity) for sku, quantity in lines],
    }
    return OrderRequest(**values | changes)


async def stock_of(shop: Shop, sku: str) -> int:
    for product in (await shop.inventory.list()).items:
        for variant in product.variants:
            if variant.sku == sku:
                return variant.stock
    raise AssertionError(f"there is no {sku}")


def picture_bytes(kind: str = "PNG", size: tuple[int, int] = (8, 6), colour: str = "plum", **options: Any) -> bytes:
    """A picture of one colour."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()
