"""The basket: what may be in it, and what is told of what may not."""

from __future__ import annotations

from base64 import b64encode

import pytest

from berrypod.shop import Shop
from berrypod.shop.inventory_records import ProductChange, VariantChange
from tests.web.storefront.browser import Browser


async def test_a_product_needs_a_complete_choice(browser: Browser, shop: Shop) -> None:
    """What is missing is named, and what was chosen stays chosen."""
    page = await browser.put_in_basket("sprig-shirt", option_0="Cream", quantity="3")
    assert page.status == 422
    assert "Please choose: Size." in page.text
    assert "checked" in page.all("input", name="option-0", value="Cream")[0]
    assert page.all("input", name="quantity")[0]["value"] == "3"
    assert page.pieces == 0


@pytest.mark.parametrize(
    ("slug", "given", "told"),
    [
        ("sprig-shirt", {"option_0": "Plum", "option_1": "M"}, "Plum / M is sold out"),
        ("sprig-shirt", {"option_0": "Plum", "option_1": "XXL"}, "not made"),
        ("sprig-shirt", {"sku": "JAM-S"}, "not made"),
        ("raspberry-jam", {}, "Please choose"),
        ("raspberry-jam", {"sku": "JAM-S", "quantity": "0"}, "whole number"),
        ("raspberry-jam", {"sku": "JAM-S", "quantity": "-1"}, "whole number"),
        ("raspberry-jam", {"sku": "JAM-S", "quantity": "one"}, "whole number"),
        ("raspberry-jam", {"sku": "JAM-S", "quantity": "²"}, "whole number"),
        ("punnet-of-stickers", {}, "sold out"),
    ],
)
async def test_what_cannot_be_had_is_refused_with_a_reason(
    browser: Browser, shop: Shop, slug: str, given: dict[str, str], told: str
) -> None:
    """The product's page comes back with the reason, and the basket stays as it was."""
    page = await browser.put_in_basket(slug, **given)
    assert page.status == 422
    assert told in page.text
    assert page.pieces == 0


async def test_no_more_can_be_put_in_than_there_is(browser: Browser, shop: Shop) -> None:
    """The quantity is lowered to the stock, over several additions too, and it is told."""
    await browser.put_in_basket("raspberry-jam", sku="JAM-L", quantity="4")
    page = await browser.put_in_basket("raspberry-jam", sku="JAM-L", quantity="9" * 500)
    assert page.pieces == 5
    assert "only 5 can be had" in page.text


async def test_quantities_are_changed_and_lines_taken_out(browser: Browser, shop: Shop) -> None:
    """Without a script: numbers and one button; 0 takes a line out, and so does its own button."""
    await browser.put_in_basket("raspberry-jam", sku="JAM-S")
    await browser.put_in_basket("raspberry-jam", sku="JAM-L")
    await browser.put_in_basket("plum-bowl")
    await browser.send("/basket", **{"quantity-JAM-S": "3", "quantity-JAM-L": "0"})
    assert browser.page.pieces == 4
    assert "450 g" not in browser.page.text
    await browser.send("/basket", remove="JAM-S")
    assert browser.page.pieces == 1
    await browser.send("/basket", remove="BOWL")
    assert "Your basket is empty" in browser.page.text


async def test_a_quantity_that_is_no_number_changes_nothing_and_is_told(browser: Browser, shop: Shop) -> None:
    """A slip of the finger must not empty the basket."""
    await browser.put_in_basket("raspberry-jam", sku="JAM-S", quantity="2")
    await browser.send("/basket", **{"quantity-JAM-S": "2x"})
    assert browser.page.pieces == 2
    assert "not a whole number" in browser.page.text


async def test_lines_that_can_no_longer_be_had_are_told_and_kept_until_settled(browser: Browser, shop: Shop) -> None:
    """Sold out, fewer left, no longer sold, deleted: each line says so, and nothing can be ordered before."""
    for slug, given in (
        ("raspberry-jam", {"sku": "JAM-L", "quantity": "3"}),
        ("sprig-shirt", {"option_0": "Cream", "option_1": "S"}),
        ("sprig-shirt", {"option_0": "Cream", "option_1": "M"}),
        ("plum-bowl", {}),
    ):
        await browser.put_in_basket(slug, **given)
    await shop.inventory.change_variant("JAM-L", VariantChange(stock=1))
    await shop.inventory.change_variant("SHIRT-CS", VariantChange(stock=0))
    await shop.inventory.delete_variant("SHIRT-CM")
    await shop.inventory.change("plum-bowl", ProductChange(status="archived"))

    page = await browser.open("/basket")
    for told in ("Only 1 left; you wanted 3.", "Sold out meanwhile.", "This is no longer sold.", "Article SHIRT-CM"):
        assert told in page.text
    assert "Plum Bowl" in page.text
    assert "/products/plum-bowl" not in page.html
    assert "/checkout" not in {link["href"] for link in page.all("a")}
    assert (await browser.open("/checkout")).path == "/basket"

    await browser.send("/basket", settle="1")
    assert browser.page.pieces == 1
    assert (await browser.open("/checkout")).path == "/checkout"


async def test_the_basket_shows_the_colour_that_was_chosen(browser: Browser, shop: Shop) -> None:
    """One picture stands for all sizes of a colour; the first one of the product would show the wrong shirt."""
    page = await browser.put_in_basket("sprig-shirt", option_0="Cream", option_1="M")
    cream = [use.url for use in (await shop.catalogue.product("sprig-shirt")).pictures if use.alt == "Cream"]
    assert [image["src"] for image in page.all("img")] == cream


_EXPIRY = b"additional_authenticated_data="


@pytest.mark.parametrize(
    "cookie",
    [
        b"nonsense",
        b"x" * 12 + b"sealed" + _EXPIRY + b"no JSON",
        b"x" * 12 + b"sealed" + _EXPIRY + b"{}",
        b"x" * 12 + b"sealed" + _EXPIRY + b"[]",
        b"x" * 12 + b"sealed" + _EXPIRY + b'{"expires_at": 9999999999}',
        _EXPIRY + b'{"expires_at": 9999999999}',
        b"\xff" * 30,
    ],
)
async def test_a_cookie_that_is_no_basket_is_an_empty_one(browser: Browser, shop: Shop, cookie: bytes) -> None:
    """Somebody's forgery, or a cookie from before the secret was changed."""
    browser.client.cookies.set("berrypod_basket", b64encode(cookie).decode(), domain="shop.test")
    page = await browser.open("/basket")
    assert (page.status, page.pieces) == (200, 0)


async def test_a_token_from_before_the_secret_was_changed_is_replaced(browser: Browser, shop: Shop) -> None:
    """The first form is refused; it must not stay so for as long as the browser is open."""
    browser.client.cookies.set("berrypod_csrf", "0" * 128, domain="shop.test")
    assert (await browser.put_in_basket("plum-bowl")).status == 403
    assert (await browser.put_in_basket("plum-bowl")).pieces == 1
