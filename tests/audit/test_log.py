"""Events on their way into the file: quick for whoever emits them, and none is lost."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import pytest

from berrypod import events as all_events
from berrypod.audit import AuditLog, entries
from berrypod.audit import log as log_module
from berrypod.audit.entries import is_audited
from berrypod.audit.file import AuditFile
from berrypod.audit.flood import Flood
from berrypod.events import (
    AdminSignedIn,
    AdminSignInFailed,
    BackupDownloaded,
    Event,
    OrderPlaced,
    OrderStatusChanged,
    PluginQuarantined,
    ProductChanged,
    RestoreStarted,
    SubscriberJoined,
)
from tests.audit.conftest import Clock
from tests.storage.making import fill

Lines = Callable[[], list[dict[str, Any]]]

DOWNLOADED = BackupDownloaded(
    backup_id="20260701-120000-3f9a", size_bytes=8_400_896, actor="admin:ana@example.com", address="192.0.2.7"
)


def started(number: int) -> RestoreStarted:
    return RestoreStarted(restore_id=str(number))


class TestWhatIsWritten:
    def test_who_what_when_and_from_where(self, log: AuditLog, lines: Lines) -> None:
        log.tell(DOWNLOADED)

        assert lines() == [
            {
                "at": DOWNLOADED.at.isoformat().replace("+00:00", "Z"),
                "event": "backup.downloaded",
                "actor": "admin:ana@example.com",
                "address": "192.0.2.7",
                "backup_id": "20260701-120000-3f9a",
                "size_bytes": 8_400_896,
            }
        ]

    def test_in_the_order_in_which_it_happened(self, log: AuditLog, lines: Lines) -> None:
        for number in range(500):
            log.tell(started(number))

        assert [line["restore_id"] for line in lines()] == [str(number) for number in range(500)]

    def test_beside_the_shops_file(self, log: AuditLog, shop: Path) -> None:
        log.tell(DOWNLOADED)
        assert log.flush()
        assert log.path == shop.with_name("shop.db-audit.jsonl")
        assert log.path.exists()

    @pytest.mark.parametrize(
        "event",
        [
            OrderPlaced(number="K7QM-2XWD", total_minor=900, currency="EUR", item_count=2),
            OrderStatusChanged(number="K7QM-2XWD", before="placed", status="cancelled"),
            SubscriberJoined(subscriber_id=7),
            ProductChanged(slug="jam", change="changed"),
            ProductChanged(slug="jam", change="changed", actor="token:abcd1234"),
        ],
    )
    def test_what_customers_and_programs_do_in_the_shop_is_not(self, event: Event, log: AuditLog, lines: Lines) -> None:
        log.tell(event)

        assert lines() == []

    def test_what_is_done_to_the_shop_by_an_admin_is(self, log: AuditLog, lines: Lines) -> None:
        log.tell(ProductChanged(slug="jam", change="deleted", actor="admin:ana@example.com"))
        log.tell(ProductChanged(slug="tea", change="created", actor="cli"))

        assert [(line["actor"], line["slug"]) for line in lines()] == [("admin:ana@example.com", "jam"), ("cli", "tea")]

    def test_events_of_plugins_are_not(self, log: AuditLog, lines: Lines) -> None:
        @dataclass(frozen=True, kw_only=True)
        class LabelPrinted(Event):
            name: ClassVar[str] = "labels.printed"
            customer: str

        log.tell(LabelPrinted(customer="Kim Doe, Plum Lane 3", actor="admin:ana@example.com"))

        assert lines() == []

    def test_every_event_of_access_backups_and_restores_is(self) -> None:
        """None is forgotten when another is added."""
        modules = ("access", "backups", "restores")
        named = [
            kind
            for name in all_events.__all__
            if (kind := getattr(all_events, name)).__module__.rpartition(".")[2] in modules
        ]
        assert len(named) > 20
        always: Any = entries._ALWAYS  # pyright: ignore[reportPrivateUsage]
        assert [kind for kind in named if kind not in always] == []
        assert is_audited(PluginQuarantined(plugin="shelf", error="x"))

    def test_an_error_that_is_endless_is_cut(self, log: AuditLog, lines: Lines) -> None:
        log.tell(PluginQuarantined(plugin="shelf", error="x" * 100_000))

        (line,) = lines()
        assert line["error"].startswith("xxx")
        assert len(line["error"]) < 1100

    def test_text_that_no_file_can_hold_is_replaced(self, log: AuditLog, lines: Lines) -> None:
        log.tell(AdminSignInFailed(reason="password", address="192.0.2.7\udc80\n"))

        assert [line["address"] for line in lines()] == ["192.0.2.7?\n"]


class TestBrokenPlugins:
    """Each process, and each command, meets them anew."""

    BROKEN = PluginQuarantined(plugin="shelf", error="ImportError: no module named shelf")

    def test_the_same_is_told_once_a_day(self, log: AuditLog, shop: Path, lines: Lines) -> None:
        log.tell(self.BROKEN)
        log.tell(started(1))
        assert log.flush()
        another = AuditLog(shop)
        another.tell(self.BROKEN)
        assert another.flush()
        assert [line["event"] for line in lines()] == ["plugin.quarantined", "restore.started"]

        another.tell(PluginQuarantined(plugin="shelf", error=self.BROKEN.error, at=self.BROKEN.at + timedelta(days=1)))
        assert another.flush()
        assert len(lines()) == 3

    def test_another_error_is_told(self, log: AuditLog, lines: Lines) -> None:
        log.tell(self.BROKEN)
        log.tell(PluginQuarantined(plugin="shelf", error="another"))
        log.tell(PluginQuarantined(plugin="labels", error=self.BROKEN.error))

        assert len(lines()) == 3

    def test_where_no_shop_is_nothing_is_left(self, tmp_path: Path) -> None:
        log = AuditLog(tmp_path / "shop.db")
        log.tell(self.BROKEN)
        assert log.flush()
        assert list(tmp_path.iterdir()) == []


class TestFailedSignIns:
    """Strangers can cause thousands of them; they must not push out what happened before."""

    def fail(self, log: AuditLog, times: int) -> None:
        for _ in range(times):
            log.tell(AdminSignInFailed(reason="password", address="192.0.2.7"))

    @pytest.fixture
    def log(self, shop: Path, clock: Clock) -> AuditLog:
        return AuditLog(shop, clock=clock, flood=Flood(listed=3))

    def reasons(self, lines: Lines) -> list[tuple[str, int | None]]:
        return [(line["reason"], line.get("times")) for line in lines() if line["event"] == "admin.sign_in_failed"]

    def test_beyond_a_number_they_are_counted(self, log: AuditLog, lines: Lines, clock: Clock) -> None:
        self.fail(log, 1000)
        listed = [("password", None)] * 3
        assert self.reasons(lines) == [*listed, ("rest_is_counted", None)]

        clock.forward(hours=1)
        self.fail(log, 1)
        assert self.reasons(lines) == [*listed, ("rest_is_counted", None), ("counted", 997), ("password", None)]

    def test_whatever_happens_next_tells_the_count(self, log: AuditLog, lines: Lines, clock: Clock) -> None:
        self.fail(log, 10)
        clock.forward(hours=1)
        log.tell(DOWNLOADED)

        assert [line["event"] for line in lines()][-2:] == ["admin.sign_in_failed", "backup.downloaded"]
        assert self.reasons(lines)[-1] == ("counted", 7)

    def test_so_does_the_end_of_the_process(self, log: AuditLog, lines: Lines) -> None:
        self.fail(log, 10)
        assert log.close()
        assert self.reasons(lines)[-1] == ("counted", 7)
        assert log.close()
        assert len(self.reasons(lines)) == 5

    def test_few_of_them_are_listed_and_no_more_is_told(self, log: AuditLog, lines: Lines, clock: Clock) -> None:
        self.fail(log, 3)
        clock.forward(hours=2)
        self.fail(log, 3)
        log.close()

        assert self.reasons(lines) == [("password", None)] * 6

    def test_who_gets_in_meanwhile_is_always_listed(self, log: AuditLog, lines: Lines) -> None:
        self.fail(log, 100)
        log.tell(AdminSignedIn(email="ana@example.com"))

        assert lines()[-1]["event"] == "admin.signed_in"


class TestWhoeverEmits:
    def test_does_not_wait_for_the_file(self, shop: Path) -> None:
        """Another process holds it, and the disk is slow."""
        log = AuditLog(shop, file=AuditFile(shop.with_name("log"), lock_seconds=120))
        log.tell(started(0))
        assert log.flush()
        with log.path.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            begun = monotonic()
            for number in range(1, 50):
                log.tell(started(number))
            assert monotonic() - begun < 60, "half of what the first one alone would have waited"
            assert not log.flush(0.01)
        assert log.flush()
        assert len(log.path.read_bytes().splitlines()) == 50

    async def test_may_wait_until_it_is_on_the_disk(self, log: AuditLog) -> None:
        assert await log.record(started(1))
        assert b"restore.started" in log.path.read_bytes()

    async def test_is_told_when_it_could_not_be_written(self, tmp_path: Path) -> None:
        log = AuditLog(tmp_path / "no folder" / "shop.db")
        assert not await log.record(started(1))
        assert log.trouble

    def test_no_thread_stays_behind(self, log: AuditLog) -> None:
        log.tell(started(1))
        assert log.close()
        for thread in threading.enumerate():
            if thread.name == "berrypod audit":
                thread.join(60)
                assert not thread.is_alive()

    def test_many_threads_at_once_lose_nothing(self, log: AuditLog, lines: Lines) -> None:
        def emit(first: int) -> None:
            for number in range(first, first + 50):
                log.tell(started(number))

        threads = [threading.Thread(target=emit, args=(first,)) for first in range(0, 400, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(int(line["restore_id"]) for line in lines()) == list(range(400))

    def test_a_process_that_ends_at_once_loses_nothing(self, shop: Path) -> None:
        """Nobody closes or flushes anything."""
        code = """
