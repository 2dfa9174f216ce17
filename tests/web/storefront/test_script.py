"""What the script adds, in a real browser; and that no page is wider than a small phone."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.storage.database import Database
from tests.support.browser import chromium
from tests.support.server import start_server
from tests.web.storefront.conftest import fill

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Path) -> Iterator[str]:
    """The address of a stocked shop. The tests share it: starting a server takes longer than any of them."""
    settings = Settings(environment="test", database_path=tmp_path_factory.mktemp("script") / "shop.db")
    shutil.copyfile(empty_shop_file, settings.database_path)
    asyncio.run(_fill(settings))
    server = start_server(settings)
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def browser(origin: str) -> Iterator[Browser]:  # the shop first: in this thread, Playwright keeps an event loop running
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    """A new visitor's page. Whatever the browser complains of (a refused style, an error) fails the test."""
    complaints: list[str] = []
    context = browser.new_context(base_url=origin, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


async def _fill(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    await fill(Shop(database))
    await database.close()


def test_choosing_shows_price_stock_and_picture_at_once(page: Page) -> None:
    """What cannot be had is struck through before it is tried, and not offered for the basket."""
    page.goto("/products/sprig-shirt")
    page.get_by_role("radio", name="Plum").check()
    page.wait_for_selector('.gallery__thumb[aria-current][href="#picture-2"]')
    expect(page.locator(".option--out")).to_have_text("M")
    page.get_by_role("radio", name="S", exact=True).check()
    expect(page.locator("[data-stock]")).to_have_text("Only 3 left")
    expect(page.locator("[name=quantity]")).to_have_attribute("max", "3")
    page.get_by_role("radio", name="M", exact=True).check()
    expect(page.locator("[data-stock]")).to_have_text("Sold out")
    expect(page.locator("[data-add]")).to_be_disabled()


def test_the_basket_follows_its_buttons(page: Page) -> None:
    """More and less are sent by themselves; the number in the header follows."""
    page.goto("/products/raspberry-jam")
    page.get_by_role("radio", name="250 g").check()
    page.get_by_label("One more").click()
    page.get_by_role("button", name="Add to basket").click()
    page.wait_for_url("**/basket**")
    expect(page.locator("[data-basket-count]")).to_have_text(re.compile("^2"))
    page.get_by_label("One more").click()
    page.wait_for_selector("text=Your basket is up to date")
    expect(page.locator("[data-basket-count]")).to_have_text(re.compile("^3"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_is_wider_than_a_small_phone(page: Page, dark: bool) -> None:
    """320 pixels: nothing is cut off, and nothing scrolls sideways that should not."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.goto("/products/plum-bowl")
    page.get_by_role("button", name="Add to basket").click()
    page.wait_for_url("**/basket**")
    for path in (
        "/",
        "/?q=nothing",
        "/products/sprig-shirt",
        "/basket",
        "/checkout",
        "/newsletter",
        "/newsletter/thanks",
    ):
        page.goto(path)
        width: Any = page.evaluate("document.scrollingElement.scrollWidth")
        assert width == 320, path
