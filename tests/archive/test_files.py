"""Backups that are kept as one file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from berrypod.archive.archive import Taking
from berrypod.archive.faults import BackupDamaged, BackupIncomplete, CopyUnknown
from berrypod.declarations import Snapshot
from berrypod.errors import Conflict, DiskFull, WrongKey
from berrypod.settings import Secret, Settings
from berrypod.storage.verification import verify
from tests.archive.making import Keep, flip


async def test_a_file_that_is_kept_comes_out_as_it_went_in(any_keep: Keep, tmp_path: Path) -> None:
    snapshot = any_keep.snapshot
    manifest = await any_keep.keep(snapshot, pages=False, origin="schedule", made_by="schedule")

    assert await any_keep.fetched(manifest, tmp_path / "fetched.db") == snapshot.path.read_bytes()
    assert (manifest.storage, manifest.origin, manifest.made_by) == ("file", "schedule", "schedule")
    assert manifest.row_counts == snapshot.row_counts
    assert manifest.verified_at is not None
    [entry] = await any_keep.archive.entries()
    assert (entry.kind, entry.id, entry.manifest, entry.problem) == ("backup", manifest.id, manifest, None)
    assert entry.size_bytes == entry.stored_bytes == snapshot.size_bytes
    assert any_keep.leftovers() == []


async def test_it_is_a_backup_that_anybody_opens_with_the_key_alone(either_keep: Keep, tmp_path: Path) -> None:
    snapshot = either_keep.snapshot
    manifest = await either_keep.keep(snapshot, pages=False)
    [path] = either_keep.folder.glob("*.db")

    assert path.stat().st_mode & 0o777 == 0o600
    assert (await verify(path, either_keep.passphrase)).sha256 == manifest.sha256
    assert either_keep.folder.stat().st_mode & 0o777 == 0o700


async def test_a_kept_file_is_streamed_and_deleted_as_a_copy_of_an_exporter(either_keep: Keep, tmp_path: Path) -> None:
    snapshot = either_keep.snapshot
    delivered = await either_keep.archive.export(snapshot, tmp_path)
    [copy] = await either_keep.archive.list()

    assert delivered.location == either_keep.archive.location
    assert ("NOT encrypted" in delivered.message) != snapshot.encrypted
    assert (copy.id, copy.sha256) == (snapshot.id, snapshot.sha256)
    assert b"".join([piece async for piece in either_keep.archive.open(copy.id)]) == snapshot.path.read_bytes()
    await either_keep.archive.delete(copy.id)
    assert await either_keep.archive.list() == []
    assert either_keep.objects() == []


@pytest.mark.parametrize("backup_id", ["20260314-120000-5eed5eed", "../../shop", "", "x" * 500, "a/b"])
async def test_ids_that_are_not_there_are_unknown(keep: Keep, tmp_path: Path, backup_id: str) -> None:
    archive = keep.archive
    for asked in (
        archive.entry(backup_id),
        archive.manifest(backup_id),
        archive.verify(backup_id, None),
        archive.fetch(backup_id, tmp_path / "x"),
        archive.update(backup_id, lambda manifest: manifest),
        archive.delete(backup_id),
        anext(archive.open(backup_id)),
    ):
        with pytest.raises(CopyUnknown):
            await asked
    assert keep.objects() == []


async def test_verifying_notes_when_it_was(either_keep: Keep, tmp_path: Path) -> None:
    snapshot = either_keep.snapshot
    manifest = await either_keep.keep(snapshot, pages=False)
    shares: list[float] = []
    verified = await either_keep.archive.verify(manifest.id, either_keep.passphrase, progress=shares.append)

    assert manifest.verified_at is not None
    assert verified.verified_at is not None
    assert verified.verified_at > manifest.verified_at
    assert await either_keep.archive.manifest(manifest.id) == verified
    assert shares[-1] == 1.0
    assert either_keep.leftovers() == []


@pytest.mark.parametrize("at", [5, 100, None, -1])
async def test_a_bit_that_flipped_anywhere_is_found(any_keep: Keep, tmp_path: Path, at: int | None) -> None:
    manifest = await any_keep.keep(any_keep.snapshot, pages=False)
    name = f"berrypod-backup-{manifest.id}.db"
    flip(any_keep.folder / name, at)

    for passphrase in (any_keep.passphrase, None):
        with pytest.raises(BackupDamaged):
            await any_keep.archive.verify(manifest.id, passphrase)
    assert (await any_keep.archive.manifest(manifest.id)).verified_at is None
    with pytest.raises(BackupDamaged):
        await any_keep.archive.fetch(manifest.id, tmp_path / "fetched.db")
    with pytest.raises(BackupDamaged):
        async for _ in any_keep.archive.open(manifest.id):
            pass
    assert not list(tmp_path.glob("*fetched*"))
    assert any_keep.leftovers() == []


async def test_another_key_is_no_damage(any_keep: Keep, tmp_path: Path) -> None:
    snapshot = any_keep.snapshot
    if not snapshot.encrypted:
        pytest.skip("there is no key")
    manifest = await any_keep.keep(snapshot, pages=False)
    unknown = await any_keep.keep(replace(snapshot, key_fingerprint=None), pages=False)

    for each in (manifest, unknown):
        with pytest.raises(WrongKey):
            await any_keep.archive.verify(each.id, Secret("another key, as long as the one of the tests"))
        assert (await any_keep.archive.manifest(each.id)).verified_at == each.verified_at
        assert (await any_keep.archive.verify(each.id, None)).verified_at != each.verified_at


async def test_a_file_that_is_gone_is_named(either_keep: Keep, tmp_path: Path) -> None:
    manifest = await either_keep.keep(either_keep.snapshot, pages=False)
    name = f"berrypod-backup-{manifest.id}.db"
    (either_keep.folder / name).unlink()

    for asked in (
        either_keep.archive.verify(manifest.id, None),
        either_keep.archive.fetch(manifest.id, tmp_path / "x"),
    ):
        with pytest.raises(BackupIncomplete, match=name):
            await asked


async def test_nothing_is_written_over(keep: Keep, tmp_path: Path) -> None:
    snapshot = keep.snapshot
    taking = Taking(id=snapshot.id, pages=False)
    manifest = await keep.archive.take_file(snapshot, taking)
    with pytest.raises(Conflict):
        await keep.archive.take_file(snapshot, taking)
    with pytest.raises(Conflict):
        await keep.archive.fetch(manifest.id, snapshot.path)
    assert await keep.fetched(manifest, tmp_path / "fetched.db")


async def test_a_note_stays_and_two_that_change_at_once_both_do(either_keep: Keep, tmp_path: Path) -> None:
    manifest = await either_keep.keep(either_keep.snapshot, pages=False)

    await asyncio.gather(
        *(
            either_keep.archive.update(
                manifest.id, lambda found, letter=letter: msgspec.structs.replace(found, note=found.note + letter)
            )
            for letter in "abcde"
        )
    )
    [entry] = await either_keep.archive.entries()
    assert entry.manifest is not None
    assert sorted(entry.manifest.note) == list("abcde")


@pytest.mark.parametrize(("method", "name"), [("put", ".db"), ("put", ".json"), ("read", ".db"), ("list", "")])
async def test_what_fails_on_its_way_leaves_nothing(
    settings: Settings, snapshot: Snapshot, tmp_path: Path, method: str, name: str
) -> None:
    keep = Keep.of(settings, tmp_path / "archive", elsewhere=True)

    def fail(called: str, on: str) -> None:
        if called == method and on.endswith(name):
            raise DiskFull("The bucket is full")

    keep.elsewhere.before = fail
    with pytest.raises(DiskFull, match="The bucket is full"):
        await keep.keep(snapshot, pages=False)
    assert keep.objects() == []
    assert keep.leftovers() == []


async def test_what_cannot_be_cleaned_up_at_once_is_no_backup_and_goes_later(
    settings: Settings, snapshot: Snapshot, tmp_path: Path
) -> None:
    """The connection broke, say: nothing can be put, and nothing removed."""
    keep = Keep.of(settings, tmp_path / "archive", elsewhere=True)
    broken = False

    def fail(called: str, on: str) -> None:
        nonlocal broken
        broken = broken or (called == "put" and on.endswith(".json"))
        if broken:
            raise DiskFull("The connection broke")

    keep.elsewhere.before = fail
    with pytest.raises(DiskFull):
        await keep.keep(snapshot, pages=False)
    keep.elsewhere.before = lambda method, name: None
    [entry] = await keep.archive.entries()
    assert (entry.kind, entry.manifest) == ("no_manifest", None)
    manifest = await keep.keep(snapshot, pages=False)
    assert [entry.id for entry in await keep.archive.entries()] == [manifest.id]
    assert keep.leftovers() == []


async def test_who_is_cancelled_leaves_nothing(settings: Settings, snapshot: Snapshot, tmp_path: Path) -> None:
    keep = Keep.of(settings, tmp_path / "archive", elsewhere=True)

    def cancel(called: str, on: str) -> None:
        if (called, on[-3:]) == ("read", ".db"):
            adding.cancel()

    keep.elsewhere.before = cancel
    adding = asyncio.create_task(keep.keep(snapshot, pages=False))
    with pytest.raises(asyncio.CancelledError):
        await adding
    assert keep.objects() == []
    assert keep.leftovers() == []
