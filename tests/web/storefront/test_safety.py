"""What a page must never do: leak one visitor's things to another, or let text become markup."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.web.storefront.visitor import ANYBODY
from tests.web.storefront.browser import Browser, Page
from tests.web.storefront.conftest import ADDRESS, order

NASTY = "<script>alert(1)</script>\"' onload=x & {{ 1234 * 5678 }}"


@pytest.fixture
async def nasty(shop: Shop) -> Shop:
    """All that an admin can write, written by somebody who means harm."""
    await shop.inventory.create(
        NewProduct(
            title=NASTY,
            slug="nasty",
            summary=NASTY,
            description=f"{NASTY}\n\n{NASTY}\n{NASTY}",
            category=NASTY,
            status="active",
            variants=[
                NewVariant(
                    sku=f"NASTY-{n}", title=NASTY, options={"<b>": f"{NASTY} {n}", "<i>": NASTY}, price_minor=1, stock=9
                )
                for n in range(2)
            ],
        )
    )
    for key in (
        "shop.name",
        "shop.tagline",
        "shop.description",
        "shop.address",
        "storefront.announcement",
        "shop.email",
    ):
        await shop.settings.put(key, NASTY)
    for key in ("orders.shipping_note", "orders.payment_terms", "newsletter.invitation", "legal.imprint", "shop.about"):
        await shop.settings.put(key, NASTY)
    return shop


async def every_page(browser: Browser) -> list[Page]:
    """Every page and state of the shop that a visitor can come to."""
    paths = [
        "/",
        "/?q=alert",
        f"/?q={NASTY}",
        "/?category=Pantry",
        "/?page=9",
        "/products/nasty",
        "/products/raspberry-jam",
    ]
    paths += [
        "/products/punnet-of-stickers",
        "/products/nasty?sku=NASTY-1",
        "/basket",
        "/newsletter",
        "/newsletter/thanks",
    ]
    paths += ["/newsletter/unsubscribe/nope", "/about", "/shipping", "/imprint", "/nowhere", "/static/nowhere"]
    pages = [await browser.open(path) for path in paths]
    pages.append(await browser.put_in_basket("nasty"))
    pages.append(await browser.put_in_basket("nasty", option_0=f"{NASTY} 0", option_1=NASTY))
    pages.append(await browser.open("/checkout"))
    pages.append(await browser.send("/checkout", **{**ADDRESS, "name": NASTY, "email": NASTY}))
    pages.append(await browser.send("/checkout", email="ada@example.com"))
    assert pages[-1].path.startswith("/orders/")
    await browser.open("/newsletter")
    pages.append(await browser.send("/newsletter", email=NASTY))
    return pages


async def test_text_never_becomes_markup_and_no_page_has_inline_style_or_script(browser: Browser, nasty: Shop) -> None:
    """Titles, settings and input are shown as they are; all scripts and styles are files of ours."""
    for page in await every_page(browser):
        where = f"{page.path} ({page.status})"
        assert "<script>alert" not in page.html, where
        assert "7006652" not in page.html, where
        for element in page.elements:
            assert "style" not in element.attributes, where
            assert not any(name.startswith("on") for name in element.attributes), (where, element)
            assert element.tag not in ("style", "iframe", "object", "embed", "base"), where
            if element.tag == "script":
                assert element.attributes["src"].startswith("/static/"), where
            for name in ("href", "src", "action"):
                assert (
                    element.attributes.get(name, "/").startswith(("/", "#", "mailto:")) or not element.attributes[name]
                ), (
                    where,
                    element,
                )


async def test_pages_are_well_formed(browser: Browser, nasty: Shop) -> None:
    """Every tag is closed in its place, each id is there once, labels and descriptions point to something."""
    for page in await every_page(browser):
        assert page.broken_tags == [], page.path
        ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids)), page.path
        pointed = [label["for"] for label in page.all("label") if "for" in label]
        pointed += [one for element in page.elements for one in element.attributes.get("aria-describedby", "").split()]
        assert set(pointed) <= set(ids), page.path
        assert all("alt" in image and image.get("width") and image.get("height") for image in page.all("img"))
        assert len(page.all("h1")) == 1, page.path
        assert len(page.all("main")) == 1, page.path


async def test_every_form_is_refused_without_its_token(browser: Browser, shop: Shop) -> None:
    """A form that another site sends does nothing."""
    await browser.put_in_basket("plum-bowl")
    for path in ("/basket", "/checkout", "/products/plum-bowl", "/newsletter", "/newsletter/unsubscribe/x"):
        for fields in ({}, {"_csrf_token": "made-up"}, {"_csrf_token": "0" * 128}):
            refused = await browser.post(path, {**fields, **ADDRESS})
            assert refused.status == 403, path
            assert "This did not go through" in refused.text
    assert (await shop.orders.list()).total == 0
    assert (await shop.subscribers.list()).total == 0


async def test_kept_pages_never_carry_what_is_anothers(new_browser: Callable[[], Browser], shop: Shop) -> None:
    """Token, basket and messages are each visitor's own on a page that is rendered once for all."""
    rich, poor = new_browser(), new_browser()
    await rich.put_in_basket("raspberry-jam", sku="JAM-S", quantity="7")
    for path in ("/", "/products/plum-bowl", "/?category=Pantry"):
        mine, yours, mine_again = await rich.open(path), await poor.open(path), await rich.open(path)
        assert (mine.pieces, yours.pieces, mine_again.pieces) == (7, 0, 7)
        assert mine.token == mine_again.token != yours.token
        assert mine.token not in yours.html
        assert ANYBODY.csrf not in mine.html + yours.html
        assert "hole-" not in yours.html
        cookies = yours.response.headers.get_list("set-cookie")
        assert not any(cookie.startswith("berrypod_basket") for cookie in cookies)


