"""Placing an order: the form checked in full, then all of it or nothing in one write transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.errors import BerrypodError, Conflict, Invalid, OrdersClosed, OutOfStock, PriceChanged
from berrypod.shop.checking import Checks
from berrypod.shop.order_numbers import draw_number
from berrypod.shop.order_records import MAX_LINES, MAX_QUANTITY, OrderLine, OrderRequest
from berrypod.storage.models import Order, OrderItem, Product, ProductVariant

_DRAWS: Final = 20

_LENGTHS: Final[Mapping[str, int]] = {
    "name": 120,
    "address_line1": 160,
    "postcode": 20,
    "city": 100,
    "country": 80,
}


class _Offer(msgspec.Struct, frozen=True):
    """A variant as it can be ordered now."""

    id: int
    sku: str
    variant_title: str
    price_minor: int
    stock: int
    product_id: int
    title: str


class Terms(msgspec.Struct, frozen=True):
    """On what terms the shop takes orders at present."""

    currency: str
    open: bool
    closed_message: str
    countries: Sequence[str]


def check_request(request: OrderRequest) -> OrderRequest:
    """The request cleaned: white space trimmed, e-mail in lower case, lines of one SKU joined.

    :raises Invalid: `fields` names everything that is wrong; lines as `lines[0].quantity`.
    """
    checks = Checks()
    values: dict[str, Any] = {
        name: checks.text(name, getattr(request, name), longest=longest) for name, longest in _LENGTHS.items()
    }
    cleaned = OrderRequest(
        **values,
        email=checks.email("email", request.email),
        address_line2=checks.text("address_line2", request.address_line2, longest=160, required=False),
        note=checks.text("note", request.note, longest=1_000, required=False, lines=True),
        lines=_check_lines(checks, request.lines),
        expected_total_minor=request.expected_total_minor,
    )
    checks.done("The order is not complete yet")
    return cleaned


def _check_lines(checks: Checks, lines: Sequence[OrderLine]) -> list[OrderLine]:
    if not lines:
        checks.refuse("lines", "There is nothing in the basket.")
    elif len(lines) > MAX_LINES:
        checks.refuse("lines", f"At most {MAX_LINES} different articles an order.")
        return []
    quantities: dict[str, int] = {}
    for index, line in enumerate(lines):
        sku = checks.text(f"lines[{index}].sku", line.sku, longest=64)
        quantity = checks.number(f"lines[{index}].quantity", line.quantity, least=1, most=MAX_QUANTITY)
        quantities[sku] = checks.number(
            f"lines[{index}].quantity", quantities.get(sku, 0) + quantity, least=1, most=MAX_QUANTITY
        )
    return [OrderLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items()]


def digest_of(request: OrderRequest) -> str:
    """SHA-256 (hex) of what a cleaned request asks for."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()


async def place_in(
    session: AsyncSession, request: OrderRequest, terms: Terms, *, idempotency_key: str | None, digest: str
) -> Order:
    """Take the stock and keep the order, with its items loaded.

    `session` is a write transaction; an error leaves it to be rolled back.

    :raises OrdersClosed: the shop takes no orders at present.
    :raises Invalid: an article is not for sale, or the country is not shipped to.
    :raises OutOfStock: fewer are left than asked for; `lines` lists all such lines.
    :raises PriceChanged: the sum is not the expected one.
    """
    if not terms.open:
        raise OrdersClosed(terms.closed_message or None)
    _check_country(request.country, terms.countries)
    offers = await _read_variants(session, [line.sku for line in request.lines])
    _check_lines_against(request.lines, offers)
    total = sum(line.quantity * offers[line.sku].price_minor for line in request.lines)
    if request.expected_total_minor is not None and request.expected_total_minor != total:
        raise PriceChanged(expected_total_minor=request.expected_total_minor, total_minor=total)
    await move_stock(session, {offers[line.sku].id: -line.quantity for line in request.lines})
    values = {field: getattr(request, field) for field in (*_LENGTHS, "email", "address_line2", "note")}
    order = Order(
        **values,
        number=await _free_number(session),
        status="placed",
        currency=terms.currency,
        total_minor=total,
        placed_at=datetime.now(UTC),
        idempotency_key=idempotency_key,
        request_digest=digest,
        items=[_item(line, offers[line.sku]) for line in request.lines],
    )
    session.add(order)
    await session.flush()
    return order


