"""What one look says of a chunk may be the line's fault, or be out of date: other backups live of it."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from berrypod.archive.archive import Archive
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.folder import FolderStorage
from berrypod.errors import StorageError
from berrypod.storage.files import claimed, temporary_path
from tests.archive.making import Elsewhere, Keep, flip
from tests.archive.test_pages import caught, chunks

S = TypeVar("S", bound=Elsewhere)


class BadLine(Elsewhere):
    """One bit of the next chunk that is read comes out wrong."""

    flips = 0

    async def read(self, name: str) -> AsyncIterator[bytes]:
        async for piece in super().read(name):
            if name.startswith("chunks/") and self.flips:
                self.flips -= 1
                yield bytes([piece[0] ^ 1]) + piece[1:]
            else:
                yield piece


def from_afar(keep: Keep, kind: type[S]) -> tuple[Keep, S]:
    """The same archive, as one that is not on this machine."""
    assert isinstance(keep.archive.storage, FolderStorage)
    storage = kind(keep.archive.storage)
    archive = Archive(storage, work_folder=lambda: keep.work)
    return Keep(archive, keep.settings, keep.folder, keep.work, keep.snapshot), storage


async def test_a_chunk_that_comes_out_whole_the_second_time_stays(keep: Keep) -> None:
    """Set aside, it would be lost to all backups that need it, for good."""
    remote, line = from_afar(keep, BadLine)
    manifest = await remote.keep(remote.snapshot)
    line.flips = 1

    with pytest.raises(BackupDamaged):
        await remote.archive.verify(manifest.id, None)
    assert not (keep.folder / "damaged").exists()
    assert (await remote.archive.verify(manifest.id, None)).verified_at is not None
    [entry] = await remote.archive.entries()
    assert (entry.problem, entry.manifest and entry.manifest.proof) == (None, None)


async def test_a_chunk_that_was_stored_anew_while_it_was_found_damaged_stays(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking a big backup takes minutes, and the next one mends the chunk meanwhile."""
    manifest = await keep.keep(keep.snapshot)
    [chunk] = chunks(keep)
    whole = chunk.read_bytes()
    flip(chunk)
    verifying: Any = vars(keep.archive)["_verifying"]
    told_apart = verifying.set_aside

    async def meanwhile(damaged: list[str]) -> None:
        chunk.write_bytes(whole)
        await told_apart(damaged)

    monkeypatch.setattr(verifying, "set_aside", meanwhile)
    await caught(keep.archive.verify(manifest.id, None))
    assert (await keep.archive.verify(manifest.id, None)).verified_at is not None


class BadSector(io.RawIOBase):
    """A disk that cannot read what lies there."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return 1_000_000

    def readinto(self, buffer: Any, /) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def bad_sectors(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Files that the disk cannot read any more."""
    found: set[Path] = set()
    opened = Path.open

    def open_(path: Path, mode: str = "r", buffering: int = -1, *more: Any, **other: Any) -> Any:
        if path in found and "r" in mode:
            return io.BufferedReader(BadSector())
        return opened(path, mode, buffering, *more, **other)

    monkeypatch.setattr(Path, "open", open_)
    return found


async def test_a_chunk_that_the_disk_cannot_read_is_damaged_and_the_next_backup_is_good(
    keep: Keep, bad_sectors: set[Path], tmp_path: Path
) -> None:
    first = await keep.keep(keep.snapshot)
    [chunk] = chunks(keep)
    bad_sectors.add(chunk)

    with pytest.raises(BackupDamaged, match=f"chunk {chunk.name} is damaged") as found:
        await keep.archive.verify(first.id, None)
    assert found.value.details["damaged"] == [chunk.name]
    bad_sectors.clear()  # what is written anew lies elsewhere on the disk
    second = await keep.keep(keep.snapshot)
    await keep.fetched(second, tmp_path / "fetched.db")


async def test_a_file_that_the_disk_cannot_read_is_damaged(keep: Keep, bad_sectors: set[Path]) -> None:
    manifest = await keep.keep(keep.snapshot, pages=False)
    bad_sectors.update(keep.folder.glob("*.db"))

    with pytest.raises(BackupDamaged, match="the disk cannot read it"):
        await keep.archive.verify(manifest.id, None)
    [entry] = await keep.archive.entries()
    assert entry.manifest is not None
    assert (entry.manifest.verified_at, entry.manifest.proof is not None) == (None, True)


async def test_what_another_machine_removes_meanwhile_is_stored_anew(keep: Keep, tmp_path: Path) -> None:
    """Its locks are not ours: a backup must not be called whole that lacks what it needs."""
    remote, storage = from_afar(keep, Elsewhere)
    await remote.keep(remote.snapshot)
    [chunk] = chunks(keep)

    def before(method: str, name: str) -> None:
        if method == "put" and name.endswith(".map"):
            chunk.unlink()
            storage.before = lambda method, name: None

    storage.before = before
    second = await remote.keep(remote.snapshot)
    await remote.fetched(second, tmp_path / "fetched.db")


async def test_a_map_that_another_process_is_about_to_keep_stays(keep: Keep) -> None:
    """Who lists an archive while backups are deleted would be told that a file of ours is not there."""
    remote, _ = from_afar(keep, Elsewhere)
    first = await remote.keep(remote.snapshot)
    await remote.keep(remote.snapshot)
    [maps] = remote.work.glob("archives/*/maps")
    written = temporary_path(maps / ("ab" * 32))
    with claimed(written):
        written.write_bytes(b"half")
        await remote.archive.delete(first.id)
        assert written.exists()


async def test_who_deletes_a_backup_is_told_so_though_its_pages_stay_for_now(keep: Keep) -> None:
    remote, storage = from_afar(keep, Elsewhere)
    manifest = await remote.keep(remote.snapshot)

    def before(method: str, name: str) -> None:
        if method == "delete" and name.startswith("chunks/"):
            raise StorageError("The line is bad")

    storage.before = before
    await remote.archive.delete(manifest.id)
    assert [path.name for path in chunks(keep)] == [name.rpartition("/")[2] for name in remote.objects()]
    storage.before = lambda method, name: None
    await remote.archive.sweep()
    assert remote.objects() == []
