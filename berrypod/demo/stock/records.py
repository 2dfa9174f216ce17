"""The demo's data, before it is rows: frozen, and free of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product as combinations
from typing import Literal

OrderStatus = Literal["placed", "paid", "shipped", "cancelled"]


@dataclass(frozen=True)
class Choice:
    """One value of an option: what customers read, what stands in the article number, what it costs more (cents)."""

    value: str
    code: str
    extra_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What can be ordered. ``made`` is how many there ever were; what is left depends on the orders."""

    sku: str
    title: str
    options: Mapping[str, str]
    price_minor: int
    made: int
    position: int


@dataclass(frozen=True, kw_only=True)
class Product:
    """One of the goods, and how its variants follow from its options.

    ``made`` is the usual number per variant; ``runs`` gives others by article number, or by the beginning of one.
    """

    slug: str
    title: str
    category: str
    summary: str
    description: str
    sku: str
    price_minor: int
    options: Mapping[str, tuple[Choice, ...]]
    made: int
    runs: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All combinations of the options, in the order in which they are listed."""
        return tuple(
            self._variant(position, choices) for position, choices in enumerate(combinations(*self.options.values()))
        )

    def _variant(self, position: int, choices: tuple[Choice, ...]) -> Variant:
        sku = "-".join((self.sku, *(choice.code for choice in choices)))
        return Variant(
            sku=sku,
            title=", ".join(choice.value for choice in choices),
            options=dict(zip(self.options, (choice.value for choice in choices), strict=True)),
            price_minor=self.price_minor + sum(choice.extra_minor for choice in choices),
            made=self._made(sku, position),
            position=position,
        )

    def _made(self, sku: str, position: int) -> int:
        beginnings = [beginning for beginning in self.runs if sku.startswith(beginning)]
        if beginnings:
            return self.runs[max(beginnings, key=len)]
        # Nobody ever has exactly as many of everything.
        return self.made + (position * 7 + len(self.slug) * 3) % 9


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody who never lived, with an address that nobody has."""

    name: str
    email: str
    address_line1: str
    postcode: str
    city: str
    country: str
    address_line2: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One article of an order, with title and price as they were sold."""

    product_slug: str
    title: str
    variant: Variant
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order with its lines."""

    number: str
    status: OrderStatus
    customer: Customer
    note: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]

    @property
    def total_minor(self) -> int:
        """Sum of all lines, in cents."""
        return sum(line.quantity * line.variant.price_minor for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A reader of the newsletter; one who left has a time of leaving."""

    email: str
    subscribed_at: datetime
    unsubscribed_at: datetime | None = None
