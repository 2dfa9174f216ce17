"""Reading the log: the newest first, page by page, whatever else is in the file."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.audit import AuditLog, reading
from berrypod.audit.entries import AuditEntry, Kind, line_of
from berrypod.audit.file import AuditFile
from berrypod.audit.reading import AuditPage, read_page
from berrypod.events import (
    AdminSignedIn,
    BackupDownloaded,
    Event,
    PluginQuarantined,
    ProductChanged,
    RestoreDiscarded,
    RestoreFailed,
)
from tests.audit.conftest import NOON


def restore(number: int) -> RestoreDiscarded:
    return RestoreDiscarded(restore_id=str(number), at=NOON + timedelta(seconds=number))


def numbers(page: AuditPage) -> list[int]:
    return [int(entry.details["restore_id"]) for entry in page.entries]


def all_pages(read: Callable[[str | None], AuditPage]) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    older: str | None = None
    while True:
        page = read(older)
        found += page.entries
        older = page.older
        if older is None:
            return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def write(path: Path, *events: Event) -> None:
    path.write_bytes(b"".join(map(line_of, events)))


class TestPaging:
    def test_the_newest_comes_first(self, path: Path) -> None:
        write(path, *map(restore, range(5)))

        page = read_page([path], limit=3)
        assert numbers(page) == [4, 3, 2]
        assert page.entries[0].at == NOON + timedelta(seconds=4)
        assert numbers(read_page([path], limit=3, before=page.older)) == [1, 0]

    def test_the_last_page_has_no_older_one(self, path: Path) -> None:
        write(path, *map(restore, range(3)))

        assert read_page([path], limit=3).older is None
        assert read_page([path], limit=2).older is not None

    def test_nothing_is_told_twice_when_lines_come_in_between(self, path: Path) -> None:
        write(path, *map(restore, range(5)))
        page = read_page([path], limit=2)
        with path.open("ab") as file:
            file.write(line_of(restore(5)))

        assert numbers(read_page([path], limit=9, before=page.older)) == [2, 1, 0]

    def test_nor_when_the_file_is_rotated_in_between(self, tmp_path: Path) -> None:
        file = AuditFile(tmp_path / "log", largest_bytes=400, kept=30)
        for number in range(20):
            with file.alone() as alone:
                alone.append(line_of(restore(number)))
        page = read_page(file.paths(), limit=4)
        for number in range(20, 40):
            with file.alone() as alone:
                alone.append(line_of(restore(number)))

        rest = all_pages(lambda older: read_page(file.paths(), limit=4, before=older or page.older))
        assert [int(entry.details["restore_id"]) for entry in rest] == list(range(15, -1, -1))

    def test_rotation_while_it_is_read_shows_nothing_twice(self, tmp_path: Path) -> None:
        file = AuditFile(tmp_path / "log", kept=3)
        with file.alone() as alone:
            alone.append(line_of(restore(1)))
        os.link(tmp_path / "log", tmp_path / "log.1")  # as it is met under both names

        assert numbers(read_page(file.paths(), limit=9)) == [1]

    @pytest.mark.parametrize("before", ["", "x", "1-2-3", "ffffffff-10", "-", "\0", "٣-٣", "1-" + "9" * 40])
    def test_a_place_that_is_none_has_nothing_before_it(self, path: Path, before: str) -> None:
        write(path, *map(restore, range(5)))

        assert read_page([path], limit=9, before=before).entries == ()

    @pytest.mark.parametrize("offset", ["-5", "7", "99999999", "9" * 40])
    def test_a_place_that_was_made_up_harms_nothing(self, path: Path, offset: str) -> None:
        write(path, *map(restore, range(5)))
        page = read_page([path], limit=9, before=f"{path.stat().st_ino:x}-{offset}")

        assert set(numbers(page)) <= set(range(5))

    def test_without_a_file_there_is_nothing(self, path: Path) -> None:
        assert read_page([path, path.with_suffix(".1")], limit=9) == AuditPage()


class TestAnyFile:
    @settings(max_examples=60)
    @given(
        lengths=st.lists(st.integers(0, 40), max_size=60),
        block=st.integers(1, 64),
        limit=st.integers(1, 7),
        ended=st.booleans(),
    )
    def test_lines_of_any_length_over_blocks_of_any_size(
        self, tmp_path_factory: pytest.TempPathFactory, lengths: list[int], block: int, limit: int, ended: bool
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any-log"
        events = [
            RestoreDiscarded(restore_id=f"{number}{'ü' * length}", at=NOON) for number, length in enumerate(lengths)
        ]
        content = b"".join(map(line_of, events))
        path.write_bytes(content if ended else content.removesuffix(b"\n"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "_BLOCK_BYTES", block)
            found = all_pages(lambda older: read_page([path], limit=limit, before=older))

        assert [entry.details["restore_id"] for entry in found] == [event.restore_id for event in reversed(events)]
        assert len({entry.id for entry in found}) == len(found)

    @settings(max_examples=60)
    @given(st.binary(max_size=400))
    def test_what_is_no_log_is_no_end(self, tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
        path = tmp_path_factory.getbasetemp() / "any-file"
        path.write_bytes(content + b"\n" + line_of(restore(1)))

        page = read_page([path], limit=9)
        assert 1 in [int(entry.details.get("restore_id", 0)) for entry in page.entries]

    @pytest.mark.parametrize(
        "line",
        [
            b"{",
            b'{"at": "2026-07-01T12:00:00Z", "event": "restore.disc',
            b"[]",
            b"null",
            b'"at"',
            b"{}",
            b'{"at": "yesterday", "event": "x"}',
            b'{"at": "2026-07-01T12:00:00", "event": "x"}',
            b'{"at": 7, "event": "x"}',
            b'{"at": "2026-07-01T12:00:00Z", "event": 7}',
            b"\xff\xfe\x00",
        ],
    )
    def test_torn_and_foreign_lines_are_counted(self, path: Path, line: bytes) -> None:
        path.write_bytes(line_of(restore(1)) + line + b"\n\n\n" + line_of(restore(2)))

        page = read_page([path], limit=9)
        assert (numbers(page), page.unreadable) == ([2, 1], 1)

    def test_a_torn_last_line_is_one_of_them(self, path: Path) -> None:
        path.write_bytes(line_of(restore(1)) + line_of(restore(2))[:-9])

        page = read_page([path], limit=9)
        assert (numbers(page), page.unreadable) == ([1], 1)

    def test_actors_and_addresses_that_are_no_text_are_left_out(self, path: Path) -> None:
        path.write_bytes(b'{"at": "2026-07-01T12:00:00+02:00", "event": "x", "actor": 7, "address": []}\n')

        (entry,) = read_page([path], limit=9).entries
        assert (entry.actor, entry.address, entry.at) == (None, None, NOON - timedelta(hours=2))

    def test_a_line_without_an_end_is_not_read_into_memory(self, path: Path) -> None:
        with path.open("wb") as file:
            file.write(line_of(restore(1)))
            for _ in range(40):
                file.write(b"x" * 1_000_000)
            file.write(b"\n" + line_of(restore(2)))
        tracemalloc.start()
        page = read_page([path], limit=9)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert numbers(page) == [2, 1]
        assert peak < 2_000_000


class TestFilters:
    @pytest.fixture
    def log(self, shop: Path) -> AuditLog:
        log = AuditLog(shop)
        for event in (
            AdminSignedIn(email="ana@example.com", actor="admin:ana@example.com", address="192.0.2.7"),
            BackupDownloaded(backup_id="20260701-x", size_bytes=9, actor="admin:ben@example.com", address="192.0.2.8"),
            RestoreFailed(restore_id="r1", code="disk_full", error="The disk is full", actor="cli"),
            ProductChanged(slug="jam", change="deleted", actor="admin:ben@example.org"),
            PluginQuarantined(plugin="shelf", error="No module"),
        ):
            log.tell(event)
        assert log.flush()
        return log

    @pytest.mark.parametrize(
        ("kind", "event"),
        [
            ("access", "admin.signed_in"),
            ("backups", "backup.downloaded"),
            ("restores", "restore.failed"),
            ("shop", "product.changed"),
            ("plugins", "plugin.quarantined"),
        ],
    )
    async def test_by_kind(self, log: AuditLog, kind: Kind, event: str) -> None:
        (entry,) = (await log.page(kind=kind)).entries
        assert (entry.event, entry.kind) == (event, kind)

    @pytest.mark.parametrize(
        ("text", "events"),
        [
            ("ANA@example", ["admin.signed_in"]),
            ("192.0.2.8", ["backup.downloaded"]),
            ("20260701-x", ["backup.downloaded"]),
            ("disk_full", ["restore.failed"]),
            ("restore failed", ["restore.failed"]),
            ("product jam", ["product.changed"]),
            ("was downloaded", ["backup.downloaded"]),
            ("example.com", ["backup.downloaded", "admin.signed_in"]),
            ("nothing like this", []),
            ("   ", 5),
        ],
    )
    async def test_by_words_of_the_file_and_of_the_page(
        self, log: AuditLog, text: str, events: list[str] | int
    ) -> None:
        found = [entry.event for entry in (await log.page(text=text)).entries]
        assert found == events if isinstance(events, list) else len(found) == events

    async def test_both_together_and_over_pages(self, log: AuditLog) -> None:
        for number in range(5):
            log.tell(restore(number))
        assert log.flush()
        page = await log.page(kind="restores", text="thrown", limit=2)
        rest = await log.page(kind="restores", text="thrown", limit=9, before=page.older)

        assert numbers(page) + numbers(rest) == [4, 3, 2, 1, 0]
