"""Orders: nothing is sold twice, nothing is lost, and a mistake in a form is told in full."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from berrypod.errors import Conflict, Invalid, NotFound, OrdersClosed, OutOfStock, PriceChanged
from berrypod.events import Event, OrderPlaced, OrderStatusChanged
from berrypod.shop import PageRequest, Shop, order_numbers, placing
from berrypod.shop.inventory_records import ProductChange, VariantChange
from berrypod.shop.order_records import OrderFilter, OrderLine, OrderRequest
from berrypod.storage.database import Database
from tests.shop.making import order, stock_of


async def test_an_order_takes_its_stock_and_keeps_titles_and_prices(stocked: Shop, events: list[Event]) -> None:
    placed = (await stocked.orders.place(order(("JAM-S", 3), ("BOWL", 1)))).order

    assert placed.status == "placed"
    assert placed.email == "ada@example.com"
    assert placed.total_minor == 3 * 450 + 2400
    assert placed.currency == "EUR"
    assert [(item.sku, item.title, item.variant_title, item.quantity) for item in placed.items] == [
        ("JAM-S", "Raspberry Jam", "Small", 3),
        ("BOWL", "Plum Bowl", "", 1),
    ]
    assert await stock_of(stocked, "JAM-S") == 9
    assert await stock_of(stocked, "BOWL") == 0
    assert await stocked.orders.get(placed.number) == placed
    [event] = events
    assert isinstance(event, OrderPlaced)
    assert (event.number, event.total_minor, event.item_count) == (placed.number, placed.total_minor, 4)

    await stocked.inventory.change_variant("JAM-S", VariantChange(price_minor=9999, title="Tiny"))
    assert await stocked.orders.get(placed.number) == placed


async def test_one_line_without_stock_stops_the_whole_order(stocked: Shop, events: list[Event]) -> None:
    with pytest.raises(OutOfStock) as caught:
        await stocked.orders.place(order(("JAM-S", 2), ("BOWL", 2), ("JAM-L", 6)))
    assert caught.value.details["lines"] == [
        {"sku": "BOWL", "title": "Plum Bowl", "wanted": 2, "left": 1},
        {"sku": "JAM-L", "title": "Raspberry Jam, Large", "wanted": 6, "left": 5},
    ]
    assert await stock_of(stocked, "JAM-S") == 12
    assert (await stocked.orders.list()).total == 0
    assert events == []


async def test_lines_of_one_article_count_together(stocked: Shop) -> None:
    with pytest.raises(OutOfStock):
        await stocked.orders.place(order(("JAM-L", 3), ("JAM-L", 3)))
    placed = await stocked.orders.place(order(("JAM-L", 3), ("JAM-L", 2)))
    assert [(item.sku, item.quantity) for item in placed.order.items] == [("JAM-L", 5)]


async def test_orders_at_the_same_time_never_sell_more_than_there_is(stocked: Shop) -> None:
    """Stock and sold pieces add up to what was there, however many want the last ones."""
    wanted = [order(("JAM-S", 1 + number % 3), ("JAM-L", 1)) for number in range(12)]
    answers = await asyncio.gather(*(stocked.orders.place(each) for each in wanted), return_exceptions=True)

    placed = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert all(isinstance(answer, OutOfStock) for answer in answers if isinstance(answer, BaseException))
    assert len(placed) == 5
    for sku, before in (("JAM-S", 12), ("JAM-L", 5)):
        sold = sum(item.quantity for answer in placed for item in answer.order.items if item.sku == sku)
        assert await stock_of(stocked, sku) + sold == before
    assert len({answer.order.number for answer in placed}) == 5


async def test_a_double_submit_orders_once(stocked: Shop, events: list[Event]) -> None:
    key = "8a0b1d6e-one-basket"
    answers = await asyncio.gather(*(stocked.orders.place(order(("JAM-S", 2)), idempotency_key=key) for _ in range(5)))
    assert len({answer.order.number for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True, True]
    assert await stock_of(stocked, "JAM-S") == 10
    assert len(events) == 1


async def test_the_same_order_differently_typed_is_the_same_order(stocked: Shop) -> None:
    await stocked.orders.place(order(("JAM-S", 2)), idempotency_key="12345678")
    again = order(("JAM-S", 1), ("JAM-S", 1), email=" ada@example.COM ", name="Ada   Lovelace")
    assert (await stocked.orders.place(again, idempotency_key="12345678")).repeated


async def test_a_key_used_for_another_order_is_refused_and_tells_nothing_of_it(stocked: Shop) -> None:
    first = await stocked.orders.place(order(("JAM-S", 2)), idempotency_key="12345678")
    with pytest.raises(Conflict) as caught:
        await stocked.orders.place(order(("JAM-S", 3)), idempotency_key="12345678")
    assert first.order.number not in str(caught.value.details) + caught.value.message
    assert await stock_of(stocked, "JAM-S") == 10


@pytest.mark.parametrize("key", ["", "short", "x" * 201, "with\nnewline", "schlüssel-1"])
async def test_a_key_that_is_none_is_refused(stocked: Shop, key: str) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.orders.place(order(("JAM-S", 1)), idempotency_key=key)
    assert "idempotency_key" in caught.value.fields


async def test_everything_that_is_wrong_is_told_at_once(stocked: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.orders.place(
            OrderRequest(
                email="ada(at)example", name="  ", country="x" * 81, lines=[OrderLine(sku="JAM-S", quantity=0)]
            )
        )
    assert set(caught.value.fields) == {
        "email",
        "name",
        "address_line1",
        "postcode",
        "city",
        "country",
        "lines[0].quantity",
    }
    assert await stock_of(stocked, "JAM-S") == 12


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ada\x00Lovelace"),
        ("name", "Ada\ud800"),
        ("name", "\u202eecalevoL"),
        ("name", "\u200b\u200b"),
        ("name", "e" * 121),
        ("name", "e\u0301" * 2_000_000),
        ("note", "x" * 1001),
        ("email", "a" * 250 + "@example.com"),
        ("email", "ada@exa mple.com"),
        ("email", "ada@example.com\nbcc: all@example.com"),
        ("lines", []),
        ("lines", [OrderLine(sku=f"S{number}") for number in range(51)]),
        ("lines[0].quantity", [OrderLine(sku="JAM-S", quantity=10**30)]),
        ("lines[0].quantity", [OrderLine(sku="JAM-S", quantity=-1)]),
        ("lines[0].sku", [OrderLine(sku="\x00")]),
        ("lines[1].quantity", [OrderLine(sku="JAM-S", quantity=999), OrderLine(sku="JAM-S")]),
    ],
)
async def test_what_cannot_be_accepted_is_named(stocked: Shop, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        await stocked.orders.place(order(("JAM-S", 1), **{field.partition("[")[0]: value}))
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize("text", ["O'Neil; DROP TABLE orders;--", "李 小龍", "Zoë Ångström 🍇", '<b>"&', "%_\\'"])
async def test_any_name_is_kept_as_it_is(stocked: Shop, text: str) -> None:
    placed = (await stocked.orders.place(order(("JAM-S", 1), name=text, note=text + "\n" + text))).order
    assert (await stocked.orders.get(placed.number)).name == text
    assert (await stocked.orders.get(placed.number)).note == f"{text}\n{text}"


@pytest.mark.parametrize("sku", ["NOPE", "CANDLE", "' OR 1=1 --"])
async def test_what_is_not_for_sale_cannot_be_ordered(stocked: Shop, sku: str) -> None:
    """Unknown, a draft, and nonsense look the same from outside."""
    with pytest.raises(Invalid) as caught:
        await stocked.orders.place(order(("JAM-S", 1), (sku, 1)))
    assert caught.value.details["skus"] == [sku]
    assert await stock_of(stocked, "JAM-S") == 12


async def test_an_archived_product_is_not_sold(stocked: Shop) -> None:
    await stocked.inventory.change("plum-bowl", ProductChange(status="archived"))
    with pytest.raises(Invalid):
        await stocked.orders.place(order(("BOWL", 1)))


async def test_a_price_that_changed_meanwhile_is_told_before_anything_is_ordered(stocked: Shop) -> None:
    with pytest.raises(PriceChanged) as caught:
        await stocked.orders.place(order(("JAM-S", 2), expected_total_minor=800))
    assert caught.value.details == {"expected_total_minor": 800, "total_minor": 900}
    assert await stock_of(stocked, "JAM-S") == 12
    await stocked.orders.place(order(("JAM-S", 2), expected_total_minor=900))


async def test_a_closed_shop_takes_no_orders(stocked: Shop) -> None:
    await stocked.settings.put("orders.open", False)
    await stocked.settings.put("orders.closed_message", "We are picking berries until Monday.")
    with pytest.raises(OrdersClosed, match="picking berries"):
        await stocked.orders.place(order(("JAM-S", 1)))


async def test_orders_go_only_to_the_countries_that_are_named(stocked: Shop) -> None:
    await stocked.settings.put("orders.countries", ["Ireland", "united kingdom"])
    await stocked.orders.place(order(("JAM-S", 1)))
    with pytest.raises(Invalid) as caught:
        await stocked.orders.place(order(("JAM-S", 1), country="Atlantis"))
    assert "Ireland" in caught.value.fields["country"]


async def test_an_order_has_the_currency_of_its_day(stocked: Shop) -> None:
    first = (await stocked.orders.place(order(("JAM-S", 1)))).order
    await stocked.settings.put("shop.currency", "GBP")
    second = (await stocked.orders.place(order(("JAM-S", 1)))).order
    assert (first.currency, second.currency) == ("EUR", "GBP")
    assert (await stocked.orders.get(first.number)).currency == "EUR"


async def test_cancelling_gives_the_stock_back_exactly_once(stocked: Shop, events: list[Event]) -> None:
    placed = (await stocked.orders.place(order(("JAM-S", 5), ("BOWL", 1)))).order
    events.clear()
    answers = await asyncio.gather(*(stocked.orders.cancel(placed.number) for _ in range(4)))
    assert {answer.status for answer in answers} == {"cancelled"}
    assert await stock_of(stocked, "JAM-S") == 12
    assert await stock_of(stocked, "BOWL") == 1
    [event] = events
    assert isinstance(event, OrderStatusChanged)
    assert (event.before, event.status) == ("placed", "cancelled")


async def test_a_variant_that_is_gone_does_not_stop_a_cancellation(stocked: Shop) -> None:
    placed = (await stocked.orders.place(order(("JAM-S", 5), ("JAM-L", 1)))).order
    await stocked.inventory.delete_variant("JAM-L")
    assert (await stocked.orders.cancel(placed.number)).status == "cancelled"
    assert await stock_of(stocked, "JAM-S") == 12


@pytest.mark.parametrize(
    ("steps", "possible"),
    [
        (["paid", "shipped"], True),
        (["shipped", "paid"], True),
        (["paid", "placed"], True),
        (["paid", "paid"], True),
        (["paid", "cancelled"], True),
        (["shipped", "cancelled"], False),
        (["cancelled", "placed"], False),
        (["cancelled", "paid"], False),
    ],
)
async def test_an_order_goes_only_where_it_can(stocked: Shop, steps: list[Any], possible: bool) -> None:
    number = (await stocked.orders.place(order(("JAM-S", 1)))).order.number
    *before, last = steps
    for step in before:
        await stocked.orders.set_status(number, step)
    if possible:
        assert (await stocked.orders.set_status(number, last)).status == last
    else:
        with pytest.raises(Conflict):
            await stocked.orders.set_status(number, last)


async def test_a_number_is_found_however_it_is_typed(stocked: Shop) -> None:
    number = (await stocked.orders.place(order(("JAM-S", 1)))).order.number
    for typed in (number.lower(), number.replace("-", ""), f" {number[:4]} {number[5:]} "):
        assert (await stocked.orders.get(typed)).number == number


@pytest.mark.parametrize("number", ["", "AAAA-AAAA", "' OR 1=1", "x" * 5000, "\x00", "ÄÖÜß-1234"])
async def test_a_number_that_is_none_is_not_found(stocked: Shop, number: str) -> None:
    with pytest.raises(NotFound):
        await stocked.orders.get(number)


def test_numbers_have_no_letters_that_are_taken_for_others() -> None:
    for _ in range(200):
        assert re.fullmatch(r"[2346789CDFGHJKMNPQRTVWXY]{4}-[2346789CDFGHJKMNPQRTVWXY]{4}", order_numbers.draw_number())


async def test_a_number_that_is_taken_is_drawn_again(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["AAAA-AAAA", "AAAA-AAAA", "AAAA-AAAA", "CCCC-CCCC"])
    monkeypatch.setattr(placing, "draw_number", lambda: next(drawn))
    numbers = [(await stocked.orders.place(order(("JAM-S", 1)))).order.number for _ in range(2)]
    assert numbers == ["AAAA-AAAA", "CCCC-CCCC"]


async def test_orders_are_listed_newest_first_and_filtered(stocked: Shop) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    numbers = [
        (await stocked.orders.place(order(("JAM-S", 1), email=email))).order.number
        for email in ("ada@example.com", "ben@example.com", "ada@example.com")
    ]
    await stocked.orders.set_status(numbers[0], "paid")

    assert [item.number for item in (await stocked.orders.list()).items] == numbers[::-1]
    by_status = await stocked.orders.list(OrderFilter(status="paid"))
    assert [item.number for item in by_status.items] == [numbers[0]]
    by_email = await stocked.orders.list(OrderFilter(email="ADA@example.com", placed_after=before))
    assert [item.number for item in by_email.items] == [numbers[2], numbers[0]]
    assert (await stocked.orders.list(OrderFilter(placed_after=datetime.now(UTC)))).total == 0

    second = await stocked.orders.list(page=PageRequest(2, 2))
    assert ([item.number for item in second.items], second.total, second.pages) == ([numbers[0]], 3, 2)
    beyond = await stocked.orders.list(page=PageRequest(1_000_000, 100))
    assert (beyond.items, beyond.total) == ([], 3)


async def test_an_order_that_fails_at_its_end_leaves_nothing(
    stocked: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock is taken in the same transaction in which the order is kept."""

    async def no_number(_: object) -> str:
        raise RuntimeError("the power failed")

    monkeypatch.setattr(placing, "_free_number", no_number)
    with pytest.raises(RuntimeError):
        await stocked.orders.place(order(("JAM-S", 5)))
    assert await stock_of(stocked, "JAM-S") == 12
    rows = await database.fetch(lambda connection: connection.execute("SELECT count(*) FROM orders").fetchone())
    assert rows[0] == 0
