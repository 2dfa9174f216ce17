"""The storage in a folder: whole objects or none, and nothing outside of it."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypod.archive.faults import NameRefused
from berrypod.archive.folder import FolderStorage
from berrypod.errors import BerrypodError, DiskFull, FolderNotWritable, NotFound, SettingsError
from berrypod.storage.files import claimed, temporary_path
from tests.backup.making import holds


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "kept")


def source(tmp_path: Path, content: bytes = b"content") -> Path:
    path = tmp_path / "source"
    path.write_bytes(content)
    return path


async def content_of(storage: FolderStorage, name: str) -> bytes:
    return b"".join([piece async for piece in storage.read(name)])


async def names_of(storage: FolderStorage, prefix: str = "") -> list[str]:
    return sorted(each.name for each in await storage.list(prefix))


async def test_a_listing_that_hangs_is_not_taken_for_one_that_has_ended(
    storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever isolates archives counts those, and asks no more after some: each holds a thread that the shop needs."""
    go_on = threading.Event()
    monkeypatch.setattr(storage, "_list", lambda _: go_on.wait())
    listing = asyncio.create_task(storage.list())
    await asyncio.sleep(0)
    listing.cancel()
    try:
        assert not (await asyncio.wait({listing}, timeout=0.05))[0]
    finally:
        go_on.set()
        await asyncio.gather(listing, return_exceptions=True)


async def test_an_object_is_put_read_listed_replaced_and_deleted(storage: FolderStorage, tmp_path: Path) -> None:
    assert await names_of(storage) == []
    assert not (tmp_path / "kept").exists()
    await storage.put("chunks/ab/abc", source(tmp_path))
    await storage.put("a.json", source(tmp_path, b"first"))
    await storage.put("a.json", source(tmp_path, b"second"))

    assert await names_of(storage) == ["a.json", "chunks/ab/abc"]
    assert await names_of(storage, "chunks/") == ["chunks/ab/abc"]
    assert await content_of(storage, "a.json") == b"second"
    [listed] = await storage.list("a.json")
    assert (listed.size_bytes, listed.modified_at.tzinfo is not None) == (6, True)
    for path in (tmp_path / "kept").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    with pytest.raises(NotFound):
        await content_of(storage, "a.json/x")
    for name in ("a.json", "a.json", "a.json/x"):
        await storage.delete(name)
    assert await names_of(storage) == ["chunks/ab/abc"]
    with pytest.raises(NotFound):
        await content_of(storage, "a.json")


NAMES = ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "a/b/c/d", "a\\b", "a b", "a\n", ".x", "é"]


@pytest.mark.parametrize("name", [*NAMES, "x" * 300])
async def test_names_that_could_lead_elsewhere_are_refused(storage: FolderStorage, tmp_path: Path, name: str) -> None:
    for asked in (storage.put(name, source(tmp_path)), content_of(storage, name), storage.delete(name)):
        with pytest.raises(NameRefused):
            await asked
    with pytest.raises(NameRefused):
        storage.local_path(name)
    assert not [path for path in holds(tmp_path) if path != "source"]


async def test_links_are_no_objects_and_are_not_followed(storage: FolderStorage, tmp_path: Path) -> None:
    outside, kept = tmp_path / "outside", tmp_path / "kept"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    kept.mkdir()
    (kept / "file").symlink_to(outside / "secret")
    (kept / "folder").symlink_to(outside)

    assert await names_of(storage) == []
    for name in ("file", "folder/secret", "folder/new"):
        for asked in (content_of(storage, name), storage.put(name, source(tmp_path)), storage.delete(name)):
            with pytest.raises(NameRefused, match="symbolic link"):
                await asked
    assert holds(outside) == ["secret"]


async def test_what_is_being_written_is_not_listed_and_goes_when_its_process_has_died(
    storage: FolderStorage, tmp_path: Path
) -> None:
    staging = storage.staging_folder()
    part = temporary_path(tmp_path / "kept" / "a.json")
    part.touch()
    (staging / temporary_path(staging / "x").name).mkdir()
    with claimed(alive := temporary_path(staging / "y")):
        alive.mkdir()
        assert await names_of(storage) == []
        await storage.sweep()
        assert [path for path in holds(tmp_path / "kept") if "claim" not in path] == []
        assert alive.is_dir()


async def test_what_is_no_file_of_ours_is_listed_by_a_name_that_can_be_shown(
    storage: FolderStorage, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    (kept / "a" / "b" / "c").mkdir(parents=True)
    for name in ("photo of me.jpg", "a/x", "a/b/x", "a/b/c/too deep"):
        (kept / name).touch()
    (kept / os.fsdecode(b"\xff\xfe")).touch()
    os.mkfifo(kept / "pipe")

    names = await names_of(storage)
    assert names == ["\\xff\\xfe", "a/b/x", "a/x", "photo of me.jpg"]
    assert all(name.encode() for name in names)


async def test_a_disk_that_is_not_mounted_is_told(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "mnt" / "kept")
    assert await names_of(storage) == []
    with pytest.raises(FolderNotWritable, match="There is no folder") as refused:
        await storage.put("a.json", source(tmp_path))
    assert "mounted" in refused.value.hint


async def test_a_folder_that_must_not_be_used_is_not_even_looked_at(tmp_path: Path) -> None:
    def refuse() -> None:
        raise SettingsError("not this folder")

    storage = FolderStorage(tmp_path / "kept", check=refuse)
    for asked in (
        names_of(storage),
        content_of(storage, "a"),
        storage.put("a", source(tmp_path)),
        storage.delete("a"),
        storage.sweep(),
    ):
        with pytest.raises(SettingsError):
            await asked


async def test_a_file_in_the_place_of_the_folder_is_told(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    for asked in (names_of(storage), storage.put("a.json", source(tmp_path))):
        with pytest.raises(BerrypodError):
            await asked


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1000000", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here (that takes root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_what_comes_from_another_disk_is_copied_whole_or_not_at_all(small_disk: Path, tmp_path: Path) -> None:
    storage = FolderStorage(small_disk / "kept")
    await storage.put("a", source(tmp_path, b"a" * 500_000))
    assert not (tmp_path / "source").exists()
    with pytest.raises(DiskFull, match="no space left"):
        await storage.put("b", source(tmp_path, b"b" * 900_000))
    assert holds(small_disk) == ["kept/a"]
    assert (tmp_path / "source").exists()


async def test_a_folder_of_roots_beside_ours_is_passed_over(
    storage: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk of its own has one, `lost+found`: without it, no backup could be kept at the top of a disk."""
    await storage.put("chunks/ab/abc", source(tmp_path))
    (tmp_path / "kept" / "lost+found").mkdir()
    closed, scandir = {"lost+found"}, os.scandir

    def scan(folder: Path) -> object:
        if folder.name in closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scan)
    assert await names_of(storage) == ["chunks/ab/abc"]
    closed.add("ab")
    with pytest.raises(FolderNotWritable):  # and no chunk is taken for gone
        await storage.list()
