"""`GET /api/audit`: the audit log for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from berrypod.accounts import Accounts
from berrypod.app import create_app
from berrypod.audit import AuditLog
from berrypod.events import BackupDownloaded, RestoreDiscarded
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.web.api.conftest import Client, check_problem


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """A client that may read the log, of a shop in which a few things have happened."""

    async def make_token() -> str:
        database = Database(settings)
        await database.open()
        new = await Accounts(database, settings).tokens.create(name="Watch", scopes=["audit:read"])
        await database.close()
        return new.token.reveal()

    log = AuditLog(Path(settings.database_path).resolve())
    log.tell(BackupDownloaded(backup_id="b1", size_bytes=8_400_896, actor="admin:ana@example.com", address="192.0.2.7"))
    for number in range(5):
        log.tell(RestoreDiscarded(restore_id=f"r{number}", actor="cli"))
    assert log.flush()
    token = asyncio.run(make_token())
    app = create_app(settings, Plugins.discover(settings, installed=False))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def test_a_line_has_what_happened_for_programs_and_for_people(client: Client) -> None:
    (item,) = client.get("/api/audit?kind=backups").json()["items"]

    assert item.pop("id")
    assert item.pop("at").endswith("Z")
    assert item == {
        "event": "backup.downloaded",
        "kind": "backups",
        "actor": "admin:ana@example.com",
        "address": "192.0.2.7",
        "title": "A backup was downloaded",
        "text": "8.4 MB · b1",
        "details": {"backup_id": "b1", "size_bytes": 8_400_896},
    }


def test_the_newest_come_first_page_by_page(client: Client) -> None:
    first = client.get("/api/audit?limit=4").json()
    assert [item["details"]["restore_id"] for item in first["items"]] == ["r4", "r3", "r2", "r1"]
    second = client.get("/api/audit", params={"limit": 4, "before": first["older"]}).json()
    assert [item["event"] for item in second["items"]] == ["restore.discarded", "backup.downloaded"]
    assert second["older"] is None


def test_words_and_kinds_narrow_it_down(client: Client) -> None:
    assert [item["event"] for item in client.get("/api/audit?q=192.0.2.7").json()["items"]] == ["backup.downloaded"]
    assert client.get("/api/audit?kind=plugins").json()["items"] == []
    assert client.get("/api/audit?before=nonsense").json() == {"items": [], "older": None}


@pytest.mark.parametrize("query", ["kind=weather", "limit=0", "limit=501", "limit=x", "before=" + "1" * 61])
def test_what_it_does_not_understand_is_a_problem(client: Client, query: str) -> None:
    check_problem(client.get(f"/api/audit?{query}"), 422)


def test_a_token_without_the_scope_sees_nothing(unchanged: Client, read: dict[str, str]) -> None:
    check_problem(unchanged.get("/api/audit", headers=read), 403)
    check_problem(unchanged.get("/api/audit"), 401)
