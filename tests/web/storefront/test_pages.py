"""The shelves, the product's page, the newsletter, the pages of words, and what is shown when nothing is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from tests.web.storefront.browser import Browser


async def test_an_empty_shop_says_so_kindly(browser: Browser, empty_shop: Shop) -> None:
    """Before the first product there is a page, not an error."""
    page = await browser.open("/")
    assert page.status == 200
    assert "The shelves are still empty" in page.text
    assert not page.all("input", name="q")


async def test_shelves_show_what_is_active_and_what_is_sold_out(browser: Browser, shop: Shop) -> None:
    """Drafts are not there; sold-out products are, and say so; pictures tell their size before they come."""
    page = await browser.open("/")
    assert "Secret Candle" not in page.text
    assert "Punnet of Stickers" in page.text
    assert page.text.count("Sold out") == 1
    assert "from €4.50" in page.text
    assert all(image["width"] == "40" and image["height"] == "50" for image in page.all("img"))


async def test_categories_and_search_narrow_the_shelf(browser: Browser, shop: Shop) -> None:
    """Also together; a search that finds nothing says what was searched for."""
    assert (await browser.open("/?category=Pantry")).text.count("€4.50") == 1
    assert "Sprig Shirt" not in browser.page.text
    assert "Plum Bowl" in (await browser.open("/?q=pLUM")).text
    assert "Nothing here goes by “bowl”" in (await browser.open("/?q=bowl&category=Pantry")).text
    assert browser.page.all("input", type="hidden", name="category")[0]["value"] == "Pantry"
    assert "Nothing of that kind" in (await browser.open("/?category=Nowhere")).text
    long = await browser.open(f"/?q={'x' * 101}")
    assert (long.status, "At most 100 characters" in long.text) == (200, True)


async def test_the_shelf_has_pages(browser: Browser, shop: Shop) -> None:
    """Links keep what was searched for; pages that are not there are not found."""
    await shop.settings.put("storefront.products_per_page", 3)
    page = await browser.open("/")
    links = [link["href"] for link in page.all("a", rel="next")]
    assert links == ["/?page=2"]
    assert "Punnet of Stickers" in (await browser.open(links[0])).text
    await shop.settings.put("storefront.products_per_page", 1)
    assert (await browser.open("/?q=e&page=2")).all("a", rel="next")[0]["href"] == "/?q=e&page=3"
    for missing in ("/?page=3000", "/?page=0", "/?page=-1", "/?page=x", f"/?page={'9' * 5000}"):
        assert (await browser.open(missing)).status == 404


async def test_a_product_tells_what_there_is_of_each_kind(browser: Browser, shop: Shop) -> None:
    """Without a script a table says which combination is left; a value of which nothing is left cannot be chosen."""
    page = await browser.open("/products/sprig-shirt")
    assert "Plum S €29.00 Only 3 left" in page.text
    assert "Plum M €29.00 Sold out" in page.text
    assert "Cream M €29.00 In stock" in page.text
    assert page.form("/products/sprig-shirt").choices == {"option-0": ["Plum", "Cream"], "option-1": ["S", "M"]}


async def test_a_single_option_shows_its_prices_and_what_is_sold_out(browser: Browser, shop: Shop) -> None:
    """Each value is a variant: it says what it costs."""
    page = await browser.open("/products/raspberry-jam")
    assert page.form("/products/raspberry-jam").choices == {"sku": ["JAM-S", "JAM-L"]}
    assert "450 g €7.90" in page.text
    assert "Cooked the same day." in page.text


async def test_a_link_can_name_a_variant(browser: Browser, shop: Shop) -> None:
    """It is chosen then, its price and stock stand there, and its picture comes first."""
    page = await browser.open("/products/sprig-shirt?sku=SHIRT-PS")
    assert "checked" in page.all("input", value="Plum")[0]
    assert "Only 3 left" in page.text
    assert page.all("img")[0]["alt"] == "Plum"
    assert (await browser.open("/products/sprig-shirt?sku=NOPE")).status == 200


async def test_variants_whose_options_do_not_tell_them_apart_are_chosen_by_title(
    browser: Browser, empty_shop: Shop
) -> None:
    """Whatever was entered in the administration, everything that is for sale can be bought."""
    variants = [
        NewVariant(sku="A", title="First", price_minor=100, stock=1),
        NewVariant(sku="B", title="Second", price_minor=200, stock=1),
    ]
    await empty_shop.inventory.create(NewProduct(title="Odd Thing", status="active", variants=variants))
    page = await browser.open("/products/odd-thing")
    assert "First €1.00" in page.text
    assert (await browser.put_in_basket("odd-thing", sku="B")).pieces == 1


async def test_a_product_without_variants_cannot_be_bought(browser: Browser, empty_shop: Shop) -> None:
    """It was made active before anything of it was there."""
    await empty_shop.inventory.create(NewProduct(title="Idea", status="active"))
    page = await browser.open("/products/idea")
    assert page.status == 200
    assert "Sold out at the moment" in page.text
    assert (await browser.open("/")).status == 200


async def test_the_newsletter_is_joined_and_left(browser: Browser, shop: Shop) -> None:
    """Opening the link only asks; pressing the button ends it; signing up twice looks like signing up once."""
    await browser.open("/")
    first = await browser.send("/newsletter", email="Ada@Example.com")
    assert first.path == "/newsletter/thanks"
    await browser.open("/")
    assert (await browser.send("/newsletter", email="ada@example.com")).text == first.text
    (reader,) = (await shop.subscribers.list()).items

    link = f"/newsletter/unsubscribe/{reader.unsubscribe_token}"
    assert "ada@example.com" in (await browser.open(link)).text
    assert (await shop.subscribers.list()).items[0].status == "subscribed"
    done = await browser.send("")
    assert "You will get no more letters" in done.text
    assert (await shop.subscribers.list()).items[0].status == "unsubscribed"
    assert "You will get no more letters" in (await browser.open(link)).text


async def test_what_is_no_address_is_told_beside_the_field(browser: Browser, shop: Shop) -> None:
    """With what was typed, so that it can be mended."""
    await browser.open("/")
    page = await browser.send("/newsletter", email="ada at home")
    assert page.status == 422
    (field,) = page.all("input", id="newsletter-email")
    assert (field["value"], field["aria-invalid"]) == ("ada at home", "true")
    assert page.all("p", id="newsletter-email-error")


async def test_an_unknown_unsubscribe_link_is_explained(browser: Browser, shop: Shop) -> None:
    """Mail programs cut links; the reader is told what to do."""
    page = await browser.open("/newsletter/unsubscribe/" + "x" * 300)
    assert page.status == 404
    assert "This link is not known here" in page.text


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/about", "shop.about"),
        ("/shipping", "orders.shipping_note"),
        ("/terms", "legal.terms"),
        ("/privacy", "legal.privacy"),
        ("/imprint", "legal.imprint"),
    ],
)
async def test_pages_of_words_are_there_when_their_setting_is(
    browser: Browser, shop: Shop, path: str, key: str
) -> None:
    """And are linked then; otherwise they are not found."""
    assert (await browser.open(path)).status == 404
    await shop.settings.put(key, "First.\nSame paragraph.\n\nSecond.")
    page = await browser.open(path)
    assert page.status == 200
    assert "<p>First.<br>Same paragraph.</p>" in page.html
    assert path in {link["href"] for link in (await browser.open("/")).all("a")}


async def test_the_shop_is_decorated_with_the_pictures_that_its_settings_name(browser: Browser, shop: Shop) -> None:
    """Banners on their pages, a cover on the shelf, a swatch beside its colour."""
    red, purple, beige = sorted((await shop.pictures.list()).items, key=lambda picture: picture.id)
    await shop.settings.put("storefront.banners", {"front": red.id, "pantry": purple.id, "parcels": beige.id})
    await shop.settings.put("storefront.covers", {"plum-bowl": purple.id})
    await shop.settings.put("storefront.swatches", {"sprig-shirt": {"Cream": beige.id}})
    await shop.settings.put("orders.shipping_note", "By bicycle.")

    def sources() -> list[str]:
        return [image["src"] for image in browser.page.all("img")]

    await browser.open("/")
    assert sources()[0] == red.url
    assert purple.url in sources()
    await browser.open("/?category=Pantry")
    assert sources()[0] == purple.url
    await browser.open("/shipping")
    assert sources() == [beige.url]
    await browser.open("/products/sprig-shirt")
    assert browser.page.all("img", src=beige.url, alt="")


@pytest.mark.parametrize("wrong", [{"front": 4711}, {"front": "one"}, [1], None, "x"])
async def test_decoration_that_is_not_there_leaves_the_page_standing(
    browser: Browser, shop: Shop, database_writer: Callable[[str, Any], Awaitable[None]], wrong: Any
) -> None:
    """A picture that was deleted since, or a value that nobody checked (a restored file, another version)."""
    for key in ("storefront.banners", "storefront.covers", "storefront.swatches"):
        await database_writer(key, wrong)
    for path in ("/", "/products/sprig-shirt"):
        assert (await browser.open(path)).status == 200


async def test_other_places_of_the_shop_are_linked_if_they_are_safe(browser: Browser, shop: Shop) -> None:
    """Whoever can write a setting must not be able to run a script by it."""
    await shop.settings.put("social.mastodon", "https://social.example/@berries")
    await shop.settings.put("social.evil", "javascript:alert(1)")
    page = await browser.open("/")
    assert page.all("a", href="https://social.example/@berries")
    assert "javascript:" not in page.html


async def test_search_engines_are_kept_out_on_demand_and_always_of_private_pages(browser: Browser, shop: Shop) -> None:
    """The basket is nobody's business in any case."""
    assert not (await browser.open("/")).all("meta", name="robots")
    assert (await browser.open("/basket")).all("meta", name="robots", content="noindex")
    await shop.settings.put("seo.indexing", False)
    assert (await browser.open("/")).all("meta", name="robots", content="noindex")


@pytest.mark.parametrize("path", ["/products/nope", "/nowhere", "/products/secret-candle"])
async def test_what_is_not_there_has_a_page_of_its_own(browser: Browser, shop: Shop, path: str) -> None:
    """With a way back, and with the headers of every other page."""
    page = await browser.open(path)
    assert page.status == 404
    assert "This page has rolled away" in page.text
    assert "/" in {link["href"] for link in page.all("a")}
    assert "script-src 'self'" in page.response.headers["content-security-policy"]
