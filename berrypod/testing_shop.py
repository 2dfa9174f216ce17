"""A small shop for tests of plugins: two products with three variants, two orders, two readers of the newsletter.

What is in it is told in docs/hooks.md: authors' tests rely on it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from berrypod.storage.models import (
    Base,
    NewsletterSubscriber,
    Order,
    OrderItem,
    Product,
    ProductVariant,
    Setting,
)
from berrypod.testing_calls import opened, run

_NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def create_sample_shop(path: Path, key: Secret | None = None) -> None:
    """Create the shop at `path`, encrypted if there is a key."""
    schema.create(path, key)
    run(_fill(Database(Settings(environment="test", database_path=path, secret_key_db=key))))


async def _fill(database: Database) -> None:
    async with opened(database), database.write() as session:
        session.add_all([*_catalogue(), *_settings(), *_subscribers()])
        await session.flush()
        session.add_all(_orders())


def _catalogue() -> list[Base]:
    jam = Product(slug="raspberry-jam", title="Raspberry jam", category="Pantry", status="active", position=1)
    jam.variants = [
        ProductVariant(sku="JAM-S", title="Small", options={"Size": "S"}, price_minor=450, stock=12, position=1),
        ProductVariant(sku="JAM-L", title="Large", options={"Size": "L"}, price_minor=790, stock=0, position=2),
    ]
    bowl = Product(slug="plum-bowl", title="Plum bowl", category="Table", status="active", position=2)
    bowl.variants = [ProductVariant(sku="BOWL", price_minor=2400, stock=3, position=1)]
    return [jam, bowl]


def _settings() -> list[Setting]:
    values = {"shop.name": "Berry & Plum", "shop.currency": "EUR"}
    return [Setting(key=key, value=value, updated_at=_NOON) for key, value in values.items()]


def _subscribers() -> list[Base]:
    return [
        NewsletterSubscriber(email="ada@example.org", token=uuid4().hex, subscribed_at=_NOON),
        NewsletterSubscriber(
            email="ben@example.org",
            token=uuid4().hex,
            status="unsubscribed",
            subscribed_at=_NOON,
            unsubscribed_at=_NOON,
        ),
    ]


def _orders() -> list[Base]:
    jam = OrderItem(title="Raspberry jam", variant_title="Small", sku="JAM-S", quantity=2, unit_price_minor=450)
    bowl = OrderItem(title="Plum bowl", sku="BOWL", quantity=1, unit_price_minor=2400)
    ada = Order(number="K7QM-2XWD", status="paid", email="ada@example.org", name="Ada", total_minor=900)
    ben = Order(number="T3RV-9HCL", email="ben@example.org", name="Ben, of the mill", total_minor=2400)
    for order, item in ((ada, jam), (ben, bowl)):
        order.items = [item]
        order.currency = "EUR"
        order.address_line1, order.postcode, order.city, order.country = "1 Orchard Lane", "12345", "Plumstead", "GB"
        order.placed_at = _NOON
    return [ada, ben]
