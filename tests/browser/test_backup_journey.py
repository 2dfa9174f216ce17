"""An admin signs in, sees what is in the file, and takes a backup home that opens without us."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.backup.stranger import look
from tests.browser.conftest import EMAIL, PASSWORD, TITLE, Open
from tests.conftest import KEY

pytestmark = pytest.mark.browser


def sign_in(page: Page, shop: Open) -> None:
    """From the backup page's address: whoever is not signed in is sent to sign in, and then back."""
    page.goto(f"{shop.url}/admin/backup")
    expect(page).to_have_url(re.compile(r"/admin/login\?next="))
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code of your authenticator app").fill(shop.totp.now())
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{shop.url}/admin/backup")
    page.wait_for_load_state()  # The address is there before the page's scripts are.


def place_order(shop: Open) -> str:
    order = {
        "email": "customer@example.com",
        "name": "Bramble Hedge",
        "address_line1": "1 Lane",
        "postcode": "12345",
        "city": "Ripe",
        "country": "DE",
        "lines": [{"sku": "APRON-1", "quantity": 1}],
    }
    answer = httpx.post(f"{shop.url}/api/orders", json=order, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


def test_an_admin_signs_in_sees_what_is_in_the_file_and_downloads_it(page: Page, shop: Open, tmp_path: Path) -> None:
    number = place_order(shop)
    sign_in(page, shop)
    expect(page.get_by_role("heading", name="Backup", exact=True)).to_be_visible()
    expect(page.get_by_text("SQLCipher 4")).to_be_visible()
    tables = page.get_by_role("table")
    expect(tables.get_by_text("product_variants", exact=True).first).to_be_visible()

    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("button", name="Download backup").click()
    assert re.fullmatch(r"berrypod-backup-\d{8}-\d{6}\.db", coming.value.suggested_filename)
    file = tmp_path / coming.value.suggested_filename
    coming.value.save_as(file)
    expect(page.get_by_text("The backup was saved")).to_be_visible()
    # The figures belong to another panel: they are renewed too.
    expect(page.get_by_text("downloaded", exact=False)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/admin/backup\?job="))

    assert TITLE.encode() not in file.read_bytes()
    found = look(file, KEY.reveal())
    assert found["check"] == "ok"
    assert found["orders"] == [number]
    assert found["counts"]["products"] == 1
    assert found["counts"]["orders"] == 1
    assert found["counts"]["admins"] == 1


def test_the_backup_page_works_without_javascript(browser, shop: Open, tmp_path: Path) -> None:
    """The form leads to a page that renews itself until the backup can be fetched."""
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    sign_in(page, shop)
    page.get_by_role("button", name="Download backup").click()
    link = page.get_by_role("link", name=re.compile("Download|Save", re.IGNORECASE)).first
    expect(link).to_be_visible()
    with page.expect_download(timeout=60_000) as coming:
        link.click()
    file = tmp_path / "backup.db"
    coming.value.save_as(file)
    context.close()
    assert look(file, KEY.reveal())["check"] == "ok"
