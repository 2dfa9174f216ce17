"""Taking a file: from the script, from a form, from a kept backup."""

from __future__ import annotations

import re

import pytest

from berrypod.declarations import BackupExporter
from berrypod.settings import Settings
from berrypod.storage import files
from tests.restore.page.conftest import HTML, OpenSite, Shelf, Site, never_exports, words


def test_the_panel_says_how_much_may_come_and_works_without_scripts(site: Site) -> None:
    page = site.get("/admin/backup").text
    assert "Bring back a backup" in words(page)
    assert re.search(r"Up to 8\.0 GB; [\d.]+ [GT]B are free here", words(page))
    assert re.search(r'<form[^>]*action="/admin/backup/restores/form" enctype="multipart/form-data"', page)
    assert "<noscript><p><button" in page
    assert "The shop as it was before" not in words(page), "nothing was replaced yet"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)


def test_a_file_that_the_script_sends_is_looked_at_and_compared(site: Site) -> None:
    file = site.backup()
    site.order("LOST-0001", "LOST-0002")
    path = site.uploaded(file)
    page = site.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "Bring this backup back?" in words(page.text)
    assert "Orders 2 worth €48.00" in words(page.text)
    assert "LOST-0002" in words(page.text)
    listed = site.get(f"{path}/lost/orders.csv")
    assert listed.headers["content-type"].startswith("text/csv")
    assert "attachment" in listed.headers["content-disposition"]
    assert "LOST-0001" in listed.text
    assert site.get(f"{path}/lost/secrets.csv").status_code == 404


def test_a_form_sends_it_as_well(site: Site) -> None:
    content = site.backup().read_bytes()
    answer = site.client.post(
        "/admin/backup/restores/form",
        data={"_csrf_token": site.token},
        files={"file": ("of-yesterday.db", content)},
        headers=HTML,
        follow_redirects=False,
    )
    page = site.followed(answer)
    assert "Bring this backup back?" in words(page)
    assert "of-yesterday.db" in words(page)


@pytest.mark.parametrize("token", ["", "0" * 128])
def test_a_file_from_elsewhere_is_refused_before_a_byte_is_taken(site: Site, token: str) -> None:
    assert site.upload(b"content", **{"x-csrftoken": token}).status_code == 403
    answer = site.client.post(
        "/admin/backup/restores/form", data={"_csrf_token": token}, files={"file": b"content"}, headers=HTML
    )
    assert answer.status_code == 403
    assert "The form is no longer valid" in words(answer.text)
    assert site.staged == []
    assert site.call(site.restores.all) == []


def test_a_form_without_a_file_says_so(site: Site) -> None:
    answer = site.client.post(
        "/admin/backup/restores/form", data={"_csrf_token": site.token}, files={"file": ("", b"")}, headers=HTML
    )
    assert answer.status_code == 422
    assert "No file was chosen" in words(answer.text)


def test_the_script_may_ask_before_it_sends(open_site: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = open_site(BERRYPOD_RESTORE_MAX_BYTES="1000000")
    assert "Up to 1.0 MB" in words(site.get("/admin/backup").text)
    room = site.room_for(900_000)
    assert room.json()["limit_bytes"] == 1_000_000
    refused = site.room_for(1_000_001)
    assert refused.status_code == 413
    assert refused.json()["code"] == "upload_too_large"
    assert site.upload(b"0" * 1_000_001).json()["code"] == "upload_too_large"
    monkeypatch.setattr(files, "free_bytes", lambda folder: 500_000)
    full = site.room_for(900_000)
    assert full.status_code == 507
    assert "500.0 kB" in full.json()["detail"]
    assert full.json()["hint"]
    assert site.staged == []


def test_a_kept_backup_is_checked_by_a_click(open_site: OpenSite, encrypted_settings: Settings) -> None:
    shelf = Shelf()
    exporter = BackupExporter(
        name="shelf", title="The shelf", description="For a test.", export=never_exports, kept=shelf
    )
    site = open_site(exporters=(exporter,))
    shelf.copies = {"monday": site.backup().read_bytes(), **{f"older-{number}": b"" for number in range(3)}}
    site.order("LOST-0001")
    page = site.get("/admin/backup").text
    assert "The shelf: 4 kept" in words(page)
    answer = site.send("/admin/backup/restores/kept", exporter="shelf", copy="monday")
    page = site.followed(answer)
    assert "Bring this backup back?" in words(page)
    assert "Taken from the kept backups by ada@example.org" in words(page)
    assert "LOST-0001" in words(page)
    gone = site.send("/admin/backup/restores/kept", exporter="shelf", copy="tuesday")
    assert gone.status_code == 404
