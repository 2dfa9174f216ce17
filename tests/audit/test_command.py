"""`berrypod audit`, and what the command line itself writes down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berrypod.accounts import passwords as passwords_module
from berrypod.audit import AuditLog
from berrypod.cli import cli
from berrypod.events import AdminSignInFailed, BackupDownloaded, RestoreFailed
from berrypod.settings import Settings
from tests.accounts.conftest import EMAIL, PASSWORD, cheap_hasher


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "default_hasher", cheap_hasher)
    for name in ("SECRET_KEY_DB", "SECRET_KEY_BASE", "BERRYPOD_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_PATH", str(settings.database_path))
    monkeypatch.setenv("BERRYPOD_ENV", "test")
    monkeypatch.setenv("BERRYPOD_DISABLED_PLUGINS", "*")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def log(settings: Settings) -> AuditLog:
    return AuditLog(settings.database_path.resolve())


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, list(arguments), input=typed)


def test_what_the_command_line_does_is_written_before_it_ends(log: AuditLog) -> None:
    for email in (EMAIL, "ben@example.com"):
        assert run("admin", "create", "--email", email, "--password-stdin", typed=f"{PASSWORD}\n").exit_code == 0
    assert run("admin", "disable", EMAIL).exit_code == 0
    assert run("admin", "enable", EMAIL).exit_code == 0
    assert run("admin", "reset-password", EMAIL, "--password-stdin", typed="four plums on a plate\n").exit_code == 0
    made = run("token", "create", "Job", "--scope", "backup:read")
    assert made.exit_code == 0, made.output

    told = [(one.event, one.details.get("change"), one.actor, one.address) for one in log.read().entries]
    assert told == [
        ("token.created", None, "cli", None),
        ("admin.changed", "password", "cli", None),
        ("admin.changed", "enabled", "cli", None),
        ("admin.changed", "disabled", "cli", None),
        ("admin.created", None, "cli", None),
        ("admin.created", None, "cli", None),
    ]


def test_a_command_that_is_refused_writes_nothing(log: AuditLog) -> None:
    assert run("admin", "disable", EMAIL).exit_code == 1
    assert not log.path.exists()


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def happened(self, log: AuditLog) -> None:
        log.tell(BackupDownloaded(backup_id="b1", size_bytes=1000, actor=f"admin:{EMAIL}", address="192.0.2.7"))
        log.tell(AdminSignInFailed(reason="password", address="[red]192.0.2.8"))
        log.tell(RestoreFailed(restore_id="r1", code="disk_full", error="The disk is full", actor="cli"))
        assert log.flush()

    def test_shows_the_newest_first(self) -> None:
        result = run("audit")
        assert result.exit_code == 0
        output = result.output
        assert output.index("A restore failed") < output.index("A sign-in failed") < output.index("was downloaded")
        assert "The command line" in output
        assert EMAIL in output
        assert "192.0.2.7" in output

    def test_what_strangers_sent_is_no_markup(self) -> None:
        assert "[red]192.0.2.8" in run("audit").output

    def test_json_is_for_programs(self) -> None:
        entries = json.loads(run("audit", "--json").stdout)
        assert [entry["event"] for entry in entries] == ["restore.failed", "admin.sign_in_failed", "backup.downloaded"]
        assert entries[2]["details"] == {"backup_id": "b1", "size_bytes": 1000}

    def test_as_many_as_are_wanted(self) -> None:
        result = run("audit", "--limit", "1")
        assert "A restore failed" in result.output
        assert "sign-in" not in result.output
        assert "--limit 4" in result.output

    def test_filters(self) -> None:
        assert [one["event"] for one in json.loads(run("audit", "--json", "--kind", "backups").stdout)] == [
            "backup.downloaded"
        ]
        assert [one["event"] for one in json.loads(run("audit", "--json", "--search", "disk full").stdout)] == [
            "restore.failed"
        ]
        assert "No line of the log is like that" in run("audit", "--search", "nothing like it").output

    def test_needs_no_database_that_opens(self, settings: Settings) -> None:
        """Which is when one wants to know what happened."""
        settings.database_path.write_bytes(b"no database" * 1000)
        assert "A restore failed" in run("audit").output

    def test_says_when_it_cannot_be_read(self, log: AuditLog) -> None:
        log.path.unlink()
        log.path.mkdir()
        result = run("audit")
        assert result.exit_code == 1
        assert "cannot be read" in result.output

    def test_wrong_usage(self) -> None:
        assert run("audit", "--limit", "0").exit_code == 2
        assert run("audit", "--kind", "weather").exit_code == 2


def test_before_anything_has_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PATH", str(tmp_path / "other.db"))
    result = run("audit")
    assert result.exit_code == 0
    assert "Nothing is in the log yet" in result.output
    assert not (tmp_path / "other.db-audit.jsonl").exists()
