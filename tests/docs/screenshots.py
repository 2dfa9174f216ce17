"""Makes the pictures of the documentation: the pages as they are, of the demo shop, in headless Chromium.

python -m tests.docs.screenshots              into docs/images
python -m tests.docs.screenshots FOLDER       into another one: in light and dark, wide and narrow, and from top to end
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from berrypod.commands import demo
from berrypod.settings import Settings
from tests.support.browser import chromium
from tests.support.server import start_server

IMAGES = Path(__file__).parents[2] / "docs" / "images"

_COLOURS = 96
_LOST_ORDERS = 3

# Pixels: as wide as a page of documentation is read, and a telephone.
_WIDE, _NARROW = (1200, 780), (390, 844)


@dataclass(frozen=True)
class Demo:
    url: str
    email: str
    password: str


@dataclass(frozen=True)
class View:
    """How a page is looked at. `whole`: from top to end, and not as much as a screen shows."""

    size: tuple[int, int] = _WIDE
    scheme: Literal["light", "dark"] = "light"
    whole: bool = False

    @property
    def end(self) -> str:
        return f"-{'wide' if self.size == _WIDE else 'narrow'}-{self.scheme}" if self.whole else ""


_EVERY_VIEW = tuple(View(size, scheme, whole=True) for size in (_WIDE, _NARROW) for scheme in ("light", "dark"))


def storefront(page: Page, shop: Demo) -> None:
    page.goto(f"{shop.url}/")


def product(page: Page, shop: Demo) -> None:
    page.goto(f"{shop.url}/")
    page.locator("main a[href^='/products/']").first.click()


def dashboard(page: Page, shop: Demo) -> None:
    page.goto(f"{shop.url}/admin")


def backup(page: Page, shop: Demo) -> None:
    page.goto(f"{shop.url}/admin/backup")
    expect(page.get_by_role("table").get_by_text("product_variants", exact=True).first).to_be_visible(timeout=30_000)


def restore(page: Page, shop: Demo) -> None:
    """A backup, some orders, and then the backup again: what would be lost."""
    backup(page, shop)
    with tempfile.TemporaryDirectory() as folder:
        with page.expect_download(timeout=60_000) as coming:
            page.get_by_role("button", name="Download backup").click()
        file = Path(folder) / coming.value.suggested_filename
        coming.value.save_as(file)
        for _ in range(_LOST_ORDERS):
            _order(shop)
        page.goto(f"{shop.url}/admin/backup")
        page.locator("[data-restore-drop] input[type=file]").set_input_files(file)
        expect(page.get_by_role("heading", name="What would be lost").first).to_be_visible(timeout=60_000)


PAGES: dict[str, Callable[[Page, Demo], None]] = {"storefront": storefront, "restore": restore, "backup": backup}
MORE_PAGES = {"product": product, "dashboard": dashboard, **PAGES}


def _order(shop: Demo) -> None:
    products = httpx.get(f"{shop.url}/api/products").json()
    slug = products["items"][0]["slug"]
    offers = httpx.get(f"{shop.url}/api/products/{slug}").json()["variants"]
    order = {
        "email": "bramble@example.com",
        "name": "Bramble Hedge",
        "address_line1": "1 Lane",
        "postcode": "12345",
        "city": "Ripe",
        "country": "Germany",
        "lines": [{"sku": offers[0]["sku"], "quantity": 1}],
    }
    answer = httpx.post(f"{shop.url}/api/orders", json=order)
    assert answer.status_code == 201, answer.text


def pictures(
    browser: Browser, shop: Demo, pages: dict[str, Callable[[Page, Demo], None]], views: tuple[View, ...]
) -> Iterator[tuple[str, bytes]]:
    """The name of each picture, and a PNG."""
    page = browser.new_context(device_scale_factor=1).new_page()
    page.goto(f"{shop.url}/admin/login")
    page.get_by_label("E-mail address").fill(shop.email)
    page.get_by_label("Password").fill(shop.password)
    page.get_by_role("button", name="Sign in").click()
    for name, go in pages.items():
        page.set_viewport_size({"width": _WIDE[0], "height": _WIDE[1]})
        go(page, shop)
        for view in views:
            page.set_viewport_size({"width": view.size[0], "height": view.size[1]})
            page.emulate_media(color_scheme=view.scheme, reduced_motion="reduce")
            page.wait_for_load_state("networkidle")
            yield f"{name}{view.end}", page.screenshot(full_page=view.whole)


def small(png: bytes) -> bytes:
    """The same in few colours: a third of the bytes, for a repository that keeps every version."""
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def main(folder: Path | None = None) -> None:
    target = folder or IMAGES
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        values = demo.prepare(Path(place) / "demo")
        server = start_server(Settings.from_env(values))
        shop = Demo(server.url, values["BERRYPOD_DEMO_EMAIL"], values["BERRYPOD_DEMO_PASSWORD"])
        try:
            with chromium() as browser:
                asked = (PAGES, (View(),)) if folder is None else (MORE_PAGES, _EVERY_VIEW)
                for name, png in pictures(browser, shop, *asked):
                    content = small(png)
                    (target / f"{name}.png").write_bytes(content)
                    print(f"{target / name}.png: {len(content):,} bytes")
        finally:
            server.stop()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
