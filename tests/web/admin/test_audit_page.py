"""`/admin/audit`, and what admins do that gets there: who, what, and from where."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from berrypod_backup import plugin as backup_plugin
from pyotp.totp import TOTP

from berrypod.audit import AuditEntry, AuditLog
from berrypod.events import BackupDownloaded, Event, PluginQuarantined, RestoreFailed
from berrypod.parts import Parts
from berrypod.plugins import PluginSource
from berrypod.settings import Settings
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.web.admin.conftest import Shop, Visitor, running

PAGE = "/admin/audit"
ANA = f"admin:{EMAIL}"
NEW_PASSWORD = "four plums on a plate"


@pytest.fixture
def own_shop(admin_settings: Settings) -> Iterator[Shop]:
    """A shop whose log begins now, with backups."""
    with running(admin_settings, PluginSource.of(backup_plugin, "backup")) as shop:
        yield shop


@pytest.fixture
def log(own_shop: Shop) -> AuditLog:
    parts: Parts = own_shop.app.state.parts
    return parts.audit


@pytest.fixture
def owner(own_shop: Shop) -> Visitor:
    visitor = own_shop.visitor()
    assert visitor.sign_in().status == 303
    return visitor


def entries(log: AuditLog) -> list[AuditEntry]:
    """The oldest first."""
    assert log.flush()
    return list(reversed(log.read(limit=1000).entries))


def tell(log: AuditLog, *events: Event) -> None:
    for event in events:
        log.tell(event)
    assert log.flush()


class TestWhatGetsThere:
    def test_signing_in_and_out(self, own_shop: Shop, log: AuditLog) -> None:
        visitor = own_shop.visitor()
        visitor.sign_in(password="a wrong guess!!")
        visitor.sign_in()
        visitor.post("/admin/logout-everywhere", on="/admin/account")

        assert [(one.event, one.actor, one.address) for one in entries(log)] == [
            ("admin.sign_in_failed", None, "testclient"),
            ("admin.signed_in", ANA, "testclient"),
            ("admin.signed_out", ANA, "testclient"),
        ]

    def test_what_is_done_to_an_account(self, owner: Visitor, own_shop: Shop, log: AuditLog) -> None:
        account, authenticator = "/admin/account", "/admin/account/authenticator"
        owner.post(authenticator, on=account, password=PASSWORD)
        secret = re.search(r"<code[^>]*>([A-Z2-7 ]{32,})</code>", owner.get(authenticator).html)
        assert secret
        owner.post(f"{authenticator}/confirm", on=authenticator, code=TOTP(secret[1].replace(" ", "")).now())
        owner.post(f"{authenticator}/recovery-codes", on=account, password=PASSWORD)
        owner.post(f"{authenticator}/disable", on=account, password=PASSWORD)
        changed = {"password": PASSWORD, "new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
        owner.post(f"{account}/password", on=account, **changed)

        told = [one for one in entries(log) if one.event == "admin.changed"]
        assert [one.details["change"] for one in told] == [
            "totp_enabled",
            "recovery_codes",
            "totp_disabled",
            "password",
        ]
        assert {(one.actor, one.address, one.details["email"]) for one in told} == {(ANA, "testclient", EMAIL)}
        content = log.path.read_text()
        assert PASSWORD not in content
        assert NEW_PASSWORD not in content
        assert secret[1].replace(" ", "") not in content

    def test_what_is_refused_changes_nothing_and_is_not_told(self, owner: Visitor, log: AuditLog) -> None:
        account = "/admin/account"
        changed = {"password": "wrong", "new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
        assert owner.post(f"{account}/password", on=account, **changed).status == 422
        assert owner.post(f"{account}/authenticator/disable", on=account, password="wrong").status == 422

        assert [one.event for one in entries(log)] == ["admin.signed_in"]

    def test_tokens_and_never_their_secrets(self, owner: Visitor, log: AuditLog) -> None:
        made = owner.post("/admin/tokens", on="/admin/tokens", name="Job", scopes="audit:read", expires_in="30")
        token = re.search(r"bp_[a-z0-9]{8}_[A-Za-z0-9]{43}", made.html)
        assert token
        owner.post("/admin/tokens/1/revoke", on="/admin/tokens")

        created, revoked = entries(log)[1:]
        assert (created.event, created.actor, created.address) == ("token.created", ANA, "testclient")
        assert (revoked.event, revoked.actor, revoked.address) == ("token.revoked", ANA, "testclient")
        assert created.details == {"prefix": token[0].split("_")[1], "scopes": ["audit:read"]}
        assert token[0].split("_")[2] not in log.path.read_text()

    def test_backups_and_who_fetched_them(self, owner: Visitor, log: AuditLog) -> None:
        started = owner.post("/admin/backup/jobs", on="/admin/backup", exporters="download")
        backup_id = started.leads_to.partition("job=")[2]
        path = f"/admin/backup/jobs/{backup_id}/download"
        until = time.monotonic() + 120
        while (answer := owner.get(path)).status == 409 and time.monotonic() < until:
            time.sleep(0.02)
        assert answer.status == 200
        while (told := [one for one in entries(log) if one.event.startswith("backup.")])[-1].event != (
            "backup.downloaded"
        ) and time.monotonic() < until:
            time.sleep(0.02)

        assert [one.event for one in told] == ["backup.started", "backup.finished", "backup.downloaded"]
        assert {(one.actor, one.address) for one in told} == {(ANA, "testclient")}
        assert told[1].details["sha256"]

    def test_the_file_is_beside_the_database_and_its_owners_alone(self, owner: Visitor, log: AuditLog) -> None:
        assert owner
        assert entries(log)
        path = log.path
        assert path.name == "shop.db-audit.jsonl"
        assert path.stat().st_mode & 0o777 == 0o600


class TestThePage:
    def test_is_for_admins_and_in_the_navigation(self, own_shop: Shop, owner: Visitor) -> None:
        assert own_shop.visitor().get(PAGE).leads_to.startswith("/admin/login")
        page = owner.get(PAGE)
        assert page.status == 200
        assert re.search(r'href="/admin/audit" aria-current="page"', page.html)

    def test_says_who_did_what_from_where(self, owner: Visitor, log: AuditLog) -> None:
        tell(
            log,
            BackupDownloaded(backup_id="b1", size_bytes=8_400_896, actor="token:abcd1234", address="192.0.2.7"),
            RestoreFailed(restore_id="r1", code="disk_full", error="The disk is full", actor="cli"),
            PluginQuarantined(plugin="shelf", error="<script>alert(1)</script>"),
        )
        page = owner.get(PAGE)

        assert "A backup was downloaded 8.4 MB · b1 The token bp_abcd1234_… from 192.0.2.7" in page.text
        assert "A restore failed The disk is full. The shop runs on the database that it had. The command" in page.text
        assert "<script>alert" not in page.html
        assert f"Signed in {EMAIL} from testclient" in page.text
        assert (
            page.text.index("The plugin shelf")
            < page.text.index("A restore failed")
            < page.text.index(f"Signed in {EMAIL}")
        )

    def test_filters_by_kind_and_by_words(self, owner: Visitor, log: AuditLog) -> None:
        tell(
            log,
            BackupDownloaded(backup_id="b1", size_bytes=1, actor=ANA),
            BackupDownloaded(backup_id="b2", size_bytes=1, actor=ANA),
        )

        backups = owner.get(f"{PAGE}?kind=backups")
        assert backups.html.count('data-event="') == backups.html.count('data-event="backup.downloaded"') == 2
        assert owner.get(f"{PAGE}?q=B2+downloaded").html.count('data-event="') == 1
        assert owner.get(f"{PAGE}?kind=nonsense").html.count('data-event="') == 3
        nothing = owner.get(f"{PAGE}?kind=restores&q=<b>")
        assert "Nothing like that" in nothing.text
        assert 'value="&lt;b&gt;"' in nothing.html

    def test_pages_through_all_of_it(self, owner: Visitor, log: AuditLog) -> None:
        tell(log, *(BackupDownloaded(backup_id=f"b-{number:03}", size_bytes=1, actor=ANA) for number in range(120)))
        seen: list[str] = []
        page = owner.get(PAGE)
        assert "Newest" not in page.text
        path = f"{PAGE}?kind=backups&q=downloaded"
        for _ in range(3):
            page = owner.get(path)
            seen += re.findall(r"· (b-\d{3})<", page.html)
            older = re.search(r'rel="next" href="([^"]+)"', page.html)
            path = older[1].replace("&amp;", "&") if older else ""

        assert path == ""
        assert seen == [f"b-{number:03}" for number in range(119, -1, -1)]
        assert "Newest" in page.text

    def test_a_place_that_is_gone_says_so(self, owner: Visitor) -> None:
        assert "Nothing older" in owner.get(f"{PAGE}?before=ffff-1").text

    def test_lines_that_are_none_of_ours_are_counted(self, owner: Visitor, log: AuditLog) -> None:
        assert entries(log)
        with log.path.open("ab") as file:
            file.write(b"{torn\n")

        assert "1 line of it is torn or not by Berrypod" in owner.get(PAGE).text

    def test_tells_when_nothing_can_be_written_and_the_shop_runs_on(
        self, owner: Visitor, own_shop: Shop, log: AuditLog
    ) -> None:
        assert entries(log)
        kept = log.path.read_bytes()
        log.path.unlink()
        log.path.mkdir()  # what no user can write to, root neither
        assert own_shop.visitor().sign_in().status == 303
        assert not log.flush()
        page = owner.get(PAGE)

        assert page.status == 200
        assert "What happens is not being written down" in page.text
        assert "1 line waits until it can be" in page.text
        assert "The audit log cannot be read" in page.text

        log.path.rmdir()
        log.path.write_bytes(kept)
        owner.get(PAGE)
        assert len(entries(log)) == 2
        assert "not being written down" not in owner.get(PAGE).text


def test_a_shop_whose_folder_is_read_again_has_the_whole_story(admin_settings: Settings) -> None:
    """Over restarts, and of whatever process."""
    for _ in range(2):
        with running(admin_settings) as shop:
            assert shop.visitor().sign_in().status == 303

    log = AuditLog(Path(admin_settings.database_path).resolve())
    assert [one.event for one in log.read().entries] == ["admin.signed_in"] * 2
