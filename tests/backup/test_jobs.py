"""A backup goes through its states, any process can follow it, and what it leaves is removed in time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from berrypod_backup import running as running_module
from berrypod_backup.faults import BackupGone, BackupNotReady, BackupUnknown, TooManyBackups
from berrypod_backup.service import Backups
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.events import BackupDownloaded, BackupFailed, BackupFinished, BackupStarted
from berrypod.settings import Settings
from berrypod.storage import snapshot
from berrypod.storage.locks import one_of_all
from tests.backup.making import QUICK, Shop, grow, holds, shop_with
from tests.backup.stranger import look
from tests.conftest import KEY


async def read(shop: Shop, backup_id: str) -> bytes:
    """Fetch a backup to its last byte, as a client does."""
    from berrypod.web.downloads import pieces_of

    fetch = await shop.backups.fetch(backup_id)
    pieces = [
        piece async for piece in await pieces_of(fetch.path, complete=lambda: shop.backups.fetched(fetch, "admin:ada"))
    ]
    return b"".join(pieces)


async def test_a_backup_is_made_verified_fetched_once_and_gone(encrypted_settings: Settings, tmp_path: Path) -> None:
    async with shop_with(encrypted_settings) as shop:
        record = await shop.backup()
        assert record.state == "ready"
        assert record.snapshot is not None
        assert record.started_by == "admin:ada@example.org"
        export = record.exports[0]
        assert export.file is not None
        assert export.file.filename == f"berrypod-backup-{record.snapshot.created_at:%Y%m%d-%H%M%S}.db"
        (tmp_path / "copy.db").write_bytes(await read(shop, record.id))
        assert look(tmp_path / "copy.db", KEY.reveal())["check"] == "ok"
        gone = await shop.ended(record.id, "gone")
        assert gone.exports[0].state == "fetched"
        with pytest.raises(BackupGone):
            await shop.backups.fetch(record.id)
        await shop.emptied()


async def test_what_happens_is_told_to_observers(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup()
        await read(shop, record.id)
        await shop.ended(record.id, "gone")
        told = [event for event in shop.events if event.name.startswith("backup.")]
    assert [type(event) for event in told] == [BackupStarted, BackupFinished, BackupDownloaded]
    assert [event.actor for event in told] == ["admin:ada@example.org", "admin:ada@example.org", "admin:ada"]
    finished = told[1]
    assert isinstance(finished, BackupFinished)
    assert record.snapshot
    assert (finished.backup_id, finished.sha256) == (record.id, record.snapshot.sha256)


async def test_its_states_and_progress_can_be_followed(settings: Settings) -> None:
    grow(settings, 20)
    async with shop_with(settings) as shop:
        record = await shop.backups.start(["download"], None)
        assert record.state == "queued"
        seen: list[tuple[str, float]] = []
        while not seen or seen[-1][0] != "ready":
            record = await shop.backups.get(record.id)
            seen.append((record.state, await shop.backups.progress(record)))
            await asyncio.sleep(0.005)
    states = list(dict.fromkeys(state for state, _ in seen))
    assert states == [state for state in ("queued", "copying", "verifying", "exporting", "ready") if state in states]
    assert {"copying", "ready"} <= set(states)
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert shares[-1] == 1.0


async def test_a_copy_that_is_whole_counts_as_that_while_its_record_is_still_behind(settings: Settings) -> None:
    """On a busy disk the note that it is verified may be written after it was. No bar may jump back then."""
    async with shop_with(settings) as shop:
        behind = msgspec.structs.replace(await shop.backup(), state="copying")
        assert await shop.backups.progress(behind) > 0.7


async def test_it_cannot_be_fetched_before_it_is_ready(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        async with one_of_all(shop.backups.store.turn_file):
            record = await shop.backups.start(["download"], None)
            with pytest.raises(BackupNotReady, match="it is queued"):
                await shop.backups.fetch(record.id)
            await asyncio.sleep(0.2)
            assert (await shop.backups.get(record.id)).state == "queued", "another snapshot is being made"
        assert (await shop.ended(record.id)).state == "ready"


async def test_a_broken_connection_leaves_it_to_be_fetched_again(settings: Settings) -> None:
    from berrypod.web.downloads import pieces_of

    grow(settings, 1)
    async with shop_with(settings) as shop:
        record = await shop.backup()
        fetch = await shop.backups.fetch(record.id)
        pieces = await pieces_of(fetch.path, complete=lambda: shop.backups.fetched(fetch, None))
        await anext(pieces)
        await pieces.aclose()
        assert (await shop.backups.get(record.id)).state == "ready"
        assert len(await read(shop, record.id)) == fetch.file.size_bytes


def hours_pass(shop: Shop) -> None:
    """By the clock of the plugin; files are kept for one hour."""
    later = shop.context.now() + timedelta(hours=2)
    shop.backups.context = replace(shop.context, clock=lambda: later)


async def test_nobody_fetches_it_and_it_goes_in_time(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup()
        assert record.state == "ready"
        assert record.expires_at is not None
        hours_pass(shop)
        gone = await shop.ended(record.id, "gone")
        assert gone.exports[0].state == "ready", "the API says expired"
        await shop.emptied()


async def test_one_that_is_being_fetched_when_its_time_is_up_is_fetched_whole(settings: Settings) -> None:
    from berrypod.web.downloads import pieces_of

    grow(settings, 1)
    async with shop_with(settings) as shop:
        record = await shop.backup()
        fetch = await shop.backups.fetch(record.id)
        pieces = await pieces_of(fetch.path, complete=lambda: shop.backups.fetched(fetch, None))
        begun = await anext(pieces)
        hours_pass(shop)
        await shop.ended(record.id, "gone")
        await shop.emptied()
        rest = [piece async for piece in pieces]
    assert len(begun) + sum(map(len, rest)) == fetch.file.size_bytes


async def test_a_deleted_one_is_unknown_and_its_files_go(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup()
        await shop.backups.delete(record.id)
        with pytest.raises(BackupUnknown):
            await shop.backups.get(record.id)
        assert holds(shop.work_folder / "data") == []


def copy_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a copy takes longer than any test, and is interrupted as any other is."""
    copy = snapshot._vacuum_into  # pyright: ignore[reportPrivateUsage]

    def slowly(source: dbapi2.Connection, *more: Any) -> None:
        source.set_progress_handler(lambda: time.sleep(0.02), 1)
        try:
            copy(source, *more)
        finally:
            source.set_progress_handler(None, 0)

    monkeypatch.setattr(snapshot, "_vacuum_into", slowly)


