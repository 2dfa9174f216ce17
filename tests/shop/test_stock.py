"""Whatever is ordered, cancelled and delivered, in whatever order: pieces are neither made nor lost."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypod.errors import Conflict, OutOfStock
from berrypod.shop import PageRequest, Shop
from berrypod.shop.inventory_records import VariantChange
from berrypod.storage.database import Database
from tests.shop.making import order, stock_of

SKUS = ("JAM-S", "JAM-L", "BOWL")

PLACE = st.tuples(st.just("place"), st.dictionaries(st.sampled_from(SKUS), st.integers(1, 6), min_size=1))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 20))
DELIVER = st.tuples(st.just("deliver"), st.tuples(st.sampled_from(SKUS), st.integers(0, 5)))
SHIP = st.tuples(st.just("ship"), st.integers(0, 20))


async def sold(shop: Shop) -> Counter[str]:
    """Pieces in orders that are not cancelled."""
    counted: Counter[str] = Counter()
    for summary in (await shop.orders.list(page=PageRequest(1, 100))).items:
        if summary.status != "cancelled":
            counted.update({item.sku: item.quantity for item in (await shop.orders.get(summary.number)).items})
    return counted


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=st.lists(st.lists(PLACE | CANCEL | DELIVER | SHIP, min_size=1, max_size=6), max_size=4))
async def test_stock_and_sold_pieces_add_up(
    stocked: Shop, database: Database, rounds: list[list[tuple[str, object]]]
) -> None:
    """What is in one round happens at the same time."""
    async with database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DELETE FROM orders")
    there = {sku: await stock_of(stocked, sku) for sku in SKUS}
    numbers: list[str] = []

    async def act(kind: str, what: object) -> None:
        try:
            match kind, what:
                case "place", dict():
                    placed = await stocked.orders.place(order(*what.items()))
                    numbers.append(placed.order.number)
                case "deliver", (str(sku), int(count)):
                    await stocked.inventory.change_variant(sku, VariantChange(stock_change=count))
                    there[sku] += count
                case "cancel", int(index) if numbers:
                    await stocked.orders.cancel(numbers[index % len(numbers)])
                case "ship", int(index) if numbers:
                    await stocked.orders.set_status(numbers[index % len(numbers)], "shipped")
                case _:
                    pass
        except (OutOfStock, Conflict):
            pass

    for together in rounds:
        await asyncio.gather(*(act(kind, what) for kind, what in together))
        in_orders = await sold(stocked)
        for sku in SKUS:
            left = await stock_of(stocked, sku)
            assert left >= 0
            assert left + in_orders[sku] == there[sku]
