"""What the scripts of the pages call, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from berrypod_restore.pages import HANDLERS
from litestar import Litestar, Router
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from tests.restore.page.conftest import HTML, Site


def test_events_tell_each_change_and_the_end(site: Site) -> None:
    answer = site.upload(site.backup().read_bytes())
    path = answer.json()["url"]
    with site.client.stream("GET", f"{path}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = stream.read().decode()
    events = re.findall(r"event: (\w+)\r\n(?:data: (.*)\r\n)?", told)
    assert events[-1][0] == "end"
    assert {name for name, _ in events[:-1]} == {"restore"}
    assert '"state":"ready"' in events[-2][1]
    assert site.client.get("/admin/backup/restores/20260101-000000-00000000/events").status_code == 404


def test_the_contents_are_the_page_without_its_frame(site: Site) -> None:
    path = site.uploaded(site.backup())
    contents = site.get(f"{path}/contents")
    assert contents.headers["cache-control"] == "no-store"
    assert 'data-restore-state="ready"' in contents.text
    assert "<html" not in contents.text
    assert (
        contents.text.strip() in re.sub(r"\s*$", "", site.get(path).text).replace("\r", "")
        or "looked_at" in contents.text
    )


def test_scripts_and_styles_have_addresses_that_change_with_them(site: Site) -> None:
    page = site.get("/admin/backup").text + site.get(site.uploaded(site.backup())).text
    found = set(re.findall(r'(?:src|href)="(/admin/backup/[a-z]+\.(?:js|css)\?v=\w+)"', page))
    ours = {address for address in found if "backup.js" not in address}
    assert {address.split("?")[0].rsplit("/", 1)[1] for address in ours} == {"restore.js", "upload.js", "restore.css"}
    for address in ours:
        answer = site.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/")


def test_what_takes_long_does_not_hold_the_gate() -> None:
    """Uploads, downloads and streams go on while the shop's file is replaced, and nobody waits for them."""
    opened = {
        f"{handler.http_methods} {route.path}"
        for route in Router("/", route_handlers=list(HANDLERS)).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get("maintenance") == "open"
    }
    assert {one.split("/admin/backup/restores")[1] for one in opened} == {
        "", "/form", "/{restore_id:str}/events", "/{restore_id:str}/lost/{file:str}", "/undo/lost/{file:str}",
    }  # fmt: skip


def _routes() -> Iterator[tuple[str, str]]:
    for route in Router("/", route_handlers=list(HANDLERS)).routes:
        if isinstance(route, HTTPRoute):
            for method in sorted(route.methods - {"OPTIONS", "HEAD"}):
                path = route.path.replace("{restore_id:str}", "20260101-000000-00000000")
                yield method, path.replace("{file:str}", "orders.csv")


@pytest.mark.parametrize(("method", "path"), sorted(_routes()))
def test_all_of_it_is_for_admins_alone(stranger: TestClient[Litestar], method: str, path: str) -> None:
    answer = stranger.request(method, path, headers=HTML, follow_redirects=False)
    assert answer.status_code in (303, 401, 403), path
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/admin/login")
