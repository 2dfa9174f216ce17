"""Headless Chromium, from the distribution's packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

# As root Chromium needs --no-sandbox; the others keep it from looking for hosts that are not there.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]

# For all that must come about. A busy machine may stand still for as long as the five seconds that are usual.
expect.set_options(timeout=60_000)


def browser_path() -> str | None:
    """Where Chromium is: BERRYPOD_TEST_BROWSER, or found on the path."""
    return os.environ.get("BERRYPOD_TEST_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")


def browser_missing() -> str | None:
    """Why there is no browser; None if there is one."""
    return None if browser_path() else "no Chromium on the path: install it, or set BERRYPOD_TEST_BROWSER"


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser of its own.

    :raises RuntimeError: there is none, where one is required (CI).
    """
    path = browser_path()
    if path is None:
        raise RuntimeError(browser_missing())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS, timeout=180_000)
        try:
            yield browser
        finally:
            browser.close()
