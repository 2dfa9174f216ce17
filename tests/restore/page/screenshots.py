"""Pictures of the page of a restore in each of its states, to be looked at: those that take a crash to come about, too.

python -m tests.restore.page.screenshots FOLDER
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

from berrypod_restore.faults import RestoreRunning, StateChanged, WouldLose
from berrypod_restore.panel import Panel
from berrypod_restore.records import RestoreRecord
from berrypod_restore.verdicts import Code, verdict
from berrypod_restore.views import RestoreView, UndoView, Visit
from jinja2 import PackageLoader
from playwright.sync_api import Page, Route, expect

from berrypod.commands import demo
from berrypod.errors import Invalid
from berrypod.settings import Settings
from berrypod.web.templating import create_environment
from tests.restore.page import samples
from tests.support.browser import chromium
from tests.support.server import start_server

VISIT = Visit(token="the-token", email="owner@example.com", now=samples.NOW)

_SIZES = {"wide": (1200, 780), "narrow": (390, 844)}
_PATH = f"/admin/backup/restores/{samples.ID}"


def states() -> Iterator[tuple[str, RestoreView | UndoView]]:
    """The name of each state, and what the page is given then."""
    for code in get_args(Code):
        if code not in ("valid", "schema_older"):
            yield f"refused-{code}", _view(samples.refused(code))
    for name, refusal in (("guard", samples.REFUSAL), ("broken-guard", samples.BROKEN_GUARD)):
        yield f"refused-{name}", _view(samples.record("refused", verdict=verdict("valid"), guards=(refusal,)))
    yield "uploading", _view(samples.record("uploading", source="kept", progress=0.42))
    yield "inspecting", _view(samples.record("inspecting", stage="reading", progress=0.7))
    yield "comparing", _view(samples.ready(), phase="comparing")
    yield from _decisions()
    for stage in ("waiting", "closing", "replacing", "checking", "opening"):
        yield f"applying-{stage}", _view(samples.record("applying", stage=stage))
    yield from _outcomes()


def _decisions() -> Iterator[tuple[str, RestoreView | UndoView]]:
    ready, since = samples.ready(), samples.NOW - timedelta(minutes=10)
    yield "ready-some-lost", _compared(ready)
    yield "ready-many-lost", _compared(samples.ready(guards=(samples.WARNING,)), comparison=samples.MANY_LOST)
    yield "ready-nothing-lost", _compared(ready, comparison=samples.NOTHING_LOST)
    yield "ready-unreadable-shop", _compared(ready, comparison=samples.UNREADABLE)
    yield "ready-account-missing", _compared(ready, account_missing=True)
    yield "confirm", _compared(ready, visit=replace(VISIT, confirming=True))
    for name, error in (
        ("wrong-words", Invalid("These are other words", fields={"confirm": "Type them again."})),
        ("changed", StateChanged()),
        ("second", RestoreRunning("A database is being restored already, since 09:29:58 UTC by other@example.com")),
    ):
        yield f"confirm-{name}", _compared(ready, visit=VISIT.refused(error, since))
    undo = UndoView(former=samples.FORMER, visit=VISIT.refused(WouldLose()), comparison=samples.SOME_LOST, expect="x")
    yield "undo-would-lose", undo
    yield "undo-changed", replace(undo, visit=VISIT.refused(StateChanged(), since))


def _outcomes() -> Iterator[tuple[str, RestoreView]]:
    applied: dict[str, Any] = {"outcome": "replaced", "closed_seconds": 0.21, "former": samples.FORMER.id}
    yield "applied", _view(samples.record("applied", **applied), former=samples.FORMER)
    late = samples.record("applied", **applied, arrived_since=("K7QM-2XWD", "3HVP-9RTA"))
    yield "applied-late-orders", _view(late, former=samples.FORMER)
    undone = samples.record("applied", **applied, operation="undo", source="former")
    yield "undone", _view(undone, former=samples.FORMER)
    for state, stage, outcome in (
        ("failed", "checking", "returned"),
        ("failed", "closing", "unchanged"),
        ("failed", "reading", None),
        ("interrupted", "replacing", "replaced"),
        ("interrupted", "closing", "unchanged"),
        ("interrupted", "reading", None),
    ):
        record = samples.record(state, stage=stage, outcome=outcome, error=samples.DAMAGED)
        yield f"{state}-{outcome or 'not-taken'}", _view(record)


def _view(record: RestoreRecord, **more: Any) -> RestoreView:
    fields: dict[str, Any] = {"record": record, "phase": record.state, "visit": VISIT, **more}
    return RestoreView(**fields)


def _compared(record: RestoreRecord, **more: Any) -> RestoreView:
    return _view(record, **{"comparison": samples.SOME_LOST, "expect": "expected", **more})


def _panel() -> Panel:
    panel = Panel.__new__(Panel)
    panel.__dict__["_environment"] = create_environment(PackageLoader("berrypod_restore"))
    return panel


def _sign_in(page: Page, url: str, email: str, password: str) -> None:
    page.goto(f"{url}/admin/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _frame(page: Page, url: str, folder: Path) -> tuple[str, str, dict[str, str]]:
    """What is before and after the contents on a real page, and with which headers it comes: its policy, too."""
    nonsense = folder / "nonsense.db"
    nonsense.write_bytes(b"no backup")
    page.goto(f"{url}/admin/backup")
    page.locator("[data-restore-drop] input[type=file]").set_input_files(nonsense)
    refused = page.get_by_role("heading", level=1, name="This backup cannot be brought back")
    expect(refused).to_be_visible(timeout=30_000)
    answer = page.request.get(page.url)
    found = re.search(r'^(.*)<div class="restore".*?</script>(.*)$', answer.text(), re.DOTALL)
    assert found
    return found[1], found[2], {name: answer.headers[name] for name in ("content-type", "content-security-policy")}


def take(page: Page, url: str, folder: Path, target: Path) -> None:
    before, after, headers = _frame(page, url, folder)
    panel, shown = _panel(), {"body": ""}

    def answer(route: Route) -> None:
        if route.request.is_navigation_request():
            route.fulfill(body=shown["body"], headers=headers)
        else:
            route.abort()  # what its script asks a restore for that is none

    page.route(re.compile(re.escape(_PATH)), answer)
    for name, view in states():
        html = panel.undo(view) if isinstance(view, UndoView) else panel.page(view)
        shown["body"] = before + html + after
        for size, (width, height) in _SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(url + _PATH, wait_until="load")
            page.screenshot(path=target / f"{name}-{size}.png", full_page=not name.startswith("confirm"))


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        values = demo.prepare(Path(place) / "demo")
        server = start_server(Settings.from_env(values))
        try:
            with chromium() as browser:
                page = browser.new_context(reduced_motion="reduce").new_page()
                _sign_in(page, server.url, values["BERRYPOD_DEMO_EMAIL"], values["BERRYPOD_DEMO_PASSWORD"])
                take(page, server.url, Path(place), target)
        finally:
            server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
