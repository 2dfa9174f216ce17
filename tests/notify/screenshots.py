"""Pictures of the page of alarms in its states, to be looked at: nobody told, a form refused, tests, much that was sent

python -m tests.notify.screenshots FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from berrypod_notify.state import Failing, News, Sent, State, Waiting, Words
from berrypod_notify.store import Store
from msgspec.structs import replace
from playwright.sync_api import Page

from berrypod.commands import demo
from berrypod.records import Trouble
from berrypod.settings import Settings
from tests.notify.conftest import BAD
from tests.support.browser import chromium
from tests.support.server import start_server

_SIZES = {"wide": (1200, 780), "narrow": (390, 844)}
_MAIL = {
    "recipients": "ana@example.com, ben@example.com",
    "sender": "shop@example.com",
    "host": "localhost",
    "port": "9",
}


def _much(state: State) -> State:
    now = datetime.now(UTC)
    kinds: list[Any] = ["alarm", "reminder", "reminder", "recovered"]
    trouble = Trouble(
        code="notification_not_sent",
        message="The mail server mail.example.com:587 refused the user name or the password: 535 5.7.8 Authentication "
        "credentials invalid",
        hint="Enter both anew. Many providers want a password made for programs, not that of the mailbox.",
    )
    news = News(kind="alarm", part="backup", words=Words.of(BAD), since=now, at=now)
    return replace(
        state,
        sent=tuple(
            Sent(
                at=now - timedelta(hours=7 * number),
                notifier="email",
                kind=kinds[number % 4],
                part="backup",
                code="backup_overdue",
                title="The last backup is 3 days old, and the one before could not be proven",
            )
            for number in range(50)
        ),
        waiting=(Waiting(notifier="email", news=news),),
        failing={"email": Failing(since=now - timedelta(hours=3), attempts=9, next_at=now, trouble=trouble)},
    )


def _take(page: Page, target: Path, name: str) -> None:
    for size, (width, height) in _SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=target / f"{name}-{size}.png", full_page=True)


def _fill(page: Page, **fields: str) -> None:
    page.locator("summary", has_text="e-mail").click()
    for name, value in {**_MAIL, **fields}.items():
        page.locator(f"#email-{name}").fill(value)


def take(page: Page, url: str, store: Store, target: Path) -> None:
    page.goto(f"{url}/admin/alarms")
    _take(page, target, "nobody")
    _fill(page, recipients="nobody")
    page.get_by_role("button", name="Save e-mail").click()
    _take(page, target, "refused")
    page.goto(f"{url}/admin/alarms")
    _fill(page)
    page.get_by_role("button", name="Save e-mail").click()
    _take(page, target, "saved")
    page.get_by_role("button", name="Send a test").first.click()
    _take(page, target, "failed")
    store.update(_much)
    page.goto(f"{url}/admin/alarms")
    _take(page, target, "much")
    page.goto(f"{url}/admin")
    _take(page, target, "dashboard")


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        values = demo.prepare(Path(place) / "demo")
        settings = Settings.from_env(values)
        server = start_server(settings)
        try:
            with chromium() as browser:
                page = browser.new_context(reduced_motion="reduce").new_page()
                page.goto(f"{server.url}/admin/login")
                page.get_by_label("E-mail address").fill(values["BERRYPOD_DEMO_EMAIL"])
                page.get_by_label("Password").fill(values["BERRYPOD_DEMO_PASSWORD"])
                page.get_by_role("button", name="Sign in").click()
                folder = settings.database_path.with_name(f"{settings.database_path.name}-work") / "notify"
                take(page, server.url, Store(lambda: folder), target)
        finally:
            server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
