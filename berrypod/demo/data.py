"""The demo shop as data: what is sold, who ordered it, who reads the letter. No pictures, no database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from berrypod.demo.stock.goods import GOODS
from berrypod.demo.stock.orders import orders
from berrypod.demo.stock.people import subscribers
from berrypod.demo.stock.records import Order, Product, Subscriber
from berrypod.demo.stock.settings import SETTINGS


@dataclass(frozen=True, kw_only=True)
class DemoShop:
    """All of it, at one moment. ``stock`` is what is left of each article number after the orders."""

    products: tuple[Product, ...]
    orders: tuple[Order, ...]
    subscribers: tuple[Subscriber, ...]
    settings: Mapping[str, Any]
    stock: Mapping[str, int]


def demo_shop(now: datetime) -> DemoShop:
    """The demo shop as it stands at ``now``: the same each time, but for the dates.

    :raises ValueError: more was ordered than made: the data is wrong.
    """
    placed = orders(now)
    return DemoShop(
        products=GOODS,
        orders=placed,
        subscribers=subscribers(now),
        settings=SETTINGS,
        stock=_left(placed),
    )


def _left(placed: tuple[Order, ...]) -> Mapping[str, int]:
    # Cancelled orders gave their goods back.
    sold = Counter[str]()
    for order in placed:
        if order.status != "cancelled":
            sold.update({line.variant.sku: line.quantity for line in order.lines})
    left = {variant.sku: variant.made - sold[variant.sku] for product in GOODS for variant in product.variants}
    short = [sku for sku, count in left.items() if count < 0]
    if short:
        raise ValueError(f"more ordered than made: {', '.join(short)}")
    return left