async def move_stock(session: AsyncSession, changes: Mapping[int, int]) -> None:
    """Add so many pieces to the stock of each variant (by id); negative takes away.

    Variants that are gone are passed over.
    """
    if changes:
        table: Any = ProductVariant.__table__
        statement = update(table).where(table.c.id == bindparam("number")).values(stock=table.c.stock + bindparam("by"))
        await (await session.connection()).execute(
            statement, [{"number": number, "by": by} for number, by in sorted(changes.items())]
        )


def _check_country(country: str, allowed: Sequence[str]) -> None:
    if allowed and country.casefold() not in {name.casefold() for name in allowed}:
        raise Invalid("We cannot ship there", fields={"country": f"We ship to: {', '.join(allowed)}."})


async def _read_variants(session: AsyncSession, skus: Sequence[str]) -> dict[str, _Offer]:
    variant = ProductVariant
    query = select(
        variant.id, variant.sku, variant.title, variant.price_minor, variant.stock, Product.id, Product.title
    ).join(Product)
    result = await session.execute(query.where(variant.sku.in_(skus), Product.status == "active"))
    return {offer.sku: offer for offer in (_Offer(*row) for row in result)}


def _check_lines_against(lines: Sequence[OrderLine], offers: Mapping[str, _Offer]) -> None:
    if unknown := [line.sku for line in lines if line.sku not in offers]:
        raise Invalid(
            "Something in the basket is not for sale",
            fields={"lines": f"Not for sale: {', '.join(unknown)}."},
            hint="Take it out of the basket and order the rest.",
            skus=unknown,
        )
    short = [
        {
            "sku": line.sku,
            "title": _full_title(offers[line.sku]),
            "wanted": line.quantity,
            "left": offers[line.sku].stock,
        }
        for line in lines
        if line.quantity > offers[line.sku].stock
    ]
    if short:
        told = "; ".join(f"{item['title']}: {item['left'] or 'none'} left, {item['wanted']} wanted" for item in short)
        raise OutOfStock(f"Not enough in stock. {told}", lines=short)


def _full_title(offer: _Offer) -> str:
    return f"{offer.title}, {offer.variant_title}" if offer.variant_title else offer.title


def _item(line: OrderLine, offer: _Offer) -> OrderItem:
    return OrderItem(
        product_id=offer.product_id,
        variant_id=offer.id,
        title=offer.title,
        variant_title=offer.variant_title,
        sku=offer.sku,
        quantity=line.quantity,
        unit_price_minor=offer.price_minor,
    )


async def _free_number(session: AsyncSession) -> str:
    # Nobody else writes while this transaction does: what is free now is free when it is kept.
    for _ in range(_DRAWS):
        number = draw_number()
        if await session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number
    raise BerrypodError("No free order number was found", hint="Try again. Nothing was ordered.")


def check_idempotency_key(key: str | None) -> str | None:
    """:raises Invalid: it is not 8 to 200 printable ASCII characters."""
    if key is None:
        return None
    if not (8 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise Invalid(
            "The idempotency key cannot be used",
            fields={"idempotency_key": "8 to 200 printable ASCII characters; a UUID is a good one."},
        )
    return key


def same_request(order: Order, digest: str) -> Order:
    """:raises Conflict: the key was used for another order before."""
    if order.request_digest != digest:
        raise Conflict(
            "This idempotency key was used for another order",
            hint="Draw a new key for each order; repeat one only to send the very same order again.",
        )
    return order
