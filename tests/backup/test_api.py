"""Programs with a token start, follow, fetch and delete backups; errors say what to do."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from berrypod.declarations import ExportedFile, Snapshot
from berrypod.storage import files
from tests.backup.conftest import OpenSite, Site
from tests.backup.making import Shelf, exporter
from tests.backup.stranger import look
from tests.backup.test_exporting import deliver, hang, raise_, write_csv
from tests.conftest import KEY


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["code"] == code
    assert body["hint"]
    return body


def test_a_backup_is_started_followed_and_fetched(site: Site, tmp_path: Path) -> None:
    started = site.api("POST", json={"exporters": ["download"]})
    assert started.status_code == 202
    address = started.headers["location"]
    assert address == f"/api/backups/{started.json()['id']}"
    backup = site.ended(address)
    assert (backup["state"], backup["progress"]) == ("ready", 1.0)
    assert backup["started_by"].startswith("token:")
    file = backup["exports"][0]["file"]
    response = site.api("GET", file["url"], "backup:read")
    assert response.status_code == 200
    digest = hashlib.sha256(response.content).digest()
    assert response.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert digest.hex() == file["sha256"] == backup["snapshot"]["sha256"]
    assert int(response.headers["content-length"]) == len(response.content) == file["size_bytes"]
    assert re.fullmatch(
        r'attachment; filename="berrypod-backup-\d{8}-\d{6}\.db"', response.headers["content-disposition"]
    )
    assert response.headers["cache-control"] == "no-store"
    (tmp_path / "copy.db").write_bytes(response.content)
    found = look(tmp_path / "copy.db", KEY.reveal())
    assert found["check"] == "ok"
    assert {name: found["counts"][name] for name in backup["snapshot"]["row_counts"]} == backup["snapshot"][
        "row_counts"
    ]


def test_it_can_be_fetched_once(site: Site) -> None:
    address = site.start()
    site.ended(address)
    assert site.api("GET", f"{address}/download", "backup:read").status_code == 200
    gone = site.ended(address, "gone")
    assert gone["exports"][0]["state"] == "fetched"
    assert gone["exports"][0]["file"] is None
    problem(site.api("GET", f"{address}/download", "backup:read"), 410, "backup_gone")


def test_nothing_needs_to_be_said_to_start_a_download(site: Site) -> None:
    response = site.api("POST")
    assert response.status_code == 202
    assert [export["exporter"] for export in response.json()["exports"]] == ["download"]


def test_what_is_made_cannot_be_fetched_yet(open_site: OpenSite) -> None:
    site = open_site(exporter("hang", hang))
    address = site.start("hang")
    body = problem(site.api("GET", f"{address}/download", "backup:read"), 409, "backup_not_ready")
    assert "ready" in body["detail"]
    assert site.api("DELETE", address).status_code == 204
    problem(site.api("GET", address, "backup:read"), 404, "backup_unknown")


def test_why_it_failed_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1_000_000)
    backup = site.ended(site.start())
    assert backup["state"] == "failed"
    assert backup["error"]["code"] == "disk_full"
    assert "1.0 MB are free" in backup["error"]["message"]
    body = problem(site.api("GET", f"/{backup['id']}/download", "backup:read"), 409, "backup_not_ready")
    assert "1.0 MB are free" in body["detail"]


def test_exporters_that_do_not_exist_are_told_with_those_that_do(site: Site) -> None:
    body = problem(site.api("POST", json={"exporters": ["barn"]}), 422, "invalid")
    assert body["fields"] == {"exporters": "There are: download, keep."}
    problem(site.api("POST", json={"exporters": []}), 422, "invalid")
    problem(site.api("POST", json={"exporter": "download"}), 422, "invalid")


def test_too_many_at_once_are_refused(open_site: OpenSite) -> None:
    site = open_site()
    for _ in range(site.backups.pace.held_at_most):
        site.ended(site.start())
    problem(site.api("POST"), 409, "too_many_backups")


def test_each_exporters_outcome_is_told(open_site: OpenSite) -> None:
    site = open_site(exporter("barn", deliver), exporter("bad", raise_), exporter("csv", write_csv))
    backup = site.ended(site.start("barn", "bad", "csv"))
    barn, bad, csv = backup["exports"]
    assert (barn["state"], barn["message"], barn["location"]) == ("delivered", "It is in the barn.", "/barn/1")
    assert (bad["state"], bad["error"]["code"]) == ("failed", "exporter_failed")
    assert csv["file"]["filename"] == "orders.csv"
    response = site.api("GET", csv["file"]["url"], "backup:read")
    assert response.text == "settings\n0\n"
    assert response.headers["content-type"].startswith("text/csv")


def test_a_file_name_may_have_letters_of_any_language(open_site: OpenSite) -> None:
    async def export(snapshot: Snapshot, folder: Path) -> ExportedFile:
        (folder / "x").write_bytes(b"x")
        return ExportedFile(path=folder / "x", filename='Pflaumen-"Übersicht".txt')

    site = open_site(exporter("names", export))
    backup = site.ended(site.start("names"))
    response = site.api("GET", backup["exports"][0]["file"]["url"], "backup:read")
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"Pflaumen-__bersicht_.txt\"; filename*=UTF-8''Pflaumen-%22%C3%9Cbersicht%22.txt"
    )


def test_backups_are_listed_with_what_exporters_keep(open_site: OpenSite) -> None:
    shelf = Shelf({"2026/a b": b"x" * 2500})
    site = open_site(exporter("shelf", deliver, kept=shelf))
    ids = [site.start("shelf").rpartition("/")[2] for _ in range(2)]
    listed = site.api("GET", "", "backup:read").json()
    assert sorted(backup["id"] for backup in listed["items"]) == sorted(ids)
    kept = next(one for one in listed["kept"] if one["exporter"] == "shelf")
    assert kept["error"] is None
    assert kept["copies"][0]["id"] == "2026/a b"
    response = site.api("GET", "/kept/shelf", "backup:read", params={"copy": "2026/a b"})
    assert response.content == b"x" * 2500
    assert response.headers["content-length"] == "2500"
    assert site.api("DELETE", "/kept/shelf", params={"copy": "2026/a b"}).status_code == 204
    assert shelf.copies == {}
    for method, scope in (("GET", "backup:read"), ("DELETE", "backup:write")):
        response = site.api(method, "/kept/shelf", scope, params={"copy": "2026/a b"})
        problem(response, 404, "backup_unknown")
        problem(site.api(method, "/kept/nobody", scope, params={"copy": "x"}), 404, "backup_unknown")
        problem(site.api(method, "/kept/download", scope, params={"copy": "x"}), 404, "backup_unknown")


def test_an_exporter_that_cannot_say_what_it_keeps_is_listed_with_its_error(open_site: OpenSite) -> None:
    class Locked(Shelf):
        async def list(self) -> Any:
            raise OSError("the shelf is locked")

    class Odd(Shelf):
        async def list(self) -> Any:
            return ["a", "b"]

    class Broken(Shelf):
        async def open(self, copy_id: str) -> AsyncIterator[bytes]:
            if copy_id:
                raise OSError("it fell down")
            yield b""

    site = open_site(
        exporter("locked", deliver, kept=Locked()),
        exporter("odd", deliver, kept=Odd()),
        exporter("broken", deliver, kept=Broken({"a": b"x"})),
        exporter("fine", deliver, kept=Shelf({"a": b"x"})),
    )
    kept = {one["exporter"]: one for one in site.api("GET", "", "backup:read").json()["kept"]}
    assert "the shelf is locked" in kept["locked"]["error"]["message"]
    assert "contains something else" in kept["odd"]["error"]["message"]
    assert len(kept["fine"]["copies"]) == 1
    body = problem(site.api("GET", "/kept/broken", "backup:read", params={"copy": "a"}), 502, "exporter_failed")
    assert "it fell down" in body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", "backup:read"),
        ("POST", "", "backup:write"),
        ("GET", "/x", "backup:read"),
        ("GET", "/x/download", "backup:read"),
        ("DELETE", "/x", "backup:write"),
        ("GET", "/kept/x?copy=1", "backup:read"),
        ("DELETE", "/kept/x?copy=1", "backup:write"),
    ],
)
def test_each_route_needs_its_scope(site: Site, method: str, path: str, scope: str) -> None:
    assert site.client.request(method, f"/api/backups{path}").status_code == 401
    wrong = {"backup:read": "backup:write", "backup:write": "backup:read"}[scope]
    assert site.api(method, path, wrong).status_code == 403
    assert site.api(method, path, scope).status_code in (200, 202, 404)


def test_all_of_it_is_in_the_openapi_document(site: Site) -> None:
    document = site.client.get("/schema/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        if path.startswith("/api/backups")
        for method, operation in item.items()
    }
    assert set(operations) >= {
        "GET /api/backups",
        "GET /api/backups/archives",
        "GET /api/backups/archives/{exporter}/{backup_id}",
        "PATCH /api/backups/kept/{exporter}",
        "POST /api/backups",
        "GET /api/backups/{backup_id}",
        "DELETE /api/backups/{backup_id}",
        "GET /api/backups/{backup_id}/download",
        "GET /api/backups/kept/{exporter}",
        "DELETE /api/backups/kept/{exporter}",
    }
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["security"] == [{"token": []}], name
        assert {"401", "403"} <= set(operation["responses"]), name
    assert {"404", "409", "410"} <= set(operations["GET /api/backups/{backup_id}/download"]["responses"])
    assert "admin" not in " ".join(path for path in document["paths"])


def test_a_file_that_is_no_longer_there_is_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed between the look and the opening, as another process may do."""
    address = site.start()
    backup = site.ended(address)
    (site.backups.store.data_folder(backup["id"]) / "snapshot.db").unlink()
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    problem(site.api("GET", f"{address}/download", "backup:read"), 410, "backup_gone")


