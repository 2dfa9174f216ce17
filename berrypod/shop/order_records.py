"""Orders, as they are placed and as they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from berrypod.shop.catalogue_records import Currency, Sku
from berrypod.shop.fields import described

MAX_LINES: Final = 50
MAX_QUANTITY: Final = 999

OrderStatus = Literal["placed", "paid", "shipped", "cancelled"]

Number = Annotated[str, described("Order number, easy to read out", "K7QM-2XWD")]
Status = Annotated[OrderStatus, described("Where the order is", "placed")]
TotalMinor = Annotated[int, described("Sum of the order in minor units (cents)", 2070)]
Email = Annotated[
    str, described("Where the confirmation and the invoice go", "ada@example.com", min_length=1, max_length=254)
]
Name = Annotated[str, described("Who gets the parcel", "Ada Lovelace", min_length=1, max_length=120)]
Line1 = Annotated[str, described("Street and number", "12 St James's Square", min_length=1, max_length=160)]
Line2 = Annotated[str, described("Flat, company, care of", "2nd floor", max_length=160)]
Postcode = Annotated[str, described("Postal code", "SW1Y 4LB", min_length=1, max_length=20)]
City = Annotated[str, described("City", "London", min_length=1, max_length=100)]
Country = Annotated[str, described("Country", "United Kingdom", min_length=1, max_length=80)]
Note = Annotated[str, described("A word to the shop", "Please ring twice.", max_length=1_000)]
Quantity = Annotated[int, described("Pieces", 3, minimum=1, maximum=MAX_QUANTITY)]


class OrderLine(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """So many of one variant."""

    sku: Sku
    quantity: Quantity = 1


class OrderRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An order to be placed. What is left out counts as empty, and is refused by name where it is needed."""

    email: Email = ""
    name: Name = ""
    address_line1: Line1 = ""
    address_line2: Line2 = ""
    postcode: Postcode = ""
    city: City = ""
    country: Country = ""
    note: Note = ""
    lines: Annotated[list[OrderLine], described("What is ordered", min_items=1, max_items=MAX_LINES)] = []
    expected_total_minor: Annotated[
        int | None, described("The sum that the customer saw; when it is no longer right, nothing is ordered", 2070)
    ] = None


class OrderItemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold, with the title and the price of that day."""

    sku: Sku
    title: Annotated[str, described("Name of the product", "Raspberry Jam")]
    variant_title: Annotated[str, described("Name of the variant", "250 g")]
    quantity: Annotated[int, described("Pieces", 3)]
    unit_price_minor: Annotated[int, described("Price of one piece, minor units", 690)]

    @property
    def sum_minor(self) -> int:
        return self.quantity * self.unit_price_minor


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its items."""

    number: Number
    status: Status
    email: Email
    name: Name
    address_line1: Line1
    address_line2: Line2
    postcode: Postcode
    city: City
    country: Country
    note: Note
    currency: Currency
    total_minor: TotalMinor
    placed_at: datetime
    items: list[OrderItemRecord]


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list."""

    number: Number
    status: Status
    email: Email
    name: Name
    currency: Currency
    total_minor: TotalMinor
    item_count: Annotated[int, described("Pieces, not lines", 3)]
    placed_at: datetime


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    status: OrderStatus | None = None
    email: str | None = None
    placed_after: datetime | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """`repeated`: the same order had been placed before under this idempotency key, and nothing was done."""

    order: OrderRecord
    repeated: bool
