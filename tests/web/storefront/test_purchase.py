"""Buying something, without a script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from berrypod.shop import Shop
from berrypod.shop.inventory_records import VariantChange
from tests.web.storefront.browser import Browser
from tests.web.storefront.conftest import ADDRESS, order


async def stock_of(shop: Shop, slug: str, sku: str) -> int:
    return next(variant.stock for variant in (await shop.inventory.get(slug)).variants if variant.sku == sku)


async def test_from_the_shelf_to_the_order_number(browser: Browser, shop: Shop) -> None:
    """A customer finds a product, chooses, orders, and is thanked with the order's number."""
    page = await browser.open("/")
    assert "/products/sprig-shirt" in {link["href"] for link in page.all("a")}

    page = await browser.put_in_basket("sprig-shirt", option_0="Plum", option_1="S", quantity="2")
    assert page.path == "/basket"
    assert "Sprig Shirt, Plum / S is in your basket." in page.text
    assert page.pieces == 2

    await browser.put_in_basket("raspberry-jam", sku="JAM-L")
    assert "€65.90" in browser.page.text

    await order(browser, note="Please ring twice.")
    number = re.fullmatch(r"/orders/([0-9A-Z]{4}-[0-9A-Z]{4})", browser.page.path)
    assert number is not None
    assert "Thank you, Ada Lovelace" in browser.page.text
    assert number[1] in browser.page.text
    assert browser.page.pieces == 0

    placed = await shop.orders.get(number[1])
    assert (placed.total_minor, placed.note) == (6590, "Please ring twice.")
    assert [(item.sku, item.quantity) for item in placed.items] == [("SHIRT-PS", 2), ("JAM-L", 1)]
    assert await stock_of(shop, "sprig-shirt", "SHIRT-PS") == 1


async def test_a_confirmation_is_seen_again_by_who_ordered_and_by_nobody_else(
    browser: Browser, new_browser: Callable[[], Browser], shop: Shop
) -> None:
    """The order's page opens for the cookie that placed it; a guesser cannot tell an order from none."""
    await browser.put_in_basket("plum-bowl")
    await order(browser)
    path = browser.page.path
    assert (await browser.open(path)).status == 200
    stranger = new_browser()
    refused, missing = await stranger.open(path), await stranger.open("/orders/KKKK-KKKK")
    assert (refused.status, missing.status) == (404, 404)
    assert refused.html == missing.html
    assert "Ada" not in refused.html


async def test_sending_the_order_form_twice_orders_once(browser: Browser, shop: Shop) -> None:
    """Both presses end at the same order: one after the other, and at the same time."""
    await browser.put_in_basket("raspberry-jam", sku="JAM-S", quantity="2")
    form = (await browser.open("/checkout")).form("/checkout").filled({**ADDRESS})
    first, second = await asyncio.gather(
        browser.client.post("/checkout", data=form), browser.client.post("/checkout", data=form)
    )
    third = await browser.client.post("/checkout", data=form)
    assert first.url.path == second.url.path == third.url.path
    assert first.url.path.startswith("/orders/")
    assert (await shop.orders.list()).total == 1
    assert await stock_of(shop, "raspberry-jam", "JAM-S") == 10


async def test_errors_stand_beside_their_fields_and_the_input_is_kept(browser: Browser, shop: Shop) -> None:
    """All that is wrong is told at once, in the order of the form; what was right need not be typed again."""
    await browser.put_in_basket("plum-bowl")
    await order(browser, email="ada@@nowhere", city="", note="<b>Ring</b> & wait")
    page = browser.page
    assert page.status == 422
    (email,) = page.all("input", name="email", id="field-email")
    (city,) = page.all("input", name="city")
    (name,) = page.all("input", name="name")
    assert (email["value"], email["aria-invalid"]) == ("ada@@nowhere", "true")
    assert "field-email-error" in email["aria-describedby"]
    assert page.all("p", id="field-email-error")
    assert city["aria-invalid"] == "true"
    assert name["value"] == "Ada Lovelace"
    assert "aria-invalid" not in name
    assert "<b>Ring</b> & wait" in dict(page.form("/checkout").fields)["note"]
    assert [link["href"] for link in page.all("a") if link["href"].startswith("#field")] == [
        "#field-email",
        "#field-city",
    ]
    assert (await shop.orders.list()).total == 0

    await browser.send("/checkout", email="ada@example.com", city="London")
    assert browser.page.path.startswith("/orders/")


async def test_a_country_is_chosen_from_those_that_the_shop_ships_to(browser: Browser, shop: Shop) -> None:
    """With a list of countries there is a choice and no default; another one is refused beside its field."""
    await shop.settings.put("orders.countries", ["Ireland", "France"])
    await browser.put_in_basket("plum-bowl")
    page = await browser.open("/checkout")
    assert [option["value"] for option in page.all("option")] == ["", "Ireland", "France"]
    await browser.send("/checkout", **{**ADDRESS, "country": "Atlantis"})
    assert browser.page.status == 422
    assert "We ship to: Ireland, France." in browser.page.text
    await browser.send("/checkout", country="France")
    assert browser.page.path.startswith("/orders/")


async def test_what_was_sold_meanwhile_is_not_ordered(browser: Browser, shop: Shop) -> None:
    """The order is refused as a whole, the basket says what is left, and one press puts it right."""
    await browser.put_in_basket("raspberry-jam", sku="JAM-L", quantity="4")
    await browser.open("/checkout")
    await shop.inventory.change_variant("JAM-L", VariantChange(stock=1))
    await browser.send("/checkout", **ADDRESS)
    assert browser.page.path == "/basket"
    assert "Only 1 left; you wanted 4." in browser.page.text
    assert (await shop.orders.list()).total == 0
    await browser.send("/basket", settle="1")
    await order(browser)
    assert "€7.90" in browser.page.text
    assert browser.page.path.startswith("/orders/")


async def test_a_price_that_rose_meanwhile_is_told_before_it_is_charged(browser: Browser, shop: Shop) -> None:
    """The customer ordered for another sum than it would cost now: nothing is ordered."""
    await browser.put_in_basket("plum-bowl")
    await browser.open("/checkout")
    await shop.inventory.change_variant("BOWL", VariantChange(price_minor=9900))
    await browser.send("/checkout", **ADDRESS)
    assert browser.page.path == "/basket"
    assert "Nothing was ordered" in browser.page.text
    assert "€99.00" in browser.page.text


async def test_a_shop_that_takes_no_orders_says_so(browser: Browser, shop: Shop) -> None:
    """The basket tells it instead of the button; an order form that was open already orders nothing."""
    await browser.put_in_basket("plum-bowl")
    await browser.open("/checkout")
    await shop.settings.put("orders.open", False)
    await shop.settings.put("orders.closed_message", "Back in August.")
    await browser.send("/checkout", **ADDRESS)
    assert browser.page.path == "/basket"
    assert "Back in August." in browser.page.text
    assert "/checkout" not in {link["href"] for link in browser.page.all("a")}
    assert (await browser.open("/checkout")).path == "/basket"


async def test_nothing_is_ordered_with_an_empty_basket(browser: Browser, shop: Shop) -> None:
    """The order form needs something to order."""
    assert (await browser.open("/checkout")).path == "/basket"
    assert "Your basket is empty" in browser.page.text
