"""One bit that flips, wherever it is: found and named by `verify`, and by whoever fetches. Nothing damaged is whole."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from berrypod.archive.archive import Archive, Taking
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.folder import FolderStorage
from berrypod.archive.manifest import Manifest, ManifestUnreadable
from berrypod.clock import utc_now
from berrypod.declarations import Snapshot
from berrypod.errors import BerrypodError, DatabaseDamaged
from berrypod.records import new_id
from berrypod.settings import Settings
from berrypod.storage.chunks import ENTRY_BYTES, read_index
from berrypod.storage.keys import PAGE_BYTES
from tests.archive.making import Elsewhere, Keep, bulky, flip, sell
from tests.archive.test_pages import chunks, chunks_of, live
from tests.conftest import KEY

FLIPS = 150
SEED = 20260314

Place = Callable[[Path], int]


def in_page(number: int, at: int) -> Place:
    return lambda path: (number - 1) * PAGE_BYTES + at


def in_last_page(at: int) -> Place:
    return lambda path: path.stat().st_size // PAGE_BYTES * PAGE_BYTES - PAGE_BYTES + at


def in_index(entry: int, at: int) -> Place:
    return lambda path: len(read_index(path)) * PAGE_BYTES + entry * ENTRY_BYTES + at


def from_end(back: int) -> Place:
    return lambda path: path.stat().st_size - back


def at_words(words: bytes, after: int = 0) -> Place:
    return lambda path: path.read_bytes().index(words) + len(words) + after


# Of each kind of object every region, and in it the byte.
CHUNK: dict[str, Place] = {
    "salt": in_page(1, 0),
    "first page": in_page(1, 1000),
    "vector of the first page": in_page(1, PAGE_BYTES - 80),
    "HMAC of the first page": in_page(1, PAGE_BYTES - 64),
    "padding of the first page": in_page(1, PAGE_BYTES - 1),
    "another page": in_page(5, 77),
    "last page": lambda path: (len(read_index(path)) - 1) * PAGE_BYTES + 2000,
    "number in the index": in_index(0, 0),
    "mark in the index": in_index(7, 9),
    "end of the index": lambda path: in_index(len(read_index(path)) - 1, ENTRY_BYTES - 1)(path),
    "magic": from_end(40),
    "version": from_end(32),
    "flags": from_end(30),
    "bytes of a page": from_end(28),
    "count": from_end(24),
    "digest of the index": from_end(1),
}
MAP: dict[str, Place] = {
    "magic": in_page(1, 0),
    "version": in_page(1, 8),
    "flags": in_page(1, 10),
    "pages": in_page(1, 16),
    "chunks": in_page(1, 20),
    "runs": in_page(1, 24),
    "name of a chunk": in_page(1, 28),
    "first run": in_page(1, 28 + 32),
    "slot of a run": in_page(1, 28 + 32 + 12),
    "digest": from_end(1),
}
FILE: dict[str, Place] = {
    "salt": in_page(1, 0),
    "first page": in_page(1, 100),
    "HMAC of the first page": in_page(1, PAGE_BYTES - 64),
    "another page": in_page(9, 1234),
    "last page": in_last_page(5),
    "end": from_end(1),
}
MANIFEST: dict[str, Place] = {
    "beginning": in_page(1, 0),
    "format": at_words(b'"format": '),
    "time": at_words(b'"created_at": "', 3),
    "size": at_words(b'"size_bytes": '),
    "digest of the file": at_words(b'"sha256": "', 9),
    "rows": at_words(b'"row_counts": {\n    "', 2),
    "key": at_words(b'"key_fingerprint": "'),
    "note": at_words(b'"note": "'),
    "verified": at_words(b'"verified_at": "', 3),
    "name of a member": at_words(b'"', 2),
    "own digest": from_end(10),
    "end": from_end(1),
}
REGIONS = {"chunk": CHUNK, "map": MAP, "json": MANIFEST, "db": FILE}
TABLE = [
    pytest.param(end, place, id=f"{end}: {region}")
    for end, regions in REGIONS.items()
    for region, place in regions.items()
]


@dataclass(frozen=True)
class Template:
    """An archive with one backup of an encrypted shop, which is copied for each flip."""

    folder: Path
    manifest: Manifest

    def copied(self, target: Path, *, elsewhere: bool = False) -> Archive:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target / "kept")
        storage = FolderStorage(target / "kept")
        return Archive(Elsewhere(storage) if elsewhere else storage, work_folder=lambda: target / "work")

    def named(self, folder: Path, end: str) -> Path:
        """The object of that kind in a copy."""
        if end == "chunk":
            return max(folder.glob("kept/chunks/*/*"), key=lambda path: path.stat().st_size)
        return folder / "kept" / f"berrypod-backup-{self.manifest.id}.{end}"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory, snapshots: dict[bool, Snapshot]) -> dict[bool, Template]:
    """By its pages, and as one file."""
    made: dict[bool, Template] = {}
    for pages in (True, False):
        folder = tmp_path_factory.mktemp("flips")
        archive = Archive(FolderStorage(folder / "kept"), work_folder=lambda folder=folder: folder / "work")
        taking = Taking(id=new_id(utc_now()), note="for the tests", pages=pages)
        manifest = asyncio.run(archive.take_file(snapshots[True], taking))
        made[pages] = Template(folder / "kept", manifest)
    return made


async def found_by(archive: Archive, backup_id: str, target: Path) -> list[BerrypodError]:
    """What is said by verify with the key, by verify without it, and by a fetch: none of them may find it good."""
    errors: list[BerrypodError] = []
    for asked in (
        archive.fetch(backup_id, target),
        archive.verify(backup_id, KEY),
        archive.verify(backup_id, None),
    ):
        with pytest.raises((DatabaseDamaged, ManifestUnreadable)) as caught:
            await asked
        errors.append(caught.value)
    assert not target.exists()
    return errors


async def require_told(archive: Archive, backup_id: str) -> None:
    """Whoever lists it reads that it is not good."""
    (entry,) = [entry for entry in await archive.entries() if entry.id == backup_id]
    if entry.manifest is None:
        assert (entry.kind, entry.problem is not None) == ("manifest_unreadable", True)
        return
    assert not entry.manifest.proven
    assert entry.manifest.verified_at is None
    assert entry.manifest.proof is not None
    assert entry.manifest.proof.problem
    assert entry.manifest.proof.hint


@pytest.mark.parametrize(("end", "place"), TABLE)
async def test_a_bit_of_each_region_is_found_and_named(
    templates: dict[bool, Template], tmp_path: Path, end: str, place: Place
) -> None:
    template = templates[end != "db"]
    archive = template.copied(tmp_path)
    spoilt = template.named(tmp_path, end)
    flip(spoilt, place(spoilt))

    _, with_key, without = await found_by(archive, template.manifest.id, tmp_path / "fetched.db")
    for error in (with_key, without) if end != "json" else ():
        assert spoilt.name in error.message
    assert with_key.hint
    await require_told(archive, template.manifest.id)


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_no_bit_that_flips_at_random_leaves_a_backup_whole(
    templates: dict[bool, Template], tmp_path: Path, elsewhere: bool
) -> None:
    chance = random.Random(SEED)
    for _ in range(FLIPS):
        template = templates[chance.random() < 0.7]
        archive = template.copied(tmp_path / "copy", elsewhere=elsewhere)
        spoilt = chance.choice([path for path in tmp_path.glob("copy/kept/**/*") if path.is_file()])
        content = bytearray(spoilt.read_bytes())
        bit = chance.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        spoilt.write_bytes(content)
        with pytest.raises((DatabaseDamaged, ManifestUnreadable)):
            await archive.verify(template.manifest.id, KEY)
        await require_told(archive, template.manifest.id)


@pytest.mark.parametrize("end", ["chunk", "map", "db", "json"])
@pytest.mark.parametrize("left", [0, 1, 4096, -1])
async def test_what_is_cut_off_is_found(templates: dict[bool, Template], tmp_path: Path, end: str, left: int) -> None:
    template = templates[end != "db"]
    archive = template.copied(tmp_path)
    spoilt = template.named(tmp_path, end)
    size = spoilt.stat().st_size
    os.truncate(spoilt, min(left, size - 1) if left >= 0 else size + left)
    await found_by(archive, template.manifest.id, tmp_path / "fetched.db")
    await require_told(archive, template.manifest.id)


@pytest.mark.parametrize("end", ["chunk", "map", "db"])
async def test_what_is_missing_is_found(templates: dict[bool, Template], tmp_path: Path, end: str) -> None:
    template = templates[end != "db"]
    archive = template.copied(tmp_path)
    template.named(tmp_path, end).unlink()
    for error in await found_by(archive, template.manifest.id, tmp_path / "fetched.db"):
        assert "missing" in error.message
    await require_told(archive, template.manifest.id)


async def test_a_chunk_in_the_place_of_another_is_found(encrypted_settings: Settings, tmp_path: Path) -> None:
    """Both are good, by themselves."""
    keep = Keep.of(encrypted_settings, tmp_path / "archive")
    bulky(keep.settings, 1100)
    manifest = await live(keep)
    one, other, *_ = chunks(keep)
    shutil.copyfile(other, one)
    for error in await found_by(keep.archive, manifest.id, tmp_path / "fetched.db"):
        assert one.name in error.message
    await require_told(keep.archive, manifest.id)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_a_backup_that_shares_nothing_damaged_stays_whole_and_the_next_one_is(
    encrypted_settings: Settings, tmp_path: Path, elsewhere: bool
) -> None:
    keep = Keep.of(encrypted_settings, tmp_path / "archive", elsewhere=elsewhere)
    first = await live(keep)
    sell(keep.settings, "second")
    second = await live(keep)
    (own,) = chunks_of(keep, second) - chunks_of(keep, first)
    flip(keep.folder / "chunks" / own[:2] / own)

    await keep.archive.verify(first.id, keep.passphrase)
    with pytest.raises(BackupDamaged, match=own):
        await keep.archive.verify(second.id, keep.passphrase)
    sell(keep.settings, "third")
    third = await live(keep)
    assert own not in chunks_of(keep, third)
    for manifest in (first, third):
        await keep.archive.verify(manifest.id, keep.passphrase)
        await keep.fetched(manifest, tmp_path / "fetched.db")
    kinds = {entry.id: entry.problem is None for entry in await keep.archive.entries()}
    assert kinds == {first.id: True, second.id: False, third.id: True}


async def test_what_was_damaged_and_is_put_back_is_whole_again(templates: dict[bool, Template], tmp_path: Path) -> None:
    template = templates[False]
    archive = template.copied(tmp_path)
    spoilt = template.named(tmp_path, "db")
    flip(spoilt)
    await found_by(archive, template.manifest.id, tmp_path / "fetched.db")
    flip(spoilt)
    manifest = await archive.verify(template.manifest.id, KEY)
    assert (manifest.verified_at is not None, manifest.proof) == (True, None)
