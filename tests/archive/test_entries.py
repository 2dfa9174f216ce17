"""What lies in an archive is told as what it is, and harms nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from berrypod.archive.archive import Entry
from berrypod.archive.faults import ArchiveBusy, CopyUnknown
from berrypod.archive.manifest import Manifest, encode
from berrypod.declarations import Snapshot
from tests.archive.making import Keep, copy_of, flip, sell, snapshot_of

OTHER = "20200101-000000-0123abcd"


def part(keep: Keep, manifest: Manifest, end: str) -> Path:
    return keep.folder / f"berrypod-backup-{manifest.id}.{end}"


# What is done to a good backup, and what is then said: its kind, the code of its problem, and whether it has an id.
STATES: dict[str, tuple[Callable[[Keep, Manifest], object], str, str | None]] = {
    "left alone": (lambda keep, manifest: None, "backup", None),
    "no manifest": (lambda keep, manifest: part(keep, manifest, "json").unlink(), "no_manifest", None),
    "no file": (lambda keep, manifest: part(keep, manifest, "db").unlink(), "file_missing", "backup_incomplete"),
    "cut file": (lambda keep, manifest: os.truncate(part(keep, manifest, "db"), 4096), "backup", "backup_damaged"),
    "empty manifest": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(b""),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
    "huge manifest": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(b" " * 2_000_000),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
    "nonsense in the manifest": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(b'{"format": 1, "size_bytes": -5}'),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
    "another note in the manifest": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(
            encode(manifest).replace(b'"note": ""', b'"note": "x"')
        ),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
    "later format": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(
            encode(manifest).replace(b'"format": 1', b'"format": 2')
        ),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
    "manifest of another": (
        lambda keep, manifest: part(keep, manifest, "json").write_bytes(
            encode(manifest).replace(manifest.id.encode(), OTHER.encode())
        ),
        "manifest_unreadable",
        "manifest_unreadable",
    ),
}


async def only(keep: Keep) -> Entry:
    [entry] = await keep.archive.entries()
    return entry


@pytest.mark.parametrize("state", [*STATES])
async def test_each_state_is_told_as_what_it_is_and_can_be_deleted(keep: Keep, snapshot: Snapshot, state: str) -> None:
    change, kind, code = STATES[state]
    manifest = await keep.keep(snapshot, pages=False)
    await keep.archive.entries()  # What was read before is looked at anew.
    change(keep, manifest)

    entry = await only(keep)
    assert (entry.kind, entry.problem and entry.problem.code) == (kind, code)
    assert entry.id == manifest.id
    assert (entry.manifest is None) == (kind in ("no_manifest", "manifest_unreadable"))
    assert len(await keep.archive.list()) == (kind == "backup")
    await keep.archive.sweep()
    assert (await only(keep)).kind == kind
    await keep.archive.delete(manifest.id)
    assert keep.objects() == []


@pytest.mark.parametrize(
    "name",
    [
        "photo.jpg",
        ".DS_Store",
        "berrypod-backup-.json",
        "berrypod-backup-2020.db",
        f"berrypod-backup-{OTHER}.db.txt",
        f"berrypod-backup-{OTHER}.json ",
        f"old/berrypod-backup-{OTHER}.json",
        f"BERRYPOD-backup-{OTHER}.json",
        "chunks/readme",
        "chunks/aa/bb",
        f"chunks/aa/{'b' * 64}",
        "damaged/x",
        "shop.db-wal",
        "two\nlines",
    ],
)
async def test_foreign_files_are_shown_and_left_alone(keep: Keep, snapshot: Snapshot, name: str) -> None:
    manifest = await keep.keep(snapshot, pages=False)
    path = keep.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not ours")

    backup, foreign = await keep.archive.entries()
    assert (backup.id, foreign.kind, foreign.id, foreign.size_bytes) == (manifest.id, "foreign", None, 8)
    assert foreign.name == name
    await keep.archive.delete(manifest.id)
    await keep.archive.sweep()
    assert path.read_bytes() == b"not ours"
    assert [entry.kind for entry in await keep.archive.entries()] == ["foreign"]


async def test_a_map_without_manifest_keeps_its_chunks_and_comes_back_with_it(keep: Keep, tmp_path: Path) -> None:
    """Somebody has moved the manifests away, and puts them back."""
    first = await keep.keep(await snapshot_of(keep.settings, tmp_path / "1.db"))
    sell(keep.settings, "second")
    second = await keep.keep(await snapshot_of(keep.settings, tmp_path / "2.db"))
    away = shutil.move(part(keep, first, "json"), tmp_path)
    await keep.archive.sweep()
    await keep.archive.delete(second.id)
    assert (await only(keep)).kind == "no_manifest"

    shutil.move(away, part(keep, first, "json"))
    await keep.archive.verify(first.id, None)
    await keep.fetched(first, tmp_path / "fetched.db")


async def test_a_manifest_whose_map_is_gone_keeps_all_chunks_until_it_is_deleted(keep: Keep, tmp_path: Path) -> None:
    first = await keep.keep(await snapshot_of(keep.settings, tmp_path / "1.db"))
    away = part(keep, first, "map").rename(tmp_path / "away")
    second = await keep.keep(await snapshot_of(keep.settings, tmp_path / "2.db"))
    await keep.archive.delete(second.id)
    assert (await only(keep)).kind == "file_missing"
    with pytest.raises(Exception, match="is missing"):
        await keep.archive.verify(first.id, None)

    away.rename(part(keep, first, "map"))
    await keep.fetched(first, tmp_path / "fetched.db")
    part(keep, first, "map").unlink()
    await keep.archive.delete(first.id)
    assert keep.objects() == []


async def test_the_newest_comes_first(keep: Keep, snapshot: Snapshot) -> None:
    kept = [(await keep.keep(snapshot, pages=False)).id for _ in range(3)]
    (keep.folder / "foreign").touch()

    entries = await keep.archive.entries()
    assert entries[-1].kind == "foreign"
    assert sorted(kept, reverse=True) == sorted((entry.id for entry in entries[:-1] if entry.id), reverse=True)
    assert [entry.name for entry in entries[:-1]] == sorted((entry.name for entry in entries[:-1]), reverse=True)


async def test_an_entry_is_found_by_its_id(keep: Keep, snapshot: Snapshot) -> None:
    manifest = await keep.keep(snapshot, pages=False)
    assert (await keep.archive.entry(manifest.id)).manifest == manifest
    with pytest.raises(CopyUnknown):
        await keep.archive.entry(OTHER)


async def test_what_was_changed_by_another_process_is_seen(keep: Keep, snapshot: Snapshot) -> None:
    manifest = await keep.keep(snapshot, pages=False)
    await keep.archive.entries()
    other = copy_of(keep)
    changed = await other.archive.update(manifest.id, lambda found: msgspec.structs.replace(found, note="hi"))
    assert (await only(keep)).manifest == changed


async def test_what_has_been_read_is_not_read_again(either_keep: Keep, tmp_path: Path) -> None:
    """200 backups elsewhere are 400 requests otherwise, whenever somebody opens the page."""
    if "elsewhere" not in either_keep.archive.location:
        pytest.skip("files here are quick to read")
    for name in ("1", "2", "3"):
        sell(either_keep.settings, name)
        await either_keep.keep(await snapshot_of(either_keep.settings, tmp_path / f"{name}.db"))
    await either_keep.archive.entries()
    either_keep.elsewhere.names("read")
    await either_keep.archive.entries()
    assert either_keep.elsewhere.calls == [("list", "")]


async def test_one_that_is_being_added_is_not_shown_yet(keep: Keep, snapshot: Snapshot, tmp_path: Path) -> None:
    """Its file is there before its manifest: it is no file without a manifest that somebody must look after."""
    manifest = await keep.keep(snapshot, pages=False)
    part(keep, manifest, "json").unlink()
    flip(part(keep, manifest, "db"))
    stock = keep.archive._stock  # pyright: ignore[reportPrivateUsage]
    async with stock.place.unfinished(manifest.id):
        assert await keep.archive.entries() == []
        with pytest.raises(ArchiveBusy):
            await keep.archive.delete(manifest.id)
