"""An encrypted shop that sells one thing, its admin with an authenticator, a server and a browser."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from pyotp.totp import TOTP

from berrypod.accounts import Accounts
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.shop.inventory_records import NewProduct, NewVariant
from berrypod.storage.database import Database
from tests.support.browser import chromium
from tests.support.server import RunningServer

EMAIL = "owner@example.com"
PASSWORD = "a pod of berries, by the gate"
TITLE = "Gooseberry Fool Apron"


@dataclass(frozen=True)
class Open:
    """A shop that is open: `totp` gives the codes of the admin's authenticator."""

    settings: Settings
    server: RunningServer
    totp: TOTP

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


# The status of a page that says what was wrong with a form is an error to the console alone.
_FORM_CAME_BACK = re.compile(r"Failed to load resource: the server responded with a status of (409|422)")


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page of a new visitor. What the browser's console complains of fails the test: a blocked script, say."""
    context = browser.new_context(accept_downloads=True)
    complaints: list[str] = []
    page = context.new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not _FORM_CAME_BACK.match(message.text):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def shop(encrypted_settings: Settings, serve: Callable[..., RunningServer]) -> Open:
    with ThreadPoolExecutor(1) as thread:  # Playwright keeps an event loop running in this one
        secret = thread.submit(asyncio.run, _stock(encrypted_settings)).result()
    return Open(encrypted_settings, serve(encrypted_settings), TOTP(secret))


async def _stock(settings: Settings) -> str:
    """One product and one admin; returns the secret of their authenticator."""
    database = Database(settings)
    await database.open()
    try:
        shop, accounts = Shop(database), Accounts(database, settings)
        await shop.inventory.create(
            NewProduct(
                slug="gooseberry-fool-apron",
                title=TITLE,
                status="active",
                variants=[NewVariant(sku="APRON-1", title="One size", price_minor=3400, stock=50)],
            )
        )
        admin = await accounts.admins.create(email=EMAIL, name="Owner", password=PASSWORD)
        await accounts.totp.begin(admin.id)
        pending = await accounts.totp.pending(admin.id)
        assert pending
        secret = pending.secret.reveal()
        # The code before this one's: each is good once, and signing in needs the present one.
        await accounts.totp.confirm(admin.id, TOTP(secret).at(int(time.time()) - 30))
        return secret
    finally:
        await database.close()
