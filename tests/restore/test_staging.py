"""Files come to lie beside the shop: whole and digested, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from berrypod_restore.faults import RestoreUnknown, TooManyRestores, UploadIncomplete, UploadTooLarge
from berrypod_restore.receiving import Limits, receive

from berrypod.archive.faults import CopyUnknown
from berrypod.declarations import BackupExporter, Delivered
from berrypod.errors import Conflict, DiskFull, NotFound, StorageError
from berrypod.parts import create_parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage import files
from tests.backup.making import Shelf
from tests.restore.making import ADA, QUICK, SOON, ThirdParty, copy, holds, pieces, shop_with, sources


class Counted:
    """Pieces of an upload, of which the test knows how many were taken."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.taken += 1
            yield chunk


async def test_an_upload_is_whole_private_and_digested_on_the_way(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        record = await shop.staged(backup)
        content = backup.read_bytes()
        assert (record.state, record.source, record.filename) == ("ready", "upload", "backup.db")
        assert record.sha256 == hashlib.sha256(content).hexdigest()
        assert record.received_bytes == len(content)
        candidate = shop.work_folder / "data" / record.id / "candidate.db"
        assert stat.S_IMODE(candidate.stat().st_mode) == 0o600
        assert stat.S_IMODE(candidate.parent.stat().st_mode) == 0o700
        assert candidate.stat().st_dev == shop.path.stat().st_dev
        assert shop.events[:2] == ["restore.staged", "restore.inspected"]
        assert (shop.event("restore.staged").actor, shop.event("restore.staged").address) == (ADA, "::1")


async def test_size_is_checked_before_the_first_piece_is_taken(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_MAX_BYTES": "1000"}) as shop:
        chunks = Counted(b"x" * 600, b"x" * 600)
        with pytest.raises(UploadTooLarge, match=r"1\.2 kB \(1,200 bytes\) or more, and at most 1\.0 kB") as caught:
            await shop.restores.stage(aiter(chunks), filename="x", expected_bytes=1200, by=ADA, address=None)
        assert caught.value.details == {"size_bytes": 1200, "max_bytes": 1000}
        assert chunks.taken == 0
        assert holds(shop.work_folder) == []


async def test_size_is_checked_on_the_way_where_nobody_says_it(settings: Settings) -> None:
    pace = replace(QUICK, write_bytes=500)
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_MAX_BYTES": "1000"}, pace=pace) as shop:
        chunks = Counted(*[b"x" * 600] * 9)
        with pytest.raises(UploadTooLarge):
            await shop.restores.stage(aiter(chunks), filename=None, expected_bytes=None, by=ADA, address=None)
        assert chunks.taken == 2
        assert holds(shop.work_folder) == []
        assert await shop.restores.all() == []
        assert shop.events == ["restore.failed"]


async def test_space_is_checked_before_the_first_piece_is_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(settings) as shop:
        monkeypatch.setattr(files, "free_bytes", lambda folder: 40_000_000)
        chunks = Counted(b"x")
        with pytest.raises(DiskFull, match=r"42\.0 MB are needed in .*, and 40\.0 MB are free"):
            await shop.restores.stage(aiter(chunks), filename="x", expected_bytes=10_000_000, by=ADA, address=None)
        assert chunks.taken == 0
        assert holds(shop.work_folder) == []


async def test_what_orders_need_stays_free_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from berrypod_restore import receiving

    monkeypatch.setattr(receiving, "free_bytes", lambda folder: 31_000_000)
    with pytest.raises(DiskFull, match=r"2 bytes have come and 31\.0 MB are left .* 32\.0 MB must stay free"):
        await receive(
            pieces(b"xx"), tmp_path / "a" / "b", expected_bytes=None, limits=Limits(max_bytes=None), pace=QUICK
        )


@pytest.mark.parametrize(("announced", "words"), [(5, "3 bytes came, and 5 were announced"), (2, "More bytes came")])
async def test_fewer_or_more_bytes_than_announced_leave_nothing(settings: Settings, announced: int, words: str) -> None:
    async with shop_with(settings) as shop:
        with pytest.raises(UploadIncomplete, match=words):
            await shop.restores.stage(pieces(b"abc"), filename="x", expected_bytes=announced, by=ADA, address=None)
        assert holds(shop.work_folder) == []
        assert await shop.restores.all() == []


async def test_a_client_that_goes_leaves_nothing(settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 100
        raise UploadIncomplete

    async with shop_with(settings) as shop:
        with pytest.raises(UploadIncomplete):
            await shop.restores.stage(broken(), filename="x", expected_bytes=None, by=ADA, address=None)
        assert holds(shop.work_folder) == []
        assert await shop.restores.all() == []


async def test_a_request_that_is_cancelled_leaves_nothing(settings: Settings) -> None:
    arrived = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        arrived.set()
        await asyncio.Event().wait()

    async with shop_with(settings) as shop:
        upload = asyncio.create_task(
            shop.restores.stage(endless(), filename="x", expected_bytes=None, by=ADA, address=None)
        )
        await arrived.wait()
        (record,) = await shop.restores.all()
        assert (record.state, record.received_bytes) == ("uploading", 2_000_000)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        assert holds(shop.work_folder) == []
        assert await shop.restores.all() == []


async def test_an_upload_that_is_discarded_ends(settings: Settings) -> None:
    async with shop_with(settings) as shop:

        async def discarded() -> AsyncIterator[bytes]:
            yield b"x"
            (record,) = await shop.restores.all()
            await shop.restores.discard(record.id, by=ADA)
            while True:
                await asyncio.sleep(0.01)
                yield b"x"

        with pytest.raises(Conflict, match="cancelled"):
            await shop.restores.stage(discarded(), filename="x", expected_bytes=None, by=ADA, address=None)
        assert holds(shop.work_folder) == []


async def test_as_many_as_may_be_are_staged_and_no_more(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, staged_at_most=2)) as shop:
        backup = await shop.backup()
        first = await shop.ready(backup)
        await shop.ready(backup)
        chunks = Counted(b"x")
        with pytest.raises(TooManyRestores, match="2 files are staged already"):
            await shop.restores.stage(aiter(chunks), filename="x", expected_bytes=1, by=ADA, address=None)
        assert chunks.taken == 0
        await shop.restores.discard(first.id, by=ADA)
        await shop.ready(backup)


async def test_whoever_sits_at_the_machine_finds_a_place(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, staged_at_most=1)) as shop:
        backup = await shop.backup()
        await shop.ready(backup)
        assert (await shop.ended(await shop.restores.stage_file(backup, by="cli"))).state == "ready"


async def test_a_work_folder_on_another_disk_is_told_before_anybody_waits(settings: Settings) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == settings.database_path.stat().st_dev:
        pytest.skip("there is no other disk here")
    with TemporaryDirectory(dir=elsewhere) as folder:
        settings.database_path.with_name(f"{settings.database_path.name}-work").symlink_to(folder)
        async with shop_with(settings) as shop:
            await shop.order("A")
            record = await shop.applied(await shop.ready(await shop.backup()))
            assert record.state == "ready"
            assert record.error is not None
            assert "different disks" in record.error.message
            assert "restore.stage_reached" in shop.events
            assert await shop.orders() == ["A"]


async def test_what_was_refused_for_good_takes_no_space_and_no_place(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"")
    async with shop_with(settings, pace=replace(QUICK, staged_at_most=1)) as shop:
        for _ in range(2):
            record = await shop.staged(tmp_path / "bad.db")
            assert (record.state, record.verdict and record.verdict.code) == ("refused", "empty")
            assert record.finished_at is not None
            assert holds(shop.work_folder / "data") == []
        assert shop.events[-1] == "restore.refused"


async def test_a_staged_file_goes_when_it_waited_too_long(settings: Settings) -> None:
    async with shop_with(settings, pace=replace(QUICK, keep=SOON)) as shop:
        record = await shop.ready(await shop.backup())
        await shop.restores.sweep()
        with pytest.raises(RestoreUnknown):
            await shop.restores.get(record.id)
        assert holds(shop.work_folder) == []
        discarded = shop.event("restore.discarded")
        assert discarded.actor is None


async def test_a_staged_file_outlives_the_process_that_staged_it(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
    async with shop_with(settings) as shop:
        assert await shop.restores.get(record.id) == record
        assert (await shop.applied(record)).state == "applied"


async def test_a_stop_gives_up_what_is_inspected_and_leaves_nothing(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        record = await shop.restores.stage(
            pieces(backup.read_bytes()), filename="x", expected_bytes=None, by=ADA, address=None
        )
        assert record.state == "inspecting"
        third_party = shop.third_party
    assert third_party.events[-1].as_dict()["event"] == "restore.interrupted"
    async with shop_with(settings) as shop:
        ended = await shop.restores.get(record.id)
        assert ended.state == "interrupted"
        assert ended.error is not None
        assert ended.outcome is None
        assert "Stage the file again" in ended.error.hint
        assert holds(shop.work_folder / "data") == []
        assert shop.events == [], "it was told when it was given up"


async def test_a_discarded_one_is_forgotten_and_told(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        await shop.restores.discard(record.id, by=ADA)
        assert holds(shop.work_folder) == []
        assert shop.event("restore.discarded").actor == ADA
        with pytest.raises(RestoreUnknown):
            await shop.restores.discard(record.id, by=ADA)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\backups\\shop.db", "shop.db"),
        ("a\nb\x00.db", "ab.db"),
        ("", None),
        (None, None),
        ("x" * 999, "x" * 200),
    ],
)
async def test_names_of_files_are_for_people_alone(settings: Settings, given: str | None, kept: str | None) -> None:
    async with shop_with(settings) as shop:
        record = await shop.restores.stage(pieces(b"x"), filename=given, expected_bytes=1, by=ADA, address=None)
        assert record.filename == kept


async def test_a_file_of_this_machine_is_copied_and_stays(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = await shop.backup()
        before = backup.read_bytes()
        record = await shop.ended(await shop.restores.stage_file(backup, by="cli"))
        assert (record.state, record.source, record.by) == ("ready", "file", "cli")
        assert (await shop.applied(record)).state == "applied"
        assert backup.read_bytes() == before


async def test_a_file_that_cannot_be_read_is_named_and_not_the_shops_disk(settings: Settings) -> None:
    """It said that the folder of the shop could not be written: of a bad stick from which the shop was to be saved."""
    async with shop_with(settings) as shop:
        with pytest.raises(StorageError) as unreadable:
            await shop.restores.stage_file(Path("/proc/self/mem"), by="cli")  # a file, whose first byte is an EIO
        assert unreadable.value.message.startswith("/proc/self/mem cannot be read (Input/output error)")
        with pytest.raises(NotFound) as folder:
            await shop.restores.stage_file(settings.database_path.parent, by="cli")
        assert "DATABASE_PATH" not in folder.value.hint
        assert await shop.restores.all() == []


async def test_the_shops_own_file_is_not_read(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        link = shop.path.with_name("link.db")
        link.symlink_to(shop.path)
        for path in (shop.path, link):
            with pytest.raises(Conflict, match="the shop's own database"):
                await shop.restores.stage_file(path, by="cli")
        with pytest.raises(NotFound, match="no file"):
            await shop.restores.stage_file(shop.path.with_name("nowhere.db"), by="cli")


async def test_a_file_with_a_log_beside_it_is_not_the_whole_shop(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        backup = copy(await shop.backup(), "in-use.db")
        backup.with_name("in-use.db-wal").write_bytes(b"x")
        record = await shop.restores.stage_file(backup, by="cli")
        assert (record.state, record.verdict and record.verdict.code) == ("refused", "journal_beside")
        assert holds(shop.work_folder / "data") == []


def shelf(*, sha256: bool = False, **copies: bytes) -> BackupExporter:
    async def export(snapshot: object, folder: Path) -> Delivered:
        return Delivered(message="It is on the shelf.")

    kept = Shelf({f"{name}": content for name, content in copies.items()})
    return BackupExporter(name="shelf", title="Shelf", description="For a test.", export=export, kept=kept)


async def test_a_kept_copy_is_fetched_in_the_background(settings: Settings) -> None:
    async with shop_with(settings) as first:
        content = (await first.backup()).read_bytes()
    async with shop_with(settings, exporters=[shelf(good=content)]) as shop:
        (listing,) = await shop.restores.kept()
        assert [one.id for one in listing.copies] == ["good"]
        record = await shop.restores.stage_kept("shelf", "good", by=ADA, address=None)
        assert (record.state, record.source, record.filename) == ("uploading", "kept", "good.db")
        record = await shop.ended(record)
        assert (record.state, record.sha256) == ("ready", hashlib.sha256(content).hexdigest())


async def test_an_exporter_that_fails_leaves_nothing_and_says_why(settings: Settings) -> None:
    class Broken(Shelf):
        async def open(self, copy_id: str) -> AsyncIterator[bytes]:
            yield b"x" * 10
            raise OSError("the shelf fell down")

    exporter = replace(shelf(), kept=Broken({"a": b"x" * 100}))
    async with shop_with(settings, exporters=[exporter]) as shop:
        record = await shop.ended(await shop.restores.stage_kept("shelf", "a", by=ADA, address=None))
        assert record.state == "failed"
        assert record.error is not None
        assert record.error.code == "exporter_failed"
        assert "the shelf fell down" in record.error.message
        assert holds(shop.work_folder / "data") == []
        for name, copy_id in (("shelf", "b"), ("nobody", "a")):
            with pytest.raises(CopyUnknown):
                await shop.restores.stage_kept(name, copy_id, by=ADA, address=None)


def test_a_setting_that_is_no_number_is_told_at_the_start(settings: Settings) -> None:
    settings = replace(settings, environment_values={"BERRYPOD_RESTORE_FORMERS": "many"})
    parts = create_parts(settings, Plugins.discover(settings, sources(ThirdParty()), installed=False))
    report = parts.plugins.report()[0]
    assert report.error is not None
    assert "BERRYPOD_RESTORE_FORMERS is 'many'" in report.error


async def test_room_says_what_may_come(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_MAX_BYTES": "1000"}) as shop:
        room = await shop.restores.room()
        assert room.limit_bytes == 1000
        assert room.free_bytes is not None
        with pytest.raises(UploadTooLarge):
            await shop.restores.room(1001)
