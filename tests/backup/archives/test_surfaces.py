"""What is kept, by the API, on the page and on the command line."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from berrypod_backup import archive_page, plugin
from click.testing import CliRunner, Result

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.declarations import BackupExporter
from berrypod.errors import BerrypodError
from berrypod.settings import Settings
from tests.backup.conftest import OpenSite, Site, words_of
from tests.backup.making import exporter, shop_with
from tests.backup.stranger import look
from tests.backup.test_api import problem
from tests.backup.test_exporting import deliver
from tests.conftest import KEY
from tests.support.server import environment


def folder_of(settings: Settings) -> Path:
    return settings.database_path.with_name(settings.database_path.name + "-backups")


def kept(site: Site, **body: Any) -> dict[str, Any]:
    """Make a backup that is kept, by the API."""
    response = site.api("POST", json={"exporters": ["keep"], **body})
    assert response.status_code == 202, response.text
    made = site.ended(response.headers["location"])
    assert made["state"] == "done", made
    return made


def listed(site: Site) -> dict[str, Any]:
    (archive,) = site.api("GET", "/archives", "backup:read").json()
    return archive


class TestApi:
    def test_a_kept_backup_is_told_with_all_that_is_known_of_it(self, site: Site) -> None:
        made = kept(site, note="before the sale")
        archive = listed(site)
        (backup,) = archive["backups"]
        assert backup["id"] == made["id"] == made["exports"][0]["kept"]
        assert (backup["note"], backup["opens"], backup["proven"]) == ("before the sale", True, False)
        assert backup["made_by"].startswith("token:")
        assert len(backup["key_fingerprint"]) == 8
        assert archive["location"] == str(folder_of(site.settings))
        one = site.api("GET", f"/archives/keep/{made['id']}", "backup:read").json()
        assert one == backup

    def test_it_can_be_fetched_noted_and_deleted(self, site: Site, tmp_path: Path) -> None:
        copy = {"copy": kept(site)["id"]}
        response = site.api("GET", "/kept/keep", "backup:read", params=copy)
        path = tmp_path / "kept.db"
        path.write_bytes(response.content)
        assert look(path, KEY.reveal())["check"] == "ok"
        assert response.headers["content-disposition"].count("berrypod-backup-") == 1
        noted = site.api("PATCH", "/kept/keep", params=copy, json={"note": "  two\n words "}).json()
        assert noted["note"] == "two words"
        assert site.api("DELETE", "/kept/keep", params=copy).status_code == 204
        assert listed(site)["backups"] == []

    def test_it_can_be_fetched_by_the_address_of_its_job_again_and_again(self, site: Site) -> None:
        made = kept(site)
        first, second = (site.api("GET", f"/{made['id']}/download", "backup:read") for _ in range(2))
        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert len(first.content) == made["snapshot"]["size_bytes"]

    def test_the_method_is_chosen_and_what_makes_no_sense_is_refused(self, site: Site) -> None:
        assert kept(site, method="compact")["snapshot"]["method"] == "compact"
        assert kept(site, fast=True)["method"] == "snapshot"
        problem(site.api("POST", json={"method": "magic"}), 422, "invalid")
        problem(site.api("POST", json={"note": "x" * 501}), 422, "invalid")

    def test_what_is_not_there_is_told_as_such(self, site: Site) -> None:
        unknown = "20260101-000000-00000000"
        for path in (f"/archives/keep/{unknown}", "/archives/keep/..%2f..%2fetc", f"/archives/nobody/{unknown}"):
            assert site.api("GET", path, "backup:read").status_code == 404
        response = site.api("PATCH", "/kept/keep", params={"copy": unknown}, json={"note": "x"})
        assert response.status_code == 404
        assert "hint" in response.json()
        problem(site.api("PATCH", "/kept/keep", params={"copy": unknown}, json={"note": "x" * 501}), 422, "invalid")

    def test_a_token_that_may_only_read_changes_nothing(self, site: Site) -> None:
        copy = {"copy": kept(site)["id"]}
        assert site.api("PATCH", "/kept/keep", "backup:read", params=copy, json={"note": "x"}).status_code == 403
        assert site.api("DELETE", "/kept/keep", "backup:read", params=copy).status_code == 403


class TestPage:
    def test_what_is_kept_is_on_the_page_with_what_can_be_done(self, site: Site) -> None:
        site.sign_in()
        kept(site, note="before the sale")
        words = words_of(site.page())
        assert "Kept backups" in words
        assert "before the sale" in words
        assert "checked" in words
        assert "Proven restorable never tried" in words

    def test_a_note_is_written_and_the_backup_deleted_by_forms(self, site: Site) -> None:
        site.sign_in()
        backup_id = kept(site)["id"]
        noted = site.send("/admin/backup/kept/keep/note", copy=backup_id, note="For the tax office")
        assert (noted.status_code, noted.headers["location"]) == (303, "/admin/backup?done=noted#panel-backup-kept")
        words = words_of(site.page("?done=noted"))
        assert "The note is saved" in words
        assert "For the tax office" in words
        gone = site.send("/admin/backup/kept/keep/delete", copy=backup_id)
        assert (gone.status_code, gone.headers["location"]) == (303, "/admin/backup?done=deleted#panel-backup-kept")
        words = words_of(site.page("?done=deleted"))
        assert "The backup is deleted" in words
        assert "None yet." in words

    def test_other_things_in_the_folder_are_shown_as_what_they_are(self, site: Site) -> None:
        site.sign_in()
        made = kept(site)
        folder = folder_of(site.settings)
        (folder / "holiday.jpg").write_bytes(b"x" * 1000)
        (folder / "berrypod-backup-20260101-120000-00000000.db").write_bytes(b"y" * 100)
        (folder / f"berrypod-backup-{made['id']}.map").rename(folder / "elsewhere.map")
        words = words_of(site.page())
        assert "holiday.jpg" in words
        assert "Not a backup of this shop's making" in words
        assert "A file without a manifest" in words
        assert "A manifest whose backup is not there" in words

    def test_copies_of_exporters_without_an_archive_are_listed_too(self, open_site: OpenSite) -> None:
        from tests.backup.making import Shelf

        site = open_site(exporter("shelf", deliver, kept=Shelf({"a": b"1"})))
        site.sign_in()
        words = words_of(site.page())
        assert "Shelf a.db" in words
        assert "Prove" in words


@pytest.fixture
def run(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment(encrypted_settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    plugin.berrypod_register_commands(cli)
    from berrypod.plugins import Plugins, PluginSource

    plugins = Plugins.discover(encrypted_settings, [PluginSource.of(plugin, "backup")], installed=False)
    return lambda *arguments: CliRunner().invoke(cli, ["backup", *map(str, arguments)], obj=plugins)


def told(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


class TestCommands:
    def test_a_backup_is_made_listed_read_back_noted_fetched_and_deleted(self, run: Any, tmp_path: Path) -> None:
        made = told(run("create", "--note", "first", "--json"))
        (archive,) = told(run("list", "--json"))["archives"]
        (backup,) = archive["backups"]
        assert (backup["id"], backup["note"], backup["made_by"]) == (made["id"], "first", "cli")
        assert told(run("verify", made["id"], "--json"))["good"]
        assert told(run("note", made["id"], "second", "--json"))["note"] == "second"
        assert "second" in run("list").stdout
        path = Path(told(run("fetch", made["id"], "--output", tmp_path, "--json"))["path"])
        assert path.parent == tmp_path
        assert look(path, KEY.reveal())["check"] == "ok"
        assert told(run("delete", made["id"], "--yes", "--json"))["deleted"] == made["id"]
        assert "No backups yet." in run("list").stdout

    def test_deleting_asks_first(self, run: Any) -> None:
        made = told(run("create", "--json"))
        assert run("delete", made["id"]).exit_code == 1
        assert made["id"] in run("list").stdout

    def test_what_is_left_of_a_broken_one_can_be_deleted(self, run: Any, encrypted_settings: Settings) -> None:
        folder, backup_id = folder_of(encrypted_settings), "20260101-120000-00000000"
        folder.mkdir()
        (folder / f"berrypod-backup-{backup_id}.json").write_bytes(b"{}")
        asked = run("delete", backup_id)
        assert (asked.exit_code, "what there is of the backup" in asked.output) == (1, True)
        assert told(run("delete", backup_id, "--yes", "--json")) == {"deleted": backup_id, "exporter": "keep"}
        assert backup_id not in run("list").stdout

    @pytest.mark.parametrize("command", ["verify", "note", "fetch", "delete"])
    def test_one_that_is_not_there_is_told_with_where_to_look(self, run: Any, command: str) -> None:
        more = {"note": ["x"], "fetch": ["--output", "/nowhere"], "delete": ["--yes"]}.get(command, [])
        result = run(command, "20260101-000000-00000000", *more)
        assert result.exit_code == 1
        assert isinstance(result.exception, BerrypodError)
        assert result.exception.code == "backup_unknown"
        assert "backup list" in result.exception.hint

    def test_options_of_archives_and_of_files_do_not_mix(self, run: Any, tmp_path: Path) -> None:
        result = run("create", "--output", tmp_path, "--note", "x")
        assert result.exit_code == 2
        assert "--to and --note are for archives" in result.output

    def test_a_file_can_be_a_byte_for_byte_copy_too(self, run: Any, tmp_path: Path) -> None:
        made = told(run("create", "--output", tmp_path / "copy.db", "--method", "snapshot", "--json"))
        assert made["method"] == "snapshot"
        assert look(tmp_path / "copy.db", KEY.reveal())["check"] == "ok"


async def test_what_the_command_line_keeps_a_running_shop_lists(run: Any, encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        made = await asyncio.to_thread(lambda: told(run("create", "--json")))
        assert (await shop.backups.get(made["id"])).state == "done"


class TestChecks:
    def test_what_is_stored_is_read_back_by_the_api(self, site: Site) -> None:
        made = kept(site)
        response = site.api("POST", "/kept/keep/verify", params={"copy": made["id"]})
        assert response.status_code == 202
        ended = site.ended(response.headers["location"], "whole", "failed", "interrupted")
        assert (ended["kind"], ended["state"], ended["error"]) == ("check", "whole", None)

    def test_a_part_that_is_missing_is_named(self, site: Site) -> None:
        made = kept(site)
        (chunk,) = [path for path in (folder_of(site.settings) / "chunks").rglob("*") if path.is_file()]
        chunk.unlink()
        response = site.api("POST", "/kept/keep/verify", params={"copy": made["id"]})
        ended = site.ended(response.headers["location"], "whole", "failed", "interrupted")
        assert ended["state"] == "failed"
        assert chunk.name[:8] in ended["error"]["message"]
        site.sign_in()
        words = words_of(site.page(f"?drill={ended['id']}"))
        assert re.search(r"The backup of [^()]+ UTC \(Keep on this machine\) is not whole", words)
        assert "damaged" in words
        assert "/kept/keep/download" not in site.page(), "what cannot be had whole is not offered"
        assert "/kept/keep/delete" in site.page()

    def test_the_form_leads_to_the_outcome(self, site: Site) -> None:
        site.sign_in()
        made = kept(site)
        response = site.send("/admin/backup/drill", exporter="keep", copy=made["id"], kind="check")
        assert response.status_code == 303
        drill = response.headers["location"].rpartition("=")[2]
        site.ended(f"/api/backups/drills/{drill}", "whole")
        contents = site.client.get(f"/admin/backup/kept-contents?drill={drill}").text
        assert "UTC (Keep on this machine) is whole" in words_of(contents)

    def test_a_copy_that_no_archive_keeps_can_only_be_drilled(self, open_site: OpenSite) -> None:
        from tests.backup.making import Shelf

        site = open_site(exporter("shelf", deliver, kept=Shelf({"a": b"1"})))
        response = site.api("POST", "/kept/shelf/verify", params={"copy": "a"})
        body = problem(response, 404, "backup_unknown")
        assert body["hint"] == "Start a drill of it."


class TestNotSetUp:
    """An exporter that does not know yet where to put backups: no failure, and no button that could only fail."""

    @pytest.fixture
    def unset(self, open_site: OpenSite, tmp_path: Path) -> Site:
        archive = Archive(FolderStorage(tmp_path / "moon"), work_folder=lambda: tmp_path / "work")
        moon = BackupExporter(
            name="moon", title="Moon", description="Far.", archive=archive, off_site=True, is_set_up=lambda: False
        )
        site = open_site(moon)
        site.sign_in()
        return site

    def test_the_page_leads_to_where_it_is_set_up(self, unset: Site) -> None:
        page = unset.page()
        assert "Far. not set up Set up Moon" in words_of(page)
        assert 'value="moon"' not in page, "nothing to press"
        assert "It is not said yet where to. Set it up" in words_of(page)
        assert str(unset.settings.database_path.parent / "moon") not in page
        schedule = unset.client.get("/admin/backup/schedule", headers={"accept": "text/html"}).text
        assert "Moon off-site not set up It is not said yet where to. Set it up" in words_of(schedule)

    def test_programs_are_told_so_and_of_no_error(self, unset: Site) -> None:
        _, archive = unset.api("GET", "/archives", "backup:read").json()
        assert (archive["exporter"], archive["set_up"], archive["error"]) == ("moon", False, None)
        kept = unset.api("GET", "", "backup:read").json()["kept"]
        assert [listing["exporter"] for listing in kept] == ["keep"]
        previews = unset.api("POST", "/retention/preview", "backup:read", json={"enabled": True}).json()
        assert [plan["exporter"] for plan in previews] == ["keep"]


class TestManyBackups:
    """The page of backups shows the latest of each archive; all are on a page of the archive's own."""

    @pytest.fixture
    def many(self, open_site: OpenSite, monkeypatch: pytest.MonkeyPatch) -> Site:
        monkeypatch.setattr(archive_page, "_ON_A_PAGE", 3)
        site = open_site()
        site.sign_in()
        for _ in range(7):
            kept(site)
        return site

    def test_all_are_found_page_by_page(self, many: Site) -> None:
        ids = [backup["id"] for backup in listed(many)["backups"]]
        page = many.page()
        assert [each for each in ids if each in page] == ids[:5]
        assert "All 7 of them" in words_of(page)
        for number, shown in ((1, ids[:3]), (2, ids[3:6]), (3, ids[6:]), (9, ids[6:])):
            page = self.page_of(many, f"keep?page={number}").text
            assert [each for each in ids if each in page] == shown
            assert "7 backups, the newest first" in words_of(page)

    def test_earlier_ones_that_are_bad_are_counted_where_they_are_not_shown(self, many: Site) -> None:
        shutil.rmtree(folder_of(many.settings) / "chunks")
        assert "All 7 of them 2 of the earlier ones bad" in words_of(many.page())

    def test_its_forms_lead_back_to_the_page_that_they_were_sent_from(self, many: Site) -> None:
        page = self.page_of(many, "keep?page=2").text
        assert page.count('name="page" value="2"') == 2 * 3, "notes and deletions of three backups"
        (backup_id, *_) = [backup["id"] for backup in listed(many)["backups"] if backup["id"] in page]
        for form, done, words in (
            ("note", "noted", "The note is saved"),
            ("delete", "deleted", "The backup is deleted"),
        ):
            answer = many.send(f"/admin/backup/kept/keep/{form}", copy=backup_id, page="2")
            assert answer.headers["location"] == f"/admin/backup/kept/keep?page=2&done={done}"
            assert words in words_of(self.page_of(many, f"keep?page=2&done={done}").text)
        elsewhere = many.send("/admin/backup/kept/keep/note", copy=listed(many)["backups"][0]["id"], page="//x.example")
        assert elsewhere.headers["location"] == "/admin/backup?done=noted#panel-backup-kept"

    def test_there_is_no_page_of_an_archive_that_is_not_there(self, many: Site) -> None:
        assert self.page_of(many, "moon").status_code == 404

    def page_of(self, site: Site, path: str) -> httpx.Response:
        return site.client.get(f"/admin/backup/kept/{path}", headers={"accept": "text/html"})