import sys
from pathlib import Path
from berrypod.audit import AuditLog
from berrypod.events import RestoreStarted
log = AuditLog(Path(sys.argv[1]))
for number in range(50):
    log.tell(RestoreStarted(restore_id=str(number)))
sys.exit(3)
"""
        done = subprocess.run([sys.executable, "-c", code, str(shop)], check=False, timeout=60)
        assert done.returncode == 3
        assert len(AuditLog(shop).path.read_bytes().splitlines()) == 50

    def test_where_no_thread_can_be_started_it_writes_by_itself(
        self, log: AuditLog, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        log.tell(started(1))
        assert len(lines()) == 1


class TestTrouble:
    def test_what_could_not_be_written_waits_and_is_written_later(
        self, small_disk: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (small_disk / "shop.db").touch()
        log = AuditLog(small_disk / "shop.db")
        log.tell(started(1))
        assert log.flush()
        fill(small_disk / "ballast")
        big = RestoreStarted(restore_id="x" * 900)
        for _ in range(20):
            log.tell(big)
        assert not log.flush()

        trouble = log.trouble
        assert trouble
        assert "no space left" in trouble.message.lower()
        assert trouble.hint
        assert trouble.lines >= 1
        assert "cannot be written" in caplog.text
        assert "not in the audit log yet" in caplog.text

        (small_disk / "ballast").unlink()
        assert log.flush()
        assert log.trouble is None
        assert len(log.read(limit=100).entries) == 21

    def test_is_logged_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        log = AuditLog(tmp_path / "no folder" / "shop.db")
        for number in range(5):
            log.tell(started(number))
            log.flush()

        assert caplog.text.count("cannot be written") == 1
        assert caplog.text.count("not in the audit log yet") == 5

    def test_lines_that_are_too_many_to_wait_are_counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "_WAITING_AT_MOST", 3)
        log = AuditLog(tmp_path / "folder" / "shop.db")
        for number in range(5):
            log.tell(started(number))
            log.flush()
        assert log.trouble
        assert (log.trouble.lines, log.trouble.lost) == (3, 2)

        (tmp_path / "folder").mkdir()
        assert log.flush()
        assert [entry.details["restore_id"] for entry in log.read().entries] == ["4", "3", "2"]

    def test_a_mistake_of_ours_is_trouble_too_and_not_the_end(
        self, log: AuditLog, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ValueError("a mistake")

        with monkeypatch.context() as patch:
            patch.setattr(AuditFile, "alone", fail)
            log.tell(started(1))
            assert not log.flush()
            assert log.trouble
            assert log.trouble.message == "a mistake"
        log.tell(started(2))
        assert len(lines()) == 2
