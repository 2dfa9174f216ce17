"""Orders, from being placed to being shipped or cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from advanced_alchemy.filters import OrderBy, StatementFilter
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from berrypod.errors import Conflict, Invalid, NotFound
from berrypod.events import Event, OrderPlaced, OrderStatusChanged
from berrypod.shop.checking import Checks
from berrypod.shop.order_numbers import normal_number
from berrypod.shop.order_records import (
    OrderFilter,
    OrderItemRecord,
    OrderRecord,
    OrderRequest,
    OrderStatus,
    OrderSummary,
    Placement,
)
from berrypod.shop.paging import Page, PageRequest
from berrypod.shop.placing import (
    Terms,
    check_idempotency_key,
    check_request,
    digest_of,
    move_stock,
    place_in,
    same_request,
)
from berrypod.shop.repositories import OrderRepository
from berrypod.shop.settings import CURRENCY, ShopSettings
from berrypod.storage.database import Database
from berrypod.storage.models import Order

# What an order may become. Steps back are for mistakes. A cancelled order stays so: its stock may be sold again.
STEPS: Final[Mapping[str, frozenset[str]]] = {
    "placed": frozenset({"paid", "shipped", "cancelled"}),
    "paid": frozenset({"placed", "shipped", "cancelled"}),
    "shipped": frozenset({"placed", "paid"}),
    "cancelled": frozenset(),
}

_WITH_ITEMS: Final = selectinload(Order.items)


class Orders:
    def __init__(self, database: Database, settings: ShopSettings, emit: Callable[[Event], None]) -> None:
        self._database = database
        self._settings = settings
        self._emit = emit

    async def place(self, request: OrderRequest, *, idempotency_key: str | None = None) -> Placement:
        """Place an order: all its lines or none.

        With an `idempotency_key`, the same request sent again gives the order that is there, and orders nothing.

        :raises Invalid: `fields` names everything that is wrong.
        :raises OutOfStock: fewer are left than asked for; `lines` lists all such lines.
        :raises PriceChanged: the sum is not `expected_total_minor`.
        :raises OrdersClosed: the shop takes no orders at present.
        :raises Conflict: the idempotency key was used for another order.
        """
        idempotency_key = check_idempotency_key(idempotency_key)
        request = check_request(request)
        digest = digest_of(request)
        async with self._database.write() as session:
            # From here on nobody else writes: the terms cannot change between being read and being applied.
            await session.connection()
            terms = await self._terms()
            if idempotency_key is not None and (earlier := await _by_key(session, idempotency_key)):
                return Placement(order=_record(same_request(earlier, digest)), repeated=True)
            order = await place_in(session, request, terms, idempotency_key=idempotency_key, digest=digest)
            placed = _record(order)
        self._emit(
            OrderPlaced(
                number=placed.number,
                total_minor=placed.total_minor,
                currency=placed.currency,
                item_count=sum(item.quantity for item in placed.items),
            )
        )
        return Placement(order=placed, repeated=False)

    async def get(self, number: str) -> OrderRecord:
        """The order of this number, however it was typed.

        :raises NotFound: there is none.
        """
        async with self._database.read() as session:
            return _record(await _load(session, number))

    async def list(self, wanted: OrderFilter | None = None, page: PageRequest | None = None) -> Page[OrderSummary]:
        """A page of the orders, newest first.

        :raises Invalid: the e-mail address to filter by is none, or the time is beyond the calendar.
        """
        wanted, page = wanted or OrderFilter(), page or PageRequest()
        filters: list[StatementFilter | ColumnElement[bool]] = [OrderBy("placed_at", "desc"), OrderBy("id", "desc")]
        if wanted.status is not None:
            filters.append(Order.status == wanted.status)
        if wanted.email is not None:
            checks = Checks()
            filters.append(Order.email == checks.email("email", wanted.email))
            checks.done()
        if wanted.placed_after is not None:
            filters.append(Order.placed_at > _in_utc(wanted.placed_after))
        async with self._database.read() as session:
            repository = OrderRepository(session)
            repository.statement = repository.statement.options(_WITH_ITEMS)
            orders, total = await repository.page(page, *filters)
            return Page(
                items=[_summary(order) for order in orders], page=page.page, page_size=page.page_size, total=total
            )

    async def set_status(self, number: str, status: OrderStatus, *, actor: str | None = None) -> OrderRecord:
        """Move an order to another status; the one that it has already changes nothing.

        Cancelling gives the order's stock back, once.

        :raises NotFound: there is no such order.
        :raises Conflict: it cannot become that: a cancelled order stays cancelled, a shipped one is not cancelled.
        """
        async with self._database.write() as session:
            order = await _load(session, number)
            before = order.status
            if before == status:
                return _record(order)
            if status not in STEPS[before]:
                raise Conflict(
                    f"Order {order.number} is {before} and cannot become {status}",
                    hint=f"It can become: {', '.join(sorted(STEPS[before]))}."
                    if STEPS[before]
                    else "Its stock was given back: place a new order instead.",
                )
            order.status = status
            if status == "cancelled":
                await _give_back(session, order)
            changed = _record(order)
        self._emit(OrderStatusChanged(number=changed.number, before=before, status=status, actor=actor))
        return changed

    async def cancel(self, number: str, *, actor: str | None = None) -> OrderRecord:
        """Cancel an order and give its stock back; see `set_status`."""
        return await self.set_status(number, "cancelled", actor=actor)

    async def _terms(self) -> Terms:
        values: Mapping[str, Any] = await self._settings.values()
        return Terms(
            currency=values[CURRENCY],
            open=values["orders.open"],
            closed_message=values["orders.closed_message"],
            countries=values["orders.countries"],
        )


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(fields={"placed_after": "A moment within the calendar."}) from error


async def _by_key(session: AsyncSession, key: str) -> Order | None:
    return await session.scalar(select(Order).where(Order.idempotency_key == key).options(_WITH_ITEMS))


async def _load(session: AsyncSession, number: str) -> Order:
    order = await session.scalar(select(Order).where(Order.number == normal_number(number)).options(_WITH_ITEMS))
    if order is None:
        raise NotFound("There is no order of this number", hint="Order numbers look like K7QM-2XWD.")
    return order


async def _give_back(session: AsyncSession, order: Order) -> None:
    back: Counter[int] = Counter()
    for item in order.items:
        # A variant that was removed meanwhile has no stock to give back to.
        if item.variant_id is not None:
            back[item.variant_id] += item.quantity
    await move_stock(session, back)


def _record(order: Order) -> OrderRecord:
    return OrderRecord(
        number=order.number,
        status=order.status,  # pyright: ignore[reportArgumentType] - the table's own check holds it
        email=order.email,
        name=order.name,
        address_line1=order.address_line1,
        address_line2=order.address_line2,
        postcode=order.postcode,
        city=order.city,
        country=order.country,
        note=order.note,
        currency=order.currency,
        total_minor=order.total_minor,
        placed_at=order.placed_at,
        items=[
            OrderItemRecord(
                sku=item.sku,
                title=item.title,
                variant_title=item.variant_title,
                quantity=item.quantity,
                unit_price_minor=item.unit_price_minor,
            )
            for item in order.items
        ],
    )


def _summary(order: Order) -> OrderSummary:
    return OrderSummary(
        number=order.number,
        status=order.status,  # pyright: ignore[reportArgumentType] - the table's own check holds it
        email=order.email,
        name=order.name,
        currency=order.currency,
        total_minor=order.total_minor,
        item_count=sum(item.quantity for item in order.items),
        placed_at=order.placed_at,
    )
