"""One snapshot goes to any number of exporters; whatever one of them does, the others get theirs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from berrypod_backup.records import BackupRecord

from berrypod.declarations import Delivered, ExportedFile, Snapshot
from berrypod.events import BackupFailed, BackupFinished
from berrypod.settings import Settings
from tests.backup.making import Shelf, exporter, holds, shop_with
from tests.conftest import KEY


async def deliver(snapshot: Snapshot, folder: Path) -> Delivered:
    await asyncio.to_thread((folder / "scratch").write_bytes, b"x")
    return Delivered(message="It is in the barn.", location="/barn/1")


def write_csv(snapshot: Snapshot, folder: Path) -> ExportedFile:
    with snapshot.connection() as connection:
        (count,) = connection.execute("SELECT count(*) FROM settings").fetchone()
    (folder / "orders.csv").write_text(f"settings\n{count}\n")
    return ExportedFile(path=folder / "orders.csv", filename="orders.csv", media_type="text/csv")


async def raise_(snapshot: Snapshot, folder: Path) -> Delivered:
    raise RuntimeError("the barn burns")


async def hang(snapshot: Snapshot, folder: Path) -> Delivered:
    await asyncio.sleep(3600)
    raise AssertionError


def hang_in_a_thread(snapshot: Snapshot, folder: Path) -> Delivered:
    time.sleep(3)
    raise AssertionError


async def nonsense(snapshot: Snapshot, folder: Path) -> Any:
    return "done!"


async def elsewhere(snapshot: Snapshot, folder: Path) -> ExportedFile:
    path = snapshot.path.parent.parent.parent / "stolen"
    path.write_text("x")
    return ExportedFile(path=path, filename="x.db")


def state_of(record: BackupRecord, name: str) -> str:
    export = record.export_of(name)
    assert export is not None
    return export.state


async def test_each_gets_the_same_snapshot_in_all_its_forms(encrypted_settings: Settings) -> None:
    seen: dict[str, Any] = {}

    async def look(snapshot: Snapshot, folder: Path) -> Delivered:
        chunks = [chunk async for chunk in snapshot.chunks()]
        seen.update(size=sum(map(len, chunks)), file=snapshot.path.stat().st_size, folder=list(folder.iterdir()))
        return Delivered(message="Seen.")

    async with shop_with(encrypted_settings, exporter("look", look), exporter("csv", write_csv)) as shop:
        record = await shop.backup("look", "csv", "download")
        assert [export.state for export in record.exports] == ["delivered", "ready", "ready"]
        assert record.snapshot is not None
        assert seen == {"size": record.snapshot.size_bytes, "file": record.snapshot.size_bytes, "folder": []}
        csv = await shop.backups.fetch(record.id, "csv")
        assert csv.path.read_text() == "settings\n0\n"
        assert csv.file.filename == "orders.csv"


@pytest.mark.parametrize(
    ("export", "code", "words"),
    [
        (raise_, "exporter_failed", "RuntimeError: the barn burns"),
        (hang, "exporter_timed_out", "no answer within 0.3 seconds"),
        (hang_in_a_thread, "exporter_timed_out", "no answer within 0.3 seconds"),
        (nonsense, "exporter_failed", "it returned a str"),
        (elsewhere, "exporter_failed", "is outside of the folder that it was given"),
    ],
)
async def test_one_that_fails_stops_no_other(settings: Settings, export: Any, code: str, words: str) -> None:
    bad = exporter("bad", export, timeout_seconds=0.3 if code == "exporter_timed_out" else 60)
    async with shop_with(settings, bad, exporter("barn", deliver)) as shop:
        record = await shop.backup("bad", "download", "barn")
        assert record.state == "ready"
        assert [export.state for export in record.exports] == ["failed", "ready", "delivered"]
        trouble = record.exports[0].error
        assert trouble is not None
        assert trouble.code == code
        assert words in trouble.message
        assert trouble.hint
        told = {type(event): event.exporter for event in shop.events if isinstance(event, BackupFailed)}
        assert told == {BackupFailed: "bad"}
        assert [event.exporter for event in shop.events if isinstance(event, BackupFinished)] == ["download", "barn"]
        assert (await shop.backups.fetch(record.id)).path.is_file()


async def test_what_was_delivered_is_done_and_takes_no_space(settings: Settings) -> None:
    async with shop_with(settings, exporter("barn", deliver)) as shop:
        record = await shop.backup("barn")
        assert record.state == "done"
        assert record.exports[0].message == "It is in the barn."
        assert record.exports[0].location == "/barn/1"
        await shop.emptied()


async def test_a_snapshot_that_nobody_fetches_goes_while_other_files_wait(settings: Settings) -> None:
    async with shop_with(settings, exporter("csv", write_csv)) as shop:
        record = await shop.backup("csv")
        assert record.state == "ready"
        assert [Path(name).name for name in holds(shop.work_folder / "data") if "claim" not in name] == ["orders.csv"]


async def test_when_all_fail_the_backup_has_failed(settings: Settings) -> None:
    async with shop_with(settings, exporter("bad", raise_)) as shop:
        record = await shop.backup("bad")
        assert record.state == "failed"
        assert record.error is not None
        assert "the barn burns" in record.error.message
        await shop.emptied()


async def test_files_of_several_exporters_are_fetched_one_by_one(settings: Settings) -> None:
    async with shop_with(settings, exporter("csv", write_csv)) as shop:
        record = await shop.backup("download", "csv")
        shop.backups.fetched(await shop.backups.fetch(record.id, "csv"), None)
        record = await shop.until(record.id, lambda record: state_of(record, "csv") == "fetched")
        assert record.state == "ready"
        assert (await shop.backups.fetch(record.id)).export.exporter == "download"
        shop.backups.fetched(await shop.backups.fetch(record.id, "download"), None)
        await shop.ended(record.id, "gone")


async def test_a_snapshot_that_an_exporter_changed_is_given_to_nobody(encrypted_settings: Settings) -> None:
    async def spoil(snapshot: Snapshot, folder: Path) -> Delivered:
        with snapshot.path.open("r+b") as file:
            file.write(b"mine!")
        return Delivered(message="I have signed it.")

    async with shop_with(encrypted_settings, exporter("spoil", spoil)) as shop:
        record = await shop.backup("download", "spoil")
        assert record.state == "failed"
        assert [export.error and export.error.code for export in record.exports] == ["snapshot_changed"] * 2


async def test_its_connection_cannot_write_and_needs_no_key(encrypted_settings: Settings) -> None:
    async def write(snapshot: Snapshot, folder: Path) -> Delivered:
        with snapshot.connection() as connection:
            connection.execute("DELETE FROM settings")
        raise AssertionError

    async with shop_with(encrypted_settings, exporter("write", write)) as shop:
        record = await shop.backup("write")
        assert record.error is not None
        assert "readonly" in record.error.message
        assert KEY.reveal() not in repr(record)


async def test_the_built_in_one_comes_first(settings: Settings) -> None:
    async with shop_with(settings, exporter("a", deliver), exporter("z", deliver, kept=Shelf())) as shop:
        assert [one.declaration.name for one in shop.backups.exporters] == ["download", "keep", "a", "z"]
