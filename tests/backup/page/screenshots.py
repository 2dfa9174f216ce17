"""Pictures of the pages of backups in each of their states, to be looked at: those that take a broken disk, too.

python -m tests.backup.page.screenshots FOLDER [PART-OF-A-NAME]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from berrypod_backup.kept_panel import KeptPanel
from berrypod_backup.panel import PAGE, Panel
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.view import BASE, SchedulePage
from berrypod_s3.panel import Panel as S3Panel
from jinja2 import PackageLoader
from playwright.sync_api import Page

from berrypod.commands import demo
from berrypod.settings import Settings
from berrypod.web.templating import create_environment
from tests.backup.drill.making import changed, flip
from tests.backup.page import states
from tests.backup.schedule.test_turns import put
from tests.faults.served import command, told
from tests.support.browser import chromium
from tests.support.server import start_server

_SIZES = {"wide": (1200, 780), "narrow": (390, 844)}
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# Pages that many parts of the program have a hand in: as they are.
_OF_A_SHOP_IN_TROUBLE = {
    "shop-dashboard": "/admin",
    "shop-alarms": "/admin/alarms",
    "shop-backup": PAGE,
    "shop-schedule": BASE,
}

T = TypeVar("T")

# Of the page of panels only this one, with other contents; scripts in it do not run, so nothing is followed.
_PANEL = """([id, html]) => {
  document.querySelectorAll("section.panel").forEach(panel => { if (panel.id !== id) panel.remove(); });
  document.querySelector(`#${id} .panel__body`).innerHTML = html;
}"""
# Colours pass over into the others of a scheme.
_SETTLED = "document.getAnimations().forEach(each => { if (each instanceof CSSTransition) each.finish(); })"
_WHOLE = """([, html]) => { document.querySelector(".admin__head").parentElement.innerHTML = html; }"""


def pictures() -> Iterator[tuple[str, str, str, list[str]]]:
    """The name of each, the page that it is of, what puts it there, and what that is given."""
    panel, kept, schedule = _made(Panel), _made(KeptPanel), _made(SchedulePage)
    for name, making in states.making():
        yield f"backup-{name}", PAGE, _PANEL, ["panel-backup", panel.html(making)]
    for name, keeping in states.keeping():
        yield f"kept-{name}", PAGE, _PANEL, ["panel-backup-kept", kept.html(keeping)]
    for name, off_site in states.off_site():
        html = _made(S3Panel, "berrypod_s3").html("panel", off_site)
        yield f"s3-{name}", PAGE, _PANEL, ["panel-s3", html.replace("<details", "<details open")]
    for name, scheduling in states.scheduling():
        yield f"schedule-{name}", BASE, _WHOLE, ["", schedule.html(scheduling)]


def _made(kind: type[T], package: str = "berrypod_backup") -> T:
    """What renders alone, without the services that it asks otherwise."""
    made = kind.__new__(kind)
    made.__dict__["_environment"] = create_environment(PackageLoader(package))
    return made


def take(page: Page, url: str, target: Path, wanted: str) -> None:
    for name, path, script, values in pictures():
        if wanted not in name:
            continue
        page.goto(url + path, wait_until="load")
        page.evaluate(script, values)
        _take(page, target, name)
    for name, path in _OF_A_SHOP_IN_TROUBLE.items():
        if wanted in name:
            page.goto(url + path, wait_until="networkidle")
            _take(page, target, name)


def _take(page: Page, target: Path, name: str) -> None:
    for size, (width, height) in _SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(_SETTLED)
            page.screenshot(path=target / f"{name}-{size}-{scheme}.png", full_page=True)


def trouble(settings: Settings) -> None:
    """Give a shop a schedule that has failed for days, and a backup of which a part is damaged."""
    made = told(command(settings, "backup", "create", "--json"))
    folder = settings.database_path.with_name(f"{settings.database_path.name}-backups")
    chunk = max((folder / "chunks").glob("*/*"), key=lambda path: path.stat().st_size)
    changed(chunk, flip)
    command(settings, "backup", "verify", made["id"])
    nowhere = ScheduleSettings(kind="daily", exporters=["attic"], retries=0)
    asyncio.run(put(settings, nowhere, since=datetime.now(UTC) - timedelta(days=3)))


def sign_in(page: Page, url: str, values: Any) -> None:
    page.goto(f"{url}/admin/login")
    page.get_by_label("E-mail address").fill(values["BERRYPOD_DEMO_EMAIL"])
    page.get_by_label("Password").fill(values["BERRYPOD_DEMO_PASSWORD"])
    page.get_by_role("button", name="Sign in").click()


def main(target: Path, wanted: str = "") -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        values = demo.prepare(Path(place) / "demo")
        settings = Settings.from_env(values)
        trouble(settings)
        server = start_server(settings)
        try:
            with chromium() as browser:
                page = browser.new_context(reduced_motion="reduce").new_page()
                sign_in(page, server.url, values)
                take(page, server.url, target, wanted)
        finally:
            server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
