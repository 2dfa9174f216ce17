"""Several at work on one archive, in one process and in several; and disks that are full."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.archive.archive import Archive, Taking
from berrypod.archive.faults import ArchiveBusy, CopyUnknown
from berrypod.archive.folder import FolderStorage
from berrypod.archive.locking import locked
from berrypod.clock import utc_now
from berrypod.declarations import Snapshot
from berrypod.errors import DiskFull
from berrypod.records import new_id
from berrypod.settings import Settings
from berrypod.storage.page_map import read_map
from tests.archive.dying import Ground, churn
from tests.archive.making import Keep, bulky, copy_of, sell, snapshot_of
from tests.backup.making import opened
from tests.conftest import KEY
from tests.faults.forks import Forks


async def test_backups_that_are_added_at_once_are_all_whole(either_keep: Keep, tmp_path: Path) -> None:
    snapshots: list[Snapshot] = []
    for name in ("1", "2", "3"):
        sell(either_keep.settings, name)
        snapshots.append(await snapshot_of(either_keep.settings, tmp_path / f"{name}.db"))
    manifests = await asyncio.gather(*(either_keep.keep(snapshot) for snapshot in snapshots))

    for manifest, snapshot in zip(manifests, snapshots, strict=True):
        assert await either_keep.fetched(manifest, tmp_path / "fetched.db") == snapshot.path.read_bytes()
    assert either_keep.leftovers() == []


@asynccontextmanager
async def adding(keep: Keep) -> AsyncGenerator[None]:
    """As long as the block runs, a backup is being added by some process."""
    place = keep.archive._stock.place  # pyright: ignore[reportPrivateUsage]
    async with locked(place.folder / "lock", alone=False, seconds=0):
        yield


async def test_what_is_deleted_while_one_is_added_is_gone_at_once_and_its_pages_later(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berrypod.archive.deleting._WAIT_SECONDS", 0.0)
    manifest = await keep.keep(keep.snapshot)
    async with adding(keep):
        await keep.archive.delete(manifest.id)
        assert await keep.archive.entries() == []
        assert [path for path in keep.objects() if path.startswith("chunks/")]
        await keep.archive.sweep()
        assert [path for path in keep.objects() if path.startswith("chunks/")]
    await keep.archive.sweep()
    assert keep.objects() == []


async def test_whoever_waits_too_long_is_told(tmp_path: Path) -> None:
    async with locked(tmp_path / "lock", alone=False, seconds=0), locked(tmp_path / "lock", alone=False, seconds=0):
        with pytest.raises(ArchiveBusy) as told:
            async with locked(tmp_path / "lock", alone=True, seconds=0.1):
                pass
    assert "Try again" in told.value.hint
    async with locked(tmp_path / "lock", alone=True, seconds=0):
        pass


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("reading", ["verify", "fetch", "open"])
async def test_who_reads_a_backup_that_is_deleted_meanwhile_is_told_that_it_is_gone(
    settings: Settings, snapshot: Snapshot, tmp_path: Path, reading: str, pages: bool
) -> None:
    """Not that it is damaged: nobody must look after a disk because of that."""
    keep = Keep.of(settings, tmp_path / "archive", elsewhere=True)
    manifest = await keep.keep(snapshot, pages=pages)

    def delete(method: str, name: str) -> None:
        if method == "read" and name.endswith(".db" if not pages else "") and not name.endswith((".json", ".map")):
            for path in keep.folder.rglob("*"):
                if path.is_file():
                    path.unlink()

    keep.elsewhere.before = delete
    archive = copy_of(keep).archive
    with pytest.raises(CopyUnknown):
        match reading:
            case "verify":
                await archive.verify(manifest.id, None)
            case "fetch":
                await archive.fetch(manifest.id, tmp_path / "x.db")
            case _:
                async for _ in archive.open(manifest.id):
                    pass


@pytest.mark.slow
async def test_two_processes_add_and_delete_and_each_backup_stays_whole(
    encrypted_settings: Settings, tmp_path: Path, forks: Forks
) -> None:
    ground = Ground(tmp_path / "ground", elsewhere=False)
    keep = Keep.of(encrypted_settings, ground.folder)
    bulky(encrypted_settings, 1100)
    await snapshot_of(encrypted_settings, ground.folder / "new.db")

    with Forks.ready() as others:
        working = asyncio.gather(
            *(asyncio.to_thread(each.run, churn, ground=ground, seed=seed) for seed, each in enumerate((forks, others)))
        )
        await working
    for ended in working.result():
        ended.result()
    entries = await keep.archive.entries()
    assert entries
    assert {(entry.kind, entry.problem) for entry in entries} == {("backup", None)}
    for entry in entries:
        await keep.archive.verify(entry.id or "", KEY)
    await keep.archive.sweep()
    needed = {chunk for path in keep.folder.glob("*.map") for chunk in read_map(path).chunks}
    assert {path.name for path in keep.folder.glob("chunks/*/*")} == needed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=45000000", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here (that takes root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("how", ["file", "pages", "live"])
async def test_a_full_disk_leaves_what_was_there_and_nothing_else(
    encrypted_settings: Settings, small_disk: Path, tmp_path: Path, how: str
) -> None:
    """45 MB: a backup of 20 MB fits, and no second one, as 32 MB stay free for the shop."""
    settings = replace(encrypted_settings)
    keep = Keep(
        Archive(FolderStorage(small_disk / "kept"), work_folder=lambda: tmp_path / "work"),
        settings,
        small_disk / "kept",
        tmp_path / "work",
    )
    first = await keep.keep(await snapshot_of(settings, tmp_path / "first.db"), pages=False)
    (small_disk / "ballast").write_bytes(bytes(30_000_000))
    bulky(settings, 4000)
    before = keep.objects()
    with pytest.raises(DiskFull):
        if how == "live":
            async with opened(settings) as database:
                await keep.archive.take_live(database, Taking(id=new_id(utc_now())))
        else:
            await keep.keep(await snapshot_of(settings, tmp_path / "second.db"), pages=how == "pages")
    assert keep.leftovers() == []
    await keep.archive.sweep()
    assert keep.objects() == before
    await keep.fetched(first, tmp_path / "fetched.db")
