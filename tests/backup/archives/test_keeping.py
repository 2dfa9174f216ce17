"""Backups that stay: made through the service, into the folder beside the shop's file."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archives import Archives
from berrypod_backup.retention.applying import Retention
from berrypod_backup.retention.settings import RetentionSettings

from berrypod.archive.archive import Archive
from berrypod.errors import Conflict, DiskFull
from berrypod.events import BackupFinished, BackupStarted, KeptBackupDeleted
from berrypod.settings import Settings
from berrypod.storage.capturing import CaptureOutrun
from tests.backup.making import Shop, exporter, grow, shop_with
from tests.backup.stranger import look
from tests.backup.test_exporting import deliver
from tests.conftest import KEY


def kept_backups(shop: Shop) -> KeptBackups:
    return KeptBackups(shop.context)


async def test_a_kept_backup_is_listed_with_what_is_known_of_it(either_settings: Settings) -> None:
    async with shop_with(either_settings) as shop:
        record = await shop.backup("keep")
        (archive,) = await kept_backups(shop).archives()
        (backup,) = archive.backups

    assert record.state == "done"
    assert record.exports[0].kept == record.id == backup.id
    assert (backup.method, backup.storage, backup.origin) == ("snapshot", "pages", "manual")
    assert backup.made_by == "admin:ada@example.org"
    assert backup.opens
    assert backup.verified_at is not None
    assert not backup.proven
    assert backup.encrypted == (backup.key_fingerprint is not None)
    assert record.snapshot is not None
    assert (record.snapshot.size_bytes, record.snapshot.sha256) == (backup.size_bytes, backup.sha256)
    assert archive.others == []


async def test_a_second_one_stores_next_to_nothing_of_a_shop_that_has_not_changed(
    encrypted_settings: Settings,
) -> None:
    grow(encrypted_settings, 2)
    async with shop_with(encrypted_settings) as shop:
        await shop.backup("keep")
        await shop.backup("keep")
        (archive,) = await kept_backups(shop).archives()

    second, first = archive.backups
    assert first.stored_bytes > 2_000_000
    # What was noted of the first one is in the second: some pages.
    assert second.stored_bytes < 300_000
    assert second.size_bytes >= first.size_bytes


async def test_what_is_kept_comes_out_as_an_ordinary_file(encrypted_settings: Settings, tmp_path: Path) -> None:
    async with shop_with(encrypted_settings) as shop:
        await shop.backup("keep")
        await shop.backup("keep")
        kept = kept_backups(shop)
        (archive,) = await kept.archives()
        for backup in archive.backups:
            path = tmp_path / f"{backup.id}.db"
            await kept.fetch("keep", backup.id, path)
            assert path.stat().st_size == backup.size_bytes
            assert look(path, KEY.reveal())["check"] == "ok"
            with pytest.raises(Conflict, match="There is a file already"):
                await kept.fetch("keep", backup.id, path)


async def test_a_compact_one_is_kept_as_one_file(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        record = await shop.backups.start(["keep"], "cli", method="compact", note="before the sale")
        await shop.ended(record.id)
        (archive,) = await kept_backups(shop).archives()
    (backup,) = archive.backups
    assert (backup.method, backup.storage, backup.note) == ("compact", "file", "before the sale")
    assert backup.opens


async def test_one_snapshot_serves_an_archive_and_other_exporters(settings: Settings) -> None:
    async with shop_with(settings, exporter("mail", deliver)) as shop:
        record = await shop.backup("keep", "mail", "download")
        (archive,) = await kept_backups(shop).archives()
        fetch = await shop.backups.fetch(record.id)
    assert {export.exporter: export.state for export in record.exports} == {
        "keep": "delivered",
        "mail": "delivered",
        "download": "ready",
    }
    assert archive.backups[0].sha256 == fetch.file.sha256


async def test_observers_hear_of_it_and_the_page_knows_when_the_last_one_was_made(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup("keep")
        started, finished = (event for event in shop.events if event.name.startswith("backup."))
        last = await shop.backups.last()
    assert isinstance(started, BackupStarted)
    assert isinstance(finished, BackupFinished)
    assert (finished.backup_id, finished.exporter, finished.method) == (record.id, "keep", "snapshot")
    assert last is not None
    assert last.exporter == "keep"


async def test_a_shop_that_writes_too_much_is_kept_by_the_other_method(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def outrun(*_: object, **__: object) -> None:
        raise CaptureOutrun

    monkeypatch.setattr(Archive, "take_live", outrun)
    async with shop_with(settings) as shop:
        record = await shop.backup("keep")
        (archive,) = await kept_backups(shop).archives()
    assert record.state == "done"
    assert archive.backups[0].id == record.id


async def test_an_archive_that_cannot_take_it_fails_the_backup_with_its_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise DiskFull("There is no space left")

    monkeypatch.setattr(Archive, "take_live", full)
    async with shop_with(settings) as shop:
        record = await shop.backup("keep")
        (archive,) = await kept_backups(shop).archives()
    assert record.state == "failed"
    assert record.error is not None
    assert (record.error.code, record.error.message) == ("disk_full", "There is no space left")
    assert archive.backups == []


async def test_deleting_one_leaves_the_others_whole(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        first = await shop.backup("keep")
        second = await shop.backup("keep")
        kept = kept_backups(shop)
        await kept.delete("keep", first.id, by="admin:ada@example.org")
        (archive,) = await kept.archives()
        verified = await kept.verify("keep", second.id)
        deleted = [event for event in shop.events if isinstance(event, KeptBackupDeleted)]
    assert [backup.id for backup in archive.backups] == [second.id]
    assert verified.verified_at is not None
    assert [(event.copy_id, event.actor) for event in deleted] == [(first.id, "admin:ada@example.org")]


async def test_cancelling_one_leaves_nothing_behind(encrypted_settings: Settings) -> None:
    grow(encrypted_settings, 20)
    async with shop_with(encrypted_settings) as shop:
        record = await shop.backups.start(["keep"], None)
        await shop.ended(record.id, "copying", "done")
        await shop.backups.delete(record.id)
        (archive,) = await kept_backups(shop).archives()
        (listing,) = await Archives(shop.context).listings()
    assert archive.backups == [] or archive.backups[0].id == record.id  # it may have been quicker than we are
    assert listing.error is None


async def test_whoever_waits_hears_the_end_of_one_that_another_part_of_the_shop_makes(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backups.start(["keep"], None)
        waiting = asyncio.create_task(shop.backups.ended(record.id))
        assert (await waiting).state == "done"


@pytest.mark.slow
async def test_two_shops_with_one_folder_leave_each_others_backups_alone(empty_shop_file: Path, tmp_path: Path) -> None:
    (tmp_path / "b.db-backups").symlink_to(tmp_path / "a.db-backups")
    made: dict[str, list[str]] = {"a": [], "b": []}
    for name, count in (("a", 1), ("b", 2)):
        path = Path(shutil.copy(empty_shop_file, tmp_path / f"{name}.db"))
        async with shop_with(Settings(environment="test", database_path=path)) as shop:
            for _ in range(count):
                record = await shop.backups.start(["keep"], "cli", method="compact")
                made[name].append((await shop.ended(record.id)).id)
            (archive,) = await kept_backups(shop).archives()
            retention = Retention(shop.context, Archives(shop.context), kept_backups(shop))
            await retention.save(
                RetentionSettings(enabled=True, last=1, daily=0, weekly=0, monthly=0, manual=True), by="cli"
            )
            (pruned,) = await retention.prune(by="cli")
    assert [(one.kind, one.id) for one in archive.others] == [("other_shop", made["a"][0])]
    assert [one.id for one in archive.backups] == made["b"][::-1]
    assert [manifest.id for manifest in pruned.deleted] == made["b"][:1]