def test_an_exporter_that_never_made_a_file_says_where_it_went(open_site: OpenSite) -> None:
    site = open_site(exporter("barn", deliver), exporter("bad", raise_))
    backup = site.ended(site.start("download", "barn", "bad"))

    def asked(name: str, status: int, code: str) -> dict[str, Any]:
        address = f"/{backup['id']}/download"
        return problem(site.api("GET", address, "backup:read", params={"exporter": name}), status, code)

    barn = asked("barn", 409, "backup_not_ready")
    assert barn["detail"] == "Barn delivered it elsewhere: there never was a file to fetch"
    assert barn["hint"].startswith("It is in the barn. It is at /barn/1.")
    assert "the barn burns" in asked("bad", 409, "backup_not_ready")["detail"]
    assert asked("nobody", 404, "backup_unknown")["hint"] == "It was made for: download, barn, bad."
    done = site.ended(site.start("barn"))
    response = site.api("GET", f"/{done['id']}/download", "backup:read", params={"exporter": "barn"})
    assert problem(response, 409, "backup_not_ready")["detail"] == barn["detail"]


def test_the_document_takes_names_and_no_body(site: Site) -> None:
    document = site.client.get("/schema/openapi.json").json()
    body = document["paths"]["/api/backups"]["post"]["requestBody"]
    assert not body.get("required")
    schemas = document["components"]["schemas"]
    (request,) = [schema for name, schema in schemas.items() if name.endswith("BackupRequest")]
    assert request["properties"]["exporters"]["items"] == {"type": "string"}
    assert "exporters" not in request.get("required", [])