async def test_deleting_one_that_is_being_made_ends_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_slowly(monkeypatch)
    async with shop_with(settings) as shop:
        record = await shop.backups.start(["download"], None)
        await shop.ended(record.id, "copying")
        async with asyncio.timeout(60):
            await shop.backups.delete(record.id)
        assert holds(shop.work_folder / "data") == []
        assert await shop.backups.all() == []


async def test_another_process_may_delete_it_while_it_is_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another `Backups` on the same folder knows nothing but what is on the disk, as another process does."""
    copy_slowly(monkeypatch)
    async with shop_with(settings) as shop:
        other = Backups(shop.context, QUICK)
        record = await shop.backups.start(["download"], None)
        await shop.ended(record.id, "copying")
        await other.delete(record.id)
        await shop.emptied()
        assert not [event for event in shop.events if isinstance(event, BackupFailed)]


async def test_another_process_may_fetch_it(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        other = Backups(shop.context, QUICK)
        record = await shop.backup()
        assert await other.all() == [record]
        fetch = await other.fetch(record.id)
        other.fetched(fetch, None)
        await shop.ended(record.id, "gone")
        await shop.emptied()


async def test_when_the_shop_stops_what_is_under_way_is_interrupted_and_nothing_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(settings) as shop:
        ready = await shop.backup()
        copy_slowly(monkeypatch)
        made = await shop.backups.start(["download"], None)
        await shop.ended(made.id, "copying")
    assert holds(shop.work_folder / "data") == []
    assert [event.code for event in shop.third_party.events if isinstance(event, BackupFailed)] == [
        "backup_interrupted"
    ]
    async with shop_with(settings) as shop:
        assert (await shop.backups.get(made.id)).state == "interrupted"
        assert (await shop.backups.get(ready.id)).state == "gone"


async def test_no_more_than_some_wait_at_once(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, held_at_most=2)) as shop:
        first = await shop.backup()
        await shop.backup()
        with pytest.raises(TooManyBackups):
            await shop.backups.start(["download"], None)
        await shop.backups.delete(first.id)
        await shop.backup()


async def test_downloads_that_nobody_fetches_keep_no_backup_from_being_kept(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, held_at_most=2)) as shop:
        for _ in range(2):
            await shop.backup()
        kept = await shop.backups.start(["keep"], "schedule", origin="schedule")
        assert (await shop.backups.ended(kept.id)).state == "done"
        with pytest.raises(TooManyBackups):
            await shop.backups.start(["keep", "download"], None)


async def test_no_more_than_some_for_archives_are_begun_at_once(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, held_at_most=2)) as shop:
        async with one_of_all(shop.backups.store.turn_file):
            waiting = [await shop.backups.start(["keep"], None) for _ in range(2)]
            with pytest.raises(TooManyBackups, match="being made already"):
                await shop.backups.start(["keep"], None)
            await shop.backups.start(["download"], None)
        assert [(await shop.backups.ended(record.id)).state for record in waiting] == ["done", "done"]


async def test_snapshots_are_made_one_at_a_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = 0
    most = 0
    make = running_module.make_snapshot

    async def counted(*arguments: object, **named: object) -> object:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return await make(*arguments, **named)  # type: ignore[arg-type]
        finally:
            at_once -= 1

    monkeypatch.setattr(running_module, "make_snapshot", counted)
    async with shop_with(settings) as shop:
        records = [await shop.backups.start(["download"], None) for _ in range(4)]
        assert [(await shop.ended(record.id)).state for record in records] == ["ready"] * 4
    assert most == 1


async def test_a_full_disk_is_told_with_its_hint(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from berrypod.storage import files

    async with shop_with(settings) as shop:
        monkeypatch.setattr(files, "free_bytes", lambda folder: 7_000_000)
        record = await shop.backup()
        assert record.state == "failed"
        assert record.error is not None
        assert record.error.code == "disk_full"
        assert "7.0 MB are free" in record.error.message
        with pytest.raises(BackupNotReady, match=r"7\.0 MB are free"):
            await shop.backups.fetch(record.id)
        assert [event.code for event in shop.events if isinstance(event, BackupFailed)] == ["disk_full"]
        await shop.emptied()


async def test_what_nobody_foresaw_is_a_failed_backup_that_tells_nothing_of_its_inside(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(running_module, "make_snapshot", broken)
    async with shop_with(settings) as shop:
        record = await shop.backup()
    assert record.state == "failed"
    assert record.error is not None
    assert "inside" not in record.error.message
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("names", [[], ["nobody"], ["download", "nobody"]])
async def test_an_exporter_must_be_named_and_known(settings: Settings, names: list[str]) -> None:
    async with shop_with(settings) as shop:
        with pytest.raises(errors.Invalid) as caught:
            await shop.backups.start(names, None)
        assert "download" in caught.value.fields["exporters"]


@pytest.mark.parametrize("backup_id", ["", "x", "../../shop", "20260101-000000-0000000g", "20260101-000000-00000000"])
async def test_an_id_is_never_a_path(settings: Settings, backup_id: str) -> None:
    async with shop_with(settings) as shop:
        for refused in (shop.backups.get, shop.backups.fetch, shop.backups.delete):
            with pytest.raises(BackupUnknown):
                await refused(backup_id)
    assert settings.database_path.exists()


async def test_a_record_that_this_version_cannot_read_harms_nothing(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup()
        (shop.work_folder / "jobs" / "20260101-000000-00000000.json").write_text('{"id": 7}')
        (shop.work_folder / "jobs" / "notes.txt").write_text("somebody's notes")
        assert [one.id for one in await shop.backups.all()] == [record.id]


async def test_records_of_old_backups_are_forgotten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from berrypod import records

    monkeypatch.setattr(records, "_KEPT", 2)
    async with shop_with(settings) as shop:
        ids: list[str] = []
        for _ in range(4):
            record = await shop.backup()
            await read(shop, record.id)
            await shop.ended(record.id, "gone")
            ids.append(record.id)
        await shop.backups.sweep()
        assert {record.id for record in await shop.backups.all()} <= set(ids)
        assert len(await shop.backups.all()) == 2


async def test_two_who_fetch_it_at_once_both_get_it_whole_and_a_third_is_too_late(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    from berrypod.web.downloads import pieces_of

    grow(settings, 1)
    async with shop_with(settings) as shop:
        record = await shop.backup()
        first, second = await shop.backups.fetch(record.id), await shop.backups.fetch(record.id)
        slow = await pieces_of(second.path, complete=lambda: shop.backups.fetched(second, "admin:slow"))
        quick = await pieces_of(first.path, complete=lambda: shop.backups.fetched(first, "admin:quick"))
        assert sum([len(piece) async for piece in quick]) == first.file.size_bytes
        with pytest.raises(BackupGone):
            await shop.backups.fetch(record.id)
        await shop.ended(record.id, "gone")
        await shop.emptied()
        assert sum([len(piece) async for piece in slow]) == first.file.size_bytes
        with pytest.raises(FileNotFoundError):
            await pieces_of(first.path, complete=lambda: None)
        downloads = [event.actor for event in shop.events if isinstance(event, BackupDownloaded)]
    assert downloads == ["admin:quick", "admin:slow"]
    assert "Traceback" not in caplog.text


async def test_a_client_that_goes_before_the_first_byte_leaves_no_open_file(settings: Settings) -> None:
    from berrypod.web.downloads import pieces_of

    async with shop_with(settings) as shop:
        fetch = await shop.backups.fetch((await shop.backup()).id)
        assert times_open(fetch.path) == 0
        pieces = await pieces_of(fetch.path, complete=lambda: None)
        assert times_open(fetch.path) == 1
        del pieces
        assert times_open(fetch.path) == 0


def times_open(path: Path) -> int:
    """By how many descriptors of this process. Its threads open and close other files all the time."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += descriptor.readlink() == path
    return found
