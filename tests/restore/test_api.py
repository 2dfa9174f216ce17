"""Programs with a token stage, compare, confirm, follow and undo; errors say what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from berrypod_restore import plugin
from berrypod_restore.records import CONFIRMATION
from berrypod_restore.service import Restores
from litestar import Litestar
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.declarations import BackupExporter
from berrypod.parts import Parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage import files, schema
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY
from tests.restore.making import QUICK, Shop, ThirdParty, sources
from tests.restore.test_staging import shelf

RAW = {"content-type": "application/octet-stream"}


@dataclass
class Site:
    """A shop over HTTP, with a token for each scope."""

    client: TestClient[Litestar]
    third_party: ThirdParty
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        return self.client.app.state.parts

    @property
    def restores(self) -> Restores:
        return plugin.restores_of(self.parts.context("restore"))

    @property
    def shop(self) -> Shop:
        return Shop(self.parts, self.third_party)

    def do(self, function: Callable[[], Any]) -> Any:
        return self.client.blocking_portal.call(function)

    def order(self, *numbers: str) -> None:
        self.do(lambda: self.shop.order(*numbers))

    def orders(self) -> list[str]:
        return self.do(self.shop.orders)

    def backup(self) -> Path:
        return self.do(self.shop.backup)

    def bearer(self, scope: str) -> dict[str, str]:
        if scope not in self.tokens:
            tokens = self.parts.accounts.tokens
            self.tokens[scope] = self.do(lambda: tokens.create(name=scope, scopes=[scope])).token.reveal()
        return {"authorization": f"Bearer {self.tokens[scope]}"}

    def api(
        self,
        method: str,
        path: str = "",
        *,
        scope: str = "restore:write",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        address = path if path.startswith("/api/") else f"/api/restores{path}"
        return self.client.request(method, address, headers={**self.bearer(scope), **(headers or {})}, **more)

    def upload(self, content: bytes, **params: str) -> httpx.Response:
        return self.api("POST", content=content, headers=RAW, params=params)

    def staged(self, file: Path) -> dict[str, Any]:
        """Upload a file, and wait until it was looked at."""
        answer = self.upload(file.read_bytes(), filename=file.name)
        assert answer.status_code == 202, answer.text
        return self.ended(answer)

    def ended(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 202, answer.text
        told = self.api("GET", answer.headers["location"], params={"wait": 30}).json()
        assert told["state"] not in ("uploading", "inspecting", "applying"), told
        return told

    def apply(self, restore: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"confirm": CONFIRMATION, "expect": restore["expect"], **more}
        return self.api("POST", f"/{restore['id']}/apply", json=body)


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(encrypted_settings: Settings) -> Iterator[OpenSite]:
    with ExitStack() as stack:

        def opened(*exporters: BackupExporter, **environ: str) -> Site:
            third_party = ThirdParty(exporters=exporters)
            settings = replace(encrypted_settings, environment_values=environ)
            app = create_app(settings, Plugins.discover(settings, sources(third_party), installed=False))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            site = Site(client, third_party)
            site.restores.pace = QUICK
            return site

        yield opened


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site()


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["code"] == code
    assert body["hint"]
    return body


def test_a_backup_is_staged_compared_applied_and_undone(site: Site) -> None:
    site.order("A")
    backup = site.backup()
    site.order("B", "C")
    answer = site.upload(backup.read_bytes(), filename="monday.db")
    assert answer.status_code == 202
    staged = answer.json()
    assert answer.headers["location"] == f"/api/restores/{staged['id']}"
    assert (staged["state"], staged["source"], staged["filename"]) == ("inspecting", "api", "monday.db")
    restore = site.ended(answer)
    assert (restore["state"], restore["verdict"]["code"], restore["confirm"]) == ("ready", "valid", CONFIRMATION)
    lost = next(one for one in restore["comparison"]["lost"] if one["kind"] == "orders")
    assert (lost["count"], [item["label"] for item in lost["items"]]) == (2, ["C", "B"])
    applied = site.ended(site.apply(restore))
    assert (applied["state"], applied["outcome"], applied["stage"]) == ("applied", "replaced", "done")
    assert site.orders() == ["A"]
    (former,) = site.api("GET", "/formers").json()["items"]
    assert former["id"] == applied["former"]
    undone = site.ended(site.api("POST", "/undo"))
    assert (undone["operation"], undone["state"], undone["put_back"]) == ("undo", "applied", former["id"])
    assert site.orders() == ["A", "B", "C"]
    listed = site.api("GET").json()["items"]
    assert [one["id"] for one in listed] == [undone["id"], restore["id"]]
    assert listed[0]["by"].startswith("token:")


def test_the_token_goes_on_being_good_whatever_the_file_holds(site: Site) -> None:
    backup = site.backup()
    restore = site.staged(backup)
    applied = site.ended(site.apply(restore))
    assert applied["state"] == "applied"
    assert site.api("GET").status_code == 200


def test_a_refused_file_says_what_it_is(site: Site, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary, " * 1000)
    told = site.staged(tmp_path / "diary.txt")
    assert (told["state"], told["verdict"]["code"]) == ("refused", "not_a_database")
    assert told["verdict"]["message"]
    assert told["verdict"]["hint"]
    assert (told["comparison"], told["expect"]) == (None, None)
    problem(
        site.api("POST", f"/{told['id']}/apply", json={"confirm": CONFIRMATION, "expect": ""}), 409, "restore_not_ready"
    )


def test_a_file_of_another_key_takes_that_key(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    schema.create(path, OTHER_KEY)
    told = site.staged(path)
    assert told["verdict"]["code"] == "wrong_key"
    address = f"/{told['id']}/rekey"
    wrong = site.ended(site.api("POST", address, json={"key": "nonsense"}))
    assert (wrong["state"], wrong["error"]["code"]) == ("refused", "wrong_key")
    problem(site.api("POST", address, json={"key": None}), 422, "invalid")
    problem(site.api("POST", address, json={"key": ""}), 422, "invalid")
    problem(site.api("POST", address, json={}), 422, "invalid")
    right = site.ended(site.api("POST", address, json={"key": OTHER_KEY.reveal()}))
    assert (right["state"], right["rekeyed"]) == ("ready", True)
    assert OTHER_KEY.reveal() not in json.dumps(right)
    problem(site.api("POST", address, json={"key": OTHER_KEY.reveal()}), 409, "restore_not_ready")


def test_the_confirmation_is_bound(site: Site) -> None:
    restore = site.staged(site.backup())
    body = problem(site.apply(restore, confirm="yes"), 422, "invalid")
    assert body["fields"] == {"confirm": f"Type: {CONFIRMATION}"}
    site.order("NEW")
    body = problem(site.apply(restore), 409, "state_changed")
    assert [item["label"] for item in body["comparison"]["lost"][0]["items"]] == ["NEW"]
    assert site.orders() == ["NEW"]
    applied = site.ended(site.apply({**restore, "expect": body["expect"]}))
    assert applied["state"] == "applied"
    assert site.orders() == []
    site.order("NEWER")
    body = problem(site.api("POST", "/undo", json={}), 409, "would_lose")
    assert site.ended(site.api("POST", "/undo", json={"expect": body["expect"]}))["state"] == "applied"
    assert site.orders() == ["NEW"]


def test_unknown_ones_are_told(site: Site) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/lost/orders.csv")):
        problem(site.api(method, f"/20260101-000000-00000000{path}"), 404, "restore_unknown")
    problem(site.api("POST", "/undo"), 404, "former_unknown")
    problem(site.api("POST", "/kept/nobody", params={"copy": "x"}), 404, "copy_unknown")
    restore = site.staged(site.backup())
    assert "orders.csv" in problem(site.api("GET", f"/{restore['id']}/lost/money.csv"), 404, "not_found")["hint"]


def test_losses_are_downloaded(site: Site) -> None:
    restore = site.staged(site.backup())
    site.order("A", "B")
    response = site.api("GET", f"/{restore['id']}/lost/orders.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="would-be-lost-orders.csv"'
    assert [line.split(",")[0] for line in response.text.lstrip("\ufeff").splitlines()] == ["number", "A", "B"]
    changed = site.api("GET", f"/{restore['id']}/lost/orders.csv?changed=true")
    assert changed.headers["content-disposition"] == 'attachment; filename="would-be-set-back-orders.csv"'
    assert changed.text.rstrip().endswith(",differs"), "none was set back"


def test_a_staged_file_is_discarded(site: Site) -> None:
    restore = site.staged(site.backup())
    assert site.api("DELETE", f"/{restore['id']}").status_code == 204
    problem(site.api("DELETE", f"/{restore['id']}"), 404, "restore_unknown")


def test_events_follow_to_the_end(site: Site) -> None:
    answer = site.upload(site.backup().read_bytes())
    response = site.api("GET", f"{answer.headers['location']}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in response.text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    told = [json.loads(line[6:]) for block in blocks[:-1] for line in block.splitlines() if line.startswith("data: ")]
    assert told[-1]["state"] == "ready"
    assert told[-1]["id"] == answer.json()["id"]
    assert "event: end" in blocks[-1]


def test_a_body_that_is_no_file_is_told(site: Site) -> None:
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json"):
        body = problem(site.api("POST", content=b"x", headers={"content-type": kind}), 415, "wrong_content_type")
        assert kind.partition(";")[0] in body["detail"]
        assert "application/octet-stream" in body["hint"]


def test_without_a_content_type_a_body_is_raw(site: Site) -> None:
    assert site.api("POST", content=site.backup().read_bytes()).status_code == 202


def test_what_is_too_large_is_refused_with_the_numbers(open_site: OpenSite) -> None:
    site = open_site(BERRYPOD_RESTORE_MAX_BYTES="1000")
    body = problem(site.upload(b"x" * 1001), 413, "upload_too_large")
    assert (body["size_bytes"], body["max_bytes"]) == (1001, 1000)
    assert "BERRYPOD_RESTORE_MAX_BYTES" in body["hint"]
    assert site.api("GET").json()["items"] == []


def test_a_full_disk_is_told_with_the_numbers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    content = site.backup().read_bytes()
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1_000_000)
    body = problem(site.upload(content), 507, "disk_full")
    assert "1.0 MB are free" in body["detail"]
    assert body["free_bytes"] == 1_000_000


def test_too_many_are_refused(site: Site) -> None:
    site.restores.pace = replace(QUICK, staged_at_most=1)
    backup = site.backup()
    site.staged(backup)
    problem(site.upload(backup.read_bytes()), 409, "too_many_restores")


def test_a_kept_copy_is_taken(open_site: OpenSite, empty_encrypted_file: Path) -> None:
    site = open_site(shelf(good=empty_encrypted_file.read_bytes()))
    answer = site.api("POST", "/kept/shelf", params={"copy": "good"})
    assert answer.json()["source"] == "kept"
    assert site.ended(answer)["state"] == "ready"
    problem(site.api("POST", "/kept/shelf", params={"copy": "bad"}), 404, "copy_unknown")


ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/formers"),
    ("POST", "/undo"),
    ("POST", "/kept/x?copy=1"),
    ("GET", "/x"),
    ("DELETE", "/x"),
    ("POST", "/x/apply"),
    ("POST", "/x/rekey"),
    ("GET", "/x/lost/orders.csv"),
    ("GET", "/x/events"),
]


def test_each_route_needs_the_scope(site: Site) -> None:
    for method, path in ROUTES:
        assert site.client.request(method, f"/api/restores{path}").status_code == 401, path
        for wrong in ("backup:write", "shop:write"):
            assert site.api(method, path, scope=wrong).status_code == 403, path
        assert site.api(method, path).status_code in (200, 202, 404, 422), path


def test_all_of_it_is_in_the_openapi_document(site: Site) -> None:
    document = site.client.get("/schema/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        if path.startswith("/api/restores")
        for method, operation in item.items()
    }
    assert set(operations) == {
        "GET /api/restores",
        "POST /api/restores",
        "GET /api/restores/formers",
        "POST /api/restores/undo",
        "POST /api/restores/kept/{exporter}",
        "GET /api/restores/{restore_id}",
        "DELETE /api/restores/{restore_id}",
        "POST /api/restores/{restore_id}/apply",
        "POST /api/restores/{restore_id}/rekey",
        "GET /api/restores/{restore_id}/lost/{file}",
        "GET /api/restores/{restore_id}/events",
    }
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["security"] == [{"token": []}], name
        assert {"401", "403"} <= set(operation["responses"]), name
    upload = operations["POST /api/restores"]
    assert list(upload["requestBody"]["content"]) == ["application/octet-stream"]
    assert {"202", "409", "413", "415", "507"} <= set(upload["responses"])
    assert not operations["POST /api/restores/undo"]["requestBody"].get("required")
    assert {"404", "409", "422"} <= set(operations["POST /api/restores/{restore_id}/apply"]["responses"])
    assert KEY.reveal() not in json.dumps(document)
