"""Drills by the API, by a form of the page, and by the command line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.declarations import BackupExporter
from berrypod.settings import Settings
from tests.backup.conftest import OpenSite, Site
from tests.backup.drill.conftest import Rendering
from tests.backup.drill.making import changed, flip


@pytest.fixture
def shed(open_site: OpenSite, settings: Settings, tmp_path: Path, quick_rendering: Rendering) -> Site:
    """A shop with an archive, in which nothing is yet."""

    def work_folder() -> Path:
        folder = tmp_path / "shed-work"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    archive = Archive(FolderStorage(tmp_path / "shed"), work_folder=work_folder)
    exporter = BackupExporter(name="shed", title="Shed", description="For a test.", archive=archive)
    return open_site(exporter, settings=settings)


def kept(site: Site) -> str:
    """Make a backup and keep it. Returns its id."""
    assert site.ended(site.start("shed"))["state"] == "done"
    (archive,) = [one for one in site.api("GET", scope="backup:read").json()["kept"] if one["exporter"] == "shed"]
    return archive["copies"][0]["id"]


def drill_ended(site: Site, address: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        drill = site.api("GET", address, "backup:read").json()
        if drill["state"] in ("proven", "failed", "interrupted"):
            return drill
        assert time.monotonic() < until, drill
        time.sleep(0.02)


def test_a_program_starts_a_drill_and_follows_it(shed: Site) -> None:
    backup = kept(shed)
    response = shed.api("POST", f"/kept/shed/drill?copy={backup}")
    assert response.status_code == 202, response.text
    address = response.headers["location"]
    drill = drill_ended(shed, address)

    assert (drill["state"], drill["progress"], drill["copy_id"], drill["error"]) == ("proven", 1.0, backup, None)
    assert drill["proof"]["problem"] is None
    assert drill["started_by"].startswith("token:")
    listed = shed.api("GET", "/drills", "backup:read").json()["items"]
    assert [one["id"] for one in listed] == [drill["id"]]
    assert shed.api("DELETE", address).status_code == 204
    gone = shed.api("GET", address, "backup:read")
    assert (gone.status_code, gone.json()["code"]) == (404, "drill_unknown")


def test_a_backup_that_is_not_proven_is_told_with_a_code_and_a_hint(shed: Site, tmp_path: Path) -> None:
    backup = kept(shed)
    for path in (tmp_path / "shed").rglob("*"):
        if path.is_file() and path.suffix != ".json":
            changed(path, flip)
    drill = drill_ended(shed, shed.api("POST", f"/kept/shed/drill?copy={backup}").headers["location"])

    assert drill["state"] == "failed"
    assert drill["error"]["code"]
    assert drill["error"]["message"] == drill["proof"]["problem"]
    assert drill["error"]["hint"]


@pytest.mark.parametrize("path", ["/kept/shed/drill?copy=20260314-120000-00000000", "/kept/nobody/drill?copy=x"])
def test_what_does_not_exist_cannot_be_drilled(shed: Site, path: str) -> None:
    response = shed.api("POST", path)

    assert response.status_code == 404
    assert response.json()["hint"]


def test_a_token_that_may_only_read_starts_none(shed: Site) -> None:
    assert shed.api("POST", "/kept/shed/drill?copy=x", "backup:read").status_code == 403


def test_the_form_of_the_page_starts_one_and_leads_back(shed: Site) -> None:
    backup = kept(shed)
    shed.sign_in()
    response = shed.send("/admin/backup/drill", exporter="shed", copy=backup)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/admin/backup?drill=")
    (drill,) = shed.api("GET", "/drills", "backup:read").json()["items"]
    assert drill_ended(shed, f"/drills/{drill['id']}")["state"] == "proven"
    assert shed.send(f"/admin/backup/drill/{drill['id']}/delete").status_code == 303
    assert shed.api("GET", "/drills", "backup:read").json()["items"] == []


def test_its_routes_are_in_the_document(shed: Site) -> None:
    paths = shed.client.get("/schema/openapi.json").json()["paths"]

    assert json.dumps(paths["/api/backups/kept/{exporter}/drill"]["post"])
    assert "delete" in paths["/api/backups/drills/{drill_id}"]
