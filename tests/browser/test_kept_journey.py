"""An admin keeps a backup, proves it, loses an order by bringing it back, and deletes it: all in the browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_backup_journey import place_order, sign_in

pytestmark = pytest.mark.browser


def test_a_kept_backup_is_proven_brought_back_and_deleted(page: Page, shop: Open) -> None:
    place_order(shop)
    sign_in(page, shop)
    page.get_by_role("button", name="Keep on this machine").click()
    row = page.locator("li[data-kept-backup]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("checked")

    row.locator("summary", has_text="More").click()
    row.get_by_label("Note").fill("before the sale")
    row.get_by_role("button", name="Save the note").click()
    expect(row).to_contain_text("before the sale")

    row.locator("summary", has_text="More").click()
    row.get_by_role("button", name="Prove that it can be restored").click()
    expect(page).to_have_url(re.compile(r"\?drill="))
    # What somebody reads and types while it is followed stays.
    row.locator("summary", has_text="More").click()
    row.get_by_label("Note").fill("before the sale, and counted")
    expect(page.get_by_text("A shop was run on the backup of")).to_be_visible(timeout=180_000)
    expect(row).to_contain_text("proven")
    expect(row.get_by_label("Note")).to_have_value("before the sale, and counted")
    expect(row.get_by_label("Note")).to_be_focused()

    lost = place_order(shop)
    page.goto(f"{shop.url}/admin/backup")
    row.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("heading", name="What would be lost").first).to_be_visible()
    expect(page.get_by_text(lost).first).to_be_visible()

    page.goto(f"{shop.url}/admin/backup")
    row.locator("summary", has_text="More").click()
    row.locator("summary", has_text="Delete").click()
    row.get_by_role("button", name="Delete for good").click()
    expect(row).to_have_count(0)
    expect(page.get_by_text("None yet.").first).to_be_visible()
