"""The page works without JavaScript: a form starts a backup, the page follows it, a link saves it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from berrypod_backup.records import BackupRecord
from berrypod_backup.wire import told

from berrypod.storage import files
from berrypod.storage.locks import one_of_all
from tests.backup.conftest import OpenSite, Site, csrf_of, words_of
from tests.backup.making import Shelf, exporter, grow
from tests.backup.test_exporting import deliver, hang, raise_, write_csv


def signed_in(open_site: OpenSite, *exporters: Any, **more: Any) -> Site:
    site = open_site(*exporters, **more)
    site.sign_in()
    return site


def start(site: Site, *names: str) -> str:
    """Press a button. Returns the id of the backup."""
    response = site.send("/admin/backup/jobs", exporters=list(names or ("download",)))
    assert response.status_code == 303, response.text
    found = re.fullmatch(r"/admin/backup\?job=([\w-]+)", response.headers["location"])
    assert found
    return found[1]


def page_of(site: Site, backup_id: str, state: str) -> str:
    """The page to which the form leads, when the backup is in this state."""
    site.ended(f"/api/backups/{backup_id}", state)
    return site.page(f"?job={backup_id}")


def test_it_offers_a_download_with_the_expected_size(encrypted_settings: Any, open_site: OpenSite) -> None:
    grow(encrypted_settings, 2)
    page = signed_in(open_site).page()
    assert "Download backup" in words_of(page)
    assert "About 2.2 MB" in words_of(page)
    assert "There is no backup yet. If this machine breaks, the shop is lost." in words_of(page)
    assert "opens with SECRET_KEY_DB" in words_of(page)


def test_a_click_a_wait_and_another_click_save_it(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    backup_id = start(site)
    page = page_of(site, backup_id, "ready")
    assert "The backup is ready" in words_of(page)
    link = re.search(rf'href="(/admin/backup/jobs/{backup_id}/download\?[^"]+)"', page)
    assert link
    response = site.client.get(link[1])
    assert response.status_code == 200
    assert len(response.content) == int(response.headers["content-length"])
    page = page_of(site, backup_id, "gone")
    assert "The backup was saved" in words_of(page)
    assert "The last backup was made on" in words_of(site.page())
    assert "downloaded" in words_of(site.page())


def test_while_it_is_made_the_page_reloads_itself_and_can_cancel(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("hang", hang))
    backup_id = start(site, "hang")
    page = page_of(site, backup_id, "exporting")
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "Handing it over" in words_of(page)
    assert re.search(r'<progress class="bar" max="1" value="0\.9"', page)
    response = site.send(f"/admin/backup/jobs/{backup_id}/delete")
    assert response.status_code == 303
    assert "refresh" not in site.page()
    assert "Handing it over" not in site.page()


def test_a_failure_is_told_with_what_to_do(open_site: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = signed_in(open_site)
    monkeypatch.setattr(files, "free_bytes", lambda folder: 2_000_000)
    page = page_of(site, start(site), "failed")
    assert "The backup failed" in words_of(page)
    assert "2.0 MB are free" in words_of(page)
    assert "Free some space on the disk" in words_of(page)


def test_exporters_have_their_buttons_and_their_outcomes(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("barn", deliver), exporter("bad", raise_))
    assert "For a test." in words_of(site.page())
    page = words_of(page_of(site, start(site, "barn", "bad"), "done"))
    assert "“Barn” is done" in page
    assert "It is in the barn." in page
    assert "“Bad” failed RuntimeError: the barn burns" in page


def test_kept_copies_are_shown_fetched_and_deleted(open_site: OpenSite) -> None:
    shelf = Shelf({"a/b c": b"123"})
    site = signed_in(open_site, exporter("shelf", deliver, kept=shelf))
    page = site.page()
    assert "Shelf b c.db" in words_of(page)
    assert 'href="/admin/backup/kept/shelf/download?copy=a/b%20c"' in page
    assert site.client.get("/admin/backup/kept/shelf/download?copy=a/b%20c").content == b"123"
    assert site.send("/admin/backup/kept/shelf/delete", copy="a/b c").status_code == 303
    assert shelf.copies == {}
    assert "None yet." in words_of(site.page())


def test_what_can_be_fetched_is_offered_again_later(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    backup_id = start(site)
    page_of(site, backup_id, "ready")
    assert f"/admin/backup/jobs/{backup_id}/download" in site.page(), "also without the id in the address"


def test_earlier_backups_are_listed(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    first, second = start(site), start(site)
    page_of(site, second, "ready")
    page = site.page(f"?job={second}")
    assert "Earlier backups (1)" in words_of(page)
    assert f"/admin/backup/jobs/{first}/delete" in page


def test_an_unencrypted_shop_is_warned_of(open_site: OpenSite, settings: Any) -> None:
    page = signed_in(open_site, settings=settings).page()
    assert "A backup will not be encrypted" in words_of(page)
    assert "opens with SECRET_KEY_DB" not in words_of(page)


def test_a_form_from_elsewhere_is_refused(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    site.page()
    for token in ("", "forged"):
        response = site.client.post(
            "/admin/backup/jobs",
            data={"_csrf_token": token, "exporters": "download"},
            headers={"accept": "text/html"},
            follow_redirects=False,
        )
        assert response.status_code == 403
    assert site.api("GET", "", "backup:read").json()["items"] == []


def test_the_script_gets_the_contents_alone_and_json(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    token = csrf_of(site.page())
    started = site.client.post(
        "/admin/backup/jobs",
        data={"_csrf_token": token, "exporters": "download"},
        headers={"accept": "application/json"},
    )
    assert started.status_code == 202
    backup_id = started.json()["id"]
    site.ended(f"/api/backups/{backup_id}", "ready")
    contents = site.client.get("/admin/backup/contents", params={"job": backup_id})
    assert contents.headers["cache-control"] == "no-store"
    assert 'data-backup-state="ready"' in contents.text
    assert "<html" not in contents.text
    script = re.search(r'src="(/admin/backup/backup\.js\?v=\w+)"', site.page())
    assert script
    response = site.client.get(script[1])
    assert response.headers["content-type"].startswith("text/javascript")
    assert "immutable" in response.headers["cache-control"]


def test_nothing_in_it_needs_what_the_policy_refuses(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("shelf", deliver, kept=Shelf({"a": b"1"})))
    page_of(site, start(site), "ready")
    page = site.page()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)


def test_what_third_parties_say_is_escaped(open_site: OpenSite) -> None:
    async def export(*_: Any) -> Any:
        raise RuntimeError("<script>alert(1)</script>")

    site = signed_in(open_site, exporter("evil", export, kept=Shelf({"<b>": b"1"})))
    page = page_of(site, start(site, "evil"), "failed")
    assert "<script>alert" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/backup"),
        ("POST", "/admin/backup/jobs"),
        ("GET", "/admin/backup/jobs/x/download"),
        ("POST", "/admin/backup/jobs/x/delete"),
        ("GET", "/admin/backup/kept/x/download?copy=1"),
        ("POST", "/admin/backup/kept/x/delete"),
        ("GET", "/admin/backup/contents"),
        ("GET", "/admin/backup/backup.js"),
    ],
)
def test_all_of_it_is_for_admins_alone(site: Site, method: str, path: str) -> None:
    for headers in ({}, site.bearer("backup:write")):
        response = site.client.request(method, path, headers=headers, follow_redirects=False)
        assert response.status_code in (303, 401, 403)
    assert site.api("GET", "", "backup:read").json()["items"] == []


def test_an_export_that_is_no_backup_is_not_called_one(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("csv", write_csv))
    backup_id = start(site, "csv")
    page = words_of(page_of(site, backup_id, "ready"))
    assert "“Csv” is ready" in page
    assert "Save orders.csv" in page
    assert site.client.get(f"/admin/backup/jobs/{backup_id}/download").text == "settings\n0\n"
    page = words_of(page_of(site, backup_id, "gone"))
    assert "“Csv” was saved" in page
    assert "a shop cannot be restored from it" in page
    assert "The backup was saved" not in page
    assert "apart from its key" not in page
    assert "There is no backup yet." in page
    assert "Csv: orders.csv, 11 bytes, saved" in words_of(site.page()), "its own size, and not the snapshot's"


def test_what_was_delivered_is_told_among_earlier_ones_too(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("barn", deliver), exporter("csv", write_csv))
    backup_id = start(site, "barn", "csv")
    page_of(site, backup_id, "ready")
    site.client.get(f"/admin/backup/jobs/{backup_id}/download")
    page_of(site, backup_id, "gone")
    page = words_of(site.page())
    assert "Barn : It is in the barn." in page.replace("Barn:", "Barn :")
    assert "No longer here" not in page


def test_a_single_exporter_that_fails_is_named_with_what_to_do(open_site: OpenSite) -> None:
    site = signed_in(open_site, exporter("bad", raise_))
    page = words_of(page_of(site, start(site, "bad"), "failed"))
    assert "“Bad” failed RuntimeError: the barn burns" in page
    assert "Tell whoever wrote it" in page
    assert "other exporters" not in page
    assert page.count("the barn burns") == 1
    error = site.api("GET", "", "backup:read").json()["items"][0]["error"]
    assert error["message"] == "Bad: RuntimeError: the barn burns"


def test_it_waits_for_another_only_when_there_is_one(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    held = one_of_all(site.backups.store.turn_file)
    site.client.blocking_portal.call(held.__aenter__)
    try:
        backup_id = start(site)
        until = time.monotonic() + 60
        while not site.api("GET", f"/{backup_id}", "backup:read").json()["waits_for_another"]:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert "Waiting for another backup to be done" in words_of(site.page(f"?job={backup_id}"))
    finally:
        site.client.blocking_portal.call(held.__aexit__, None, None, None)
    ready = site.ended(f"/api/backups/{backup_id}", "ready")
    assert ready["waits_for_another"] is False
    assert words_of(site.page()).count("Waiting for another") == 0


def test_one_that_has_just_been_started_says_so(site: Site) -> None:
    record = BackupRecord(id="x", state="queued", created_at=datetime.now(UTC), started_by=None, exports=())
    parts = site.parts.context("backup").templates("berrypod_backup").get_template("backup/parts.html").module
    assert "Starting" in parts.current_backup(told(record, 0.0, "/"), "/", "token")  # type: ignore[attr-defined]


def test_it_says_when_the_next_one_is_made_by_itself(open_site: OpenSite) -> None:
    site = signed_in(open_site)
    assert "No backup is made by itself. Set up a schedule" in words_of(site.page())
    site.api("PUT", "/schedule", json={"kind": "daily", "at": "03:30"})
    assert re.search(r"The next scheduled backup is made on \d+ \w+ \d{4}, 03:30 UTC", words_of(site.page()))
