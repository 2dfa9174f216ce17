"""The page of the API in a browser: it works offline, under the strict Content-Security-Policy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.support.browser import chromium
from tests.support.server import RunningServer, start_server

pytestmark = pytest.mark.browser


@pytest.fixture
def server(api_file: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[RunningServer]:
    path = tmp_path / "shop.db"
    shutil.copyfile(api_file[0], path)
    server = start_server(Settings(environment="test", database_path=path))
    yield server
    server.stop()


def test_the_page_lists_operations_and_tries_them_with_a_token(server: RunningServer, tokens: dict[str, str]) -> None:
    with chromium() as browser:
        page = browser.new_page()
        complaints: list[str] = []
        elsewhere: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda sent: None if sent.url.startswith((server.url, "data:")) else elsewhere.append(sent.url)
        )
        page.goto(f"{server.url}/schema")
        page.wait_for_selector("#operations-catalogue-listProducts")
        page.wait_for_function("document.querySelectorAll('.opblock').length > 25")

        page.click(".authorize")
        page.fill("input[aria-label='auth-bearer-value']", tokens["shop:read"])
        page.click(".auth-btn-wrapper .authorize")
        page.click(".auth-btn-wrapper .btn-done")
        page.click("#operations-inventory-listInventory .opblock-summary")
        page.click("#operations-inventory-listInventory .try-out__btn")
        page.click("#operations-inventory-listInventory .execute")
        page.wait_for_selector("#operations-inventory-listInventory .live-responses-table")
        assert "secret-candle" in page.inner_text("#operations-inventory-listInventory .live-responses-table")

        assert complaints == []
        assert elsewhere == []
