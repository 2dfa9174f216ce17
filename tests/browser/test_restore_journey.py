"""An admin brings a backup back: drops it, sees what that costs, confirms, and takes it back by a click."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from berrypod.accounts import Accounts
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from tests.browser.conftest import EMAIL, Open
from tests.browser.test_backup_journey import place_order, sign_in
from tests.conftest import KEY

pytestmark = pytest.mark.browser

WORDS = "Replace current database"
SLOW_BYTES_PER_SECOND = 50_000  # a minute for the file
OTHER_KEY = Secret("the key that this shop had last year")


@dataclass(frozen=True)
class Reader:
    """A program that may read orders. Its token is older than every backup here, so each of them has it."""

    shop: Open
    token: str

    def has(self, *numbers: str) -> list[bool]:
        headers = {"authorization": f"Bearer {self.token}"}
        answers = [httpx.get(f"{self.shop.url}/api/orders/{number}", headers=headers, timeout=60) for number in numbers]
        assert {answer.status_code for answer in answers} <= {200, 404}, [answer.text for answer in answers]
        return [answer.status_code == 200 for answer in answers]


@pytest.fixture
def reader(shop: Open) -> Reader:
    async def run() -> str:
        database = Database(shop.settings)
        await database.open()
        try:
            created = await Accounts(database, shop.settings).tokens.create(name="reader", scopes=["shop:read"])
            return created.token.reveal()
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:  # Playwright keeps an event loop running in this one
        return Reader(shop, thread.submit(asyncio.run, run()).result())


def download_backup(page: Page, shop: Open, folder: Path) -> Path:
    page.goto(f"{shop.url}/admin/backup")
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("button", name="Download backup").click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    expect(page.get_by_text("The backup was saved")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/admin/backup\?job="))  # It loads itself again then.
    return file


def drop(page: Page, file: Path) -> None:
    """Drop a file on its place, as a hand would: the events and the file are real."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
          const transfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          transfer.items.add(new File([bytes], name));
          return transfer;
        }""",
        [file.name, base64.b64encode(file.read_bytes()).decode()],
    )
    zone = page.locator("[data-restore-drop]")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", level=1, name=text, exact=True)


def on_its_page(page: Page, title: str) -> None:
    """The upload is done, the file looked at, and this is what the page is about."""
    expect(page).to_have_url(re.compile(r"/admin/backup/restores/[\w-]+$"))
    expect(heading(page, title)).to_be_visible()


def confirm(page: Page) -> None:
    page.get_by_label(f"Type {WORDS} to confirm").fill(WORDS)
    page.get_by_role("button", name="Replace the shop", exact=True).click()


def test_a_backup_is_dropped_compared_confirmed_and_undone(
    page: Page, shop: Open, reader: Reader, tmp_path: Path
) -> None:
    before = place_order(shop)
    sign_in(page, shop)
    file = download_backup(page, shop, tmp_path)
    lost = [place_order(shop) for _ in range(3)]
    assert reader.has(before, *lost) == [True, True, True, True]

    page.goto(f"{shop.url}/admin/backup")
    drop(page, file)
    on_its_page(page, "Bring this backup back?")
    section = page.locator("#lost")
    expect(section.get_by_role("heading", name="What would be lost")).to_be_visible()
    expect(section.locator(".figures__item").filter(has_text="Orders")).to_contain_text("3")
    expect(section.locator(".figures__item").filter(has_text="Orders")).to_contain_text("€102.00")
    for number in lost:
        expect(section.get_by_text(number)).to_be_visible()
    expect(page.get_by_text(before)).to_have_count(0)
    with page.expect_download() as coming:
        section.get_by_role("link", name="Save the list of orders (CSV)").click()
    listed = Path(coming.value.path()).read_text(encoding="utf-8-sig")
    assert all(number in listed for number in lost)
    assert before not in listed

    page.get_by_role("link", name="Replace the shop …").click()
    dialog = page.get_by_role("dialog", name="Replace the shop with this backup?")
    expect(dialog).to_be_visible()
    for number in lost:
        expect(dialog.get_by_text(number)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Replace the shop …").click()
    confirm(page)
    expect(heading(page, "The shop runs on the backup")).to_be_visible()
    assert reader.has(before, *lost) == [True, False, False, False]
    page.goto(f"{shop.url}/admin/account")
    expect(page.get_by_text(EMAIL).first).to_be_visible()

    page.goto(f"{shop.url}/admin/backup")
    expect(page.get_by_text("A backup was brought back")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(heading(page, "The former shop is back")).to_be_visible()
    assert reader.has(before, *lost) == [True, True, True, True]


def test_an_upload_can_be_cancelled_and_what_is_no_backup_is_told(page: Page, shop: Open, tmp_path: Path) -> None:
    sign_in(page, shop)
    large = tmp_path / "holiday.mov"
    large.write_bytes(secrets.token_bytes(3_000_000))
    line = page.context.new_cdp_session(page)
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW_BYTES_PER_SECOND},
    )
    field = page.get_by_label("Choose a file")
    field.set_input_files(large)
    progress = page.locator("[data-upload-progress]")
    expect(progress.get_by_text("holiday.mov")).to_be_visible()
    expect(progress.get_by_text(re.compile(r"of 3\.0 MB"))).to_be_visible()
    expect(progress.get_by_text(re.compile(r"per second, .+ left"))).to_be_visible()
    page.get_by_role("button", name="Cancel the upload").press("Enter")
    expect(page.get_by_text("Nothing of the file was kept, and the shop was not touched.")).to_be_visible()
    expect(field).to_be_focused()

    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    page.reload()
    expect(page.get_by_text("A backup waits")).to_have_count(0)
    drop(page, large)
    on_its_page(page, "Another key is needed")  # random bytes look like a file of another key


def test_a_backup_of_another_key_is_brought_under_the_shops_key(page: Page, shop: Open, tmp_path: Path) -> None:
    file = tmp_path / "of-last-year.db"
    schema.create(file, OTHER_KEY)
    sign_in(page, shop)
    drop(page, file)
    on_its_page(page, "Another key is needed")
    page.get_by_label("Was it made with another key?").fill("not this one")
    page.get_by_role("button", name="Try this key").click()
    expect(page.get_by_text("That key does not open the file either.")).to_be_visible()
    page.get_by_label("Was it made with another key?").fill(OTHER_KEY.reveal())
    page.get_by_role("button", name="Try this key").click()
    expect(heading(page, "Bring this backup back?")).to_be_visible()
    expect(page.get_by_text("It was brought under the shop's key.")).to_be_visible()
    expect(page.get_by_text("Your account is not in this backup")).to_be_visible()

    page.get_by_role("link", name="Replace the shop …").click()
    expect(page.get_by_label("Keep my account")).to_be_checked()
    confirm(page)
    expect(heading(page, "The shop runs on the backup")).to_be_visible()
    page.reload()
    expect(heading(page, "The shop runs on the backup")).to_be_visible()
    _open_with(shop.settings, KEY)


def test_orders_that_come_while_one_confirms_are_shown_before_it_goes_on(
    page: Page, shop: Open, reader: Reader, tmp_path: Path
) -> None:
    sign_in(page, shop)
    file = download_backup(page, shop, tmp_path)
    first = place_order(shop)
    page.goto(f"{shop.url}/admin/backup")
    drop(page, file)
    on_its_page(page, "Bring this backup back?")
    page.get_by_role("link", name="Replace the shop …").click()
    second = place_order(shop)
    confirm(page)
    dialog = page.get_by_role("dialog", name="Replace the shop with this backup?")
    expect(dialog.get_by_text("The shop has changed since you compared")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text=second).last).to_contain_text("New")
    expect(dialog.get_by_role("listitem").filter(has_text=first).last).not_to_contain_text("New")
    assert reader.has(first, second) == [True, True]

    dialog.get_by_label("Go on even if more orders come in the meantime").check()
    third = place_order(shop)
    confirm(page)
    expect(heading(page, "The shop runs on the backup")).to_be_visible()
    expect(page.get_by_text("One order came too late")).to_be_visible()
    expect(page.get_by_text(third)).to_be_visible()
    assert reader.has(first, second, third) == [False, False, False]

    fourth = place_order(shop)
    page.get_by_role("button", name="Undo: put the former shop back").click()
    expect(heading(page, "Put the former shop back?")).to_be_visible()
    expect(page.locator("#lost").get_by_text(fourth)).to_be_visible()
    assert reader.has(fourth) == [True]
    page.get_by_role("button", name="Put the former shop back").click()
    expect(heading(page, "The former shop is back")).to_be_visible()
    assert reader.has(first, second, third, fourth) == [True, True, True, False]


def test_all_of_it_works_without_javascript(browser: Browser, shop: Open, reader: Reader, tmp_path: Path) -> None:
    """A form takes the file, pages renew themselves, and the confirmation is a part of the page."""
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    sign_in(page, shop)
    page.get_by_role("button", name="Download backup").click()
    link = page.get_by_role("link", name=re.compile("Download|Save")).first
    expect(link).to_be_visible()
    with page.expect_download(timeout=60_000) as coming:
        link.click()
    file = tmp_path / "backup.db"
    coming.value.save_as(file)
    lost = place_order(shop)

    page.goto(f"{shop.url}/admin/backup")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check this file").click()
    on_its_page(page, "Bring this backup back?")
    expect(page.locator("#lost").get_by_text(lost)).to_be_visible()
    page.get_by_role("link", name="Replace the shop …").click()
    confirm(page)
    expect(heading(page, "The shop runs on the backup")).to_be_visible()
    assert reader.has(lost) == [False]
    page.get_by_role("button", name="Undo: put the former shop back").click()
    expect(heading(page, "The former shop is back")).to_be_visible()
    assert reader.has(lost) == [True]
    context.close()


def _open_with(settings: Settings, key: Secret) -> None:
    """:raises WrongKey: the shop's file does not open with this key."""

    async def run() -> None:
        database = Database(replace(settings, secret_key_db=key))
        await database.open()
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