async def test_a_message_is_told_once_and_to_whom_it_is_meant(new_browser: Callable[[], Browser], shop: Shop) -> None:
    """Also when the page on which it is told comes out of the cache."""
    one, other = new_browser(), new_browser()
    await one.open("/")
    form = (await one.open("/products/plum-bowl")).form("/products/plum-bowl")
    await one.client.post("/products/plum-bowl", data=dict(form.fields), follow_redirects=False)
    assert "is in your basket" not in (await other.open("/")).text
    assert "Plum Bowl is in your basket." in (await one.open("/")).text
    assert "is in your basket" not in (await one.open("/")).text


async def test_many_visitors_at_once_get_their_own_tokens(new_browser: Callable[[], Browser], shop: Shop) -> None:
    """While the page is still being rendered for the first of them."""
    browsers = [new_browser() for _ in range(8)]
    pages = await asyncio.gather(*(browser.open("/") for browser in browsers))
    assert len({page.token for page in pages}) == len(browsers)
    for browser, page in zip(browsers, pages, strict=True):
        assert browser.client.cookies["berrypod_csrf"] == page.token


async def test_a_token_in_the_cookie_cannot_carry_markup_into_the_page(browser: Browser, shop: Shop) -> None:
    """Litestar puts the cookie's token into the page as it is sent; somebody else may have set the cookie."""
    await browser.open("/")
    browser.client.cookies.clear()
    page = Page(await browser.client.get("/", headers={"cookie": 'berrypod_csrf="><img src=x>'}))
    assert "<img src=x>" not in page.html


async def test_a_page_is_new_as_soon_as_anything_was_saved(browser: Browser, shop: Shop) -> None:
    """A kept page is never older than the last commit, whoever made it."""
    assert "Only 1 left" in (await browser.open("/products/plum-bowl")).text
    await shop.settings.put("shop.name", "Berry & Plum")
    page = await browser.open("/products/plum-bowl")
    assert "Berry & Plum" in page.text
    await browser.put_in_basket("plum-bowl")
    await order(browser)
    assert "Sold out" in (await browser.open("/products/plum-bowl")).text
