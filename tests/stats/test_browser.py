"""In a browser the figures appear without a reload, keep what was opened, and come without JavaScript too."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from berrypod_stats import plugin
from berrypod_stats.service import Pace
from litestar import Litestar, MediaType, Response, get
from playwright.sync_api import Browser, Page

from berrypod.declarations import PanelRequest
from berrypod.plugins import Ok
from berrypod.storage.models import Setting
from berrypod.testing_tools import CheckPlugin
from tests.support.browser import chromium

from .test_service import NOW

pytestmark = pytest.mark.browser

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"


@dataclass
class Site:
    """The panel on a page of its own, under the policy of the shop's pages."""

    url: str
    loop: asyncio.AbstractEventLoop
    go: asyncio.Event

    def let_it_measure(self) -> None:
        self.loop.call_soon_threadsafe(self.go.set)


@pytest.fixture
def site(check_plugin: CheckPlugin) -> Generator[Site]:
    """Served by a thread; each measurement waits until the test lets it go on."""
    checked = check_plugin(plugin, name="stats")
    context, panels = checked.context, checked.plugins.admin_panels
    measurements = plugin.measurements_of(context)
    measurements.pace = Pace(least=0.1, unwatched=60, rest_factor=0)
    source, go, started = measurements.source, asyncio.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    measure = source.measurement

    async def measure_when_told() -> object:
        await go.wait()
        go.clear()
        return await measure()

    source.measurement = measure_when_told  # type: ignore[method-assign]

    @get("/admin/backup")
    async def page() -> Response[str]:
        request = PanelRequest(csrf_token="x", query={}, admin_email="a@example.org", path="/admin/backup")
        outcome = await checked.plugins.render(panels[0], request)
        assert isinstance(outcome, Ok)
        return Response(
            f"<!doctype html><title>Backup</title>{outcome.value}",
            media_type=MediaType.HTML,
            headers={"Content-Security-Policy": POLICY},
        )

    @get("/change")
    async def change() -> None:
        async with context.database.write() as session:
            await session.merge(Setting(key="changed", value=time.time(), updated_at=NOW))

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncGenerator[None]:
        await context.database.open()
        loops.append(asyncio.get_running_loop())
        async with checked.plugins.lifespans():
            started.set()
            yield
        await context.database.close()

    app = checked.plugins.build_with_routes(lambda routers: Litestar([*routers, page, change], lifespan=[running]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert started.wait(60)
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", loops[0], go)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


def state(page: Page) -> str | None:
    return page.get_attribute("[data-stats-state]", "data-stats-state")


def test_the_panel_renews_itself(site: Site, browser: Browser) -> None:
    """From being measured to current, and from stale to current, in the same page and with what was opened open."""
    with browser.new_page() as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if "Policy" in message.text else None)
        page.goto(f"{site.url}/admin/backup")
        assert state(page) == "measuring"
        page.evaluate("window.sameLoad = true")

        site.let_it_measure()
        page.wait_for_selector("[data-stats-state=current]")
        assert page.evaluate("window.sameLoad") is True

        page.request.get(f"{site.url}/change")
        page.reload()
        assert state(page) == "stale"
        page.click("[data-keep=products] summary")
        page.evaluate("window.sameLoad = true")
        site.let_it_measure()
        page.wait_for_selector("[data-stats-state=current]")
        assert page.evaluate("window.sameLoad") is True
        assert page.locator("details[open]").get_attribute("data-keep") == "products"
        assert problems == []


def test_without_javascript(site: Site, browser: Browser) -> None:
    """The page loads itself again until the tables are there, and rests then."""
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(f"{site.url}/admin/backup")
        assert state(page) == "measuring"
        site.let_it_measure()
        page.wait_for_selector("[data-stats-state=current]", timeout=60_000)
        assert page.locator("meta[http-equiv=refresh]").count() == 0
