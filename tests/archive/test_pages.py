"""Backups of pages: stored once each, and each backup as whole as if it were one file."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path

import pytest

from berrypod.archive.archive import Taking
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.manifest import Manifest
from berrypod.clock import utc_now
from berrypod.errors import DatabaseDamaged, WrongKey
from berrypod.records import new_id
from berrypod.settings import Secret
from berrypod.storage.chunks import ChunkMissing
from berrypod.storage.page_map import MapDamaged, read_map
from berrypod.storage.verification import verify
from tests.archive.making import Keep, bulky, copy_of, flip, sell, snapshot_of
from tests.backup.making import opened


async def live(keep: Keep, *, fast: bool = False) -> Manifest:
    """A backup of the shop while it is open."""
    async with opened(keep.settings) as database:
        return await keep.archive.take_live(database, Taking(id=new_id(utc_now())), fast=fast)


def chunks(keep: Keep) -> list[Path]:
    return sorted(keep.folder.glob("chunks/*/*"))


def chunks_of(keep: Keep, manifest: Manifest) -> set[str]:
    return set(read_map(keep.folder / f"berrypod-backup-{manifest.id}.map").chunks)


def unneeded(keep: Keep, *manifests: Manifest) -> set[str]:
    return {path.name for path in chunks(keep)} - set().union(*(chunks_of(keep, each) for each in manifests))


async def test_a_backup_of_the_running_shop_is_a_file_that_anybody_opens(any_keep: Keep, tmp_path: Path) -> None:
    sell(any_keep.settings, "first")
    manifest = await live(any_keep)
    await any_keep.archive.fetch(manifest.id, tmp_path / "fetched.db")
    facts = await verify(tmp_path / "fetched.db", any_keep.passphrase)

    assert (facts.sha256, facts.row_counts, facts.page_count) == (
        manifest.sha256,
        manifest.row_counts,
        manifest.page_count,
    )
    assert facts.schema_revision == manifest.schema_revision
    assert bytes.fromhex(manifest.salt) == (tmp_path / "fetched.db").read_bytes()[:16]
    assert (manifest.storage, manifest.method, manifest.encrypted) == ("pages", "snapshot", facts.encrypted)
    assert (manifest.key_fingerprint is not None) == facts.encrypted
    assert (
        b"".join([piece async for piece in any_keep.archive.open(manifest.id)])
        == (tmp_path / "fetched.db").read_bytes()
    )
    assert any_keep.leftovers() == []


async def test_only_what_has_changed_is_stored_again(any_keep: Keep, tmp_path: Path) -> None:
    bulky(any_keep.settings, 1500)
    first = await live(any_keep)
    sell(any_keep.settings, "second")
    second = await live(any_keep)
    third = await live(any_keep)

    assert first.stored_bytes > first.size_bytes
    assert second.stored_bytes < first.stored_bytes / 20
    assert third.stored_bytes < second.stored_bytes
    assert len({first.sha256, second.sha256}) == 2
    for manifest in (second, first, third):
        await any_keep.fetched(manifest, tmp_path / "fetched.db")
    entries = await any_keep.archive.entries()
    assert [entry.manifest for entry in entries] == [third, second, first]
    assert [entry.problem for entry in entries] == [None] * 3


async def test_a_verified_file_is_added_by_its_pages_too(either_keep: Keep, tmp_path: Path) -> None:
    bulky(either_keep.settings, 50)
    for name in ("first", "second"):
        sell(either_keep.settings, name)
        snapshot = await snapshot_of(either_keep.settings, tmp_path / f"{name}.db")
        manifest = await either_keep.keep(snapshot)
        assert await either_keep.fetched(manifest, tmp_path / "fetched.db") == snapshot.path.read_bytes()
        assert manifest.storage == "pages"
        assert (await either_keep.archive.verify(manifest.id, either_keep.passphrase)).verified_at is not None


async def test_each_backup_is_deleted_by_itself(either_keep: Keep, tmp_path: Path) -> None:
    manifests: list[Manifest] = []
    for name in ("one", "two", "three"):
        sell(either_keep.settings, name)
        manifests.append(await live(either_keep))
    one, two, three = manifests

    await either_keep.archive.delete(two.id)
    assert unneeded(either_keep, one, three) == set()
    for manifest in (one, three):
        await either_keep.fetched(manifest, tmp_path / "fetched.db")
    await either_keep.archive.delete(one.id)
    assert unneeded(either_keep, three) == set()
    await either_keep.fetched(three, tmp_path / "fetched.db")
    await either_keep.archive.delete(three.id)
    assert either_keep.objects() == []


@pytest.mark.parametrize("at", [5_000, -1])
async def test_a_bit_that_flipped_in_a_chunk_is_found_and_the_next_backup_is_good(
    either_keep: Keep, tmp_path: Path, at: int | None
) -> None:
    first = await live(either_keep)
    [chunk] = chunks(either_keep)
    flip(chunk, at)

    with pytest.raises(BackupDamaged, match=f"chunk {chunk.name} is damaged") as found:
        await either_keep.archive.verify(first.id, either_keep.passphrase)
    assert found.value.details["damaged"] == [chunk.name]
    [entry] = await either_keep.archive.entries()
    assert entry.manifest is not None
    assert entry.manifest.verified_at is None
    assert entry.problem is not None
    assert "found to be damaged, and set aside" in entry.problem.message
    for error in (
        await caught(either_keep.archive.fetch(first.id, tmp_path / "fetched.db")),
        await caught(either_keep.archive.verify(first.id, None)),
    ):
        assert chunk.name in str(error)

    sell(either_keep.settings, "second")
    second = await live(either_keep)
    assert chunk.name not in {path.name for path in chunks(either_keep)}
    await either_keep.fetched(second, tmp_path / "fetched.db")
    await either_keep.archive.verify(second.id, either_keep.passphrase)
    await either_keep.archive.delete(first.id)
    assert not [name for name in either_keep.objects() if name.startswith("damaged")]
    assert either_keep.leftovers() == []


async def test_pages_that_are_stored_anew_as_they_were_mend_the_backups_that_need_them(
    either_keep: Keep, tmp_path: Path
) -> None:
    """Nothing was sold meanwhile: so what is written is the very chunk that was damaged."""
    first = await live(either_keep)
    [chunk] = chunks(either_keep)
    flip(chunk)
    await caught(either_keep.archive.verify(first.id, None))

    await live(either_keep)
    assert [entry.problem for entry in await either_keep.archive.entries()] == [None, None]
    assert (await either_keep.archive.verify(first.id, either_keep.passphrase)).verified_at is not None
    await either_keep.archive.sweep()
    assert not [name for name in either_keep.objects() if name.startswith("damaged")]


async def caught(asked: Awaitable[object]) -> DatabaseDamaged:
    with pytest.raises(DatabaseDamaged) as error:
        await asked
    return error.value


async def test_damage_that_nobody_looked_for_does_not_get_into_the_next_backup(keep: Keep, tmp_path: Path) -> None:
    """All that a backup on this machine needs is read back before it counts."""
    bulky(keep.settings, 20)
    first = await live(keep)
    [chunk] = chunks(keep)
    flip(chunk, 60_000)
    sell(keep.settings, "second")
    second = await live(keep)

    await keep.fetched(second, tmp_path / "fetched.db")
    assert chunk.name not in chunks_of(keep, second)
    assert (keep.folder / "damaged" / chunk.name).exists()
    entries = {entry.id: entry.problem for entry in await keep.archive.entries()}
    assert entries[second.id] is None
    assert entries[first.id] is not None


async def test_a_chunk_that_is_gone_is_named(either_keep: Keep, tmp_path: Path) -> None:
    bulky(either_keep.settings, 10)
    manifest = await live(either_keep)
    [chunk] = chunks(either_keep)
    away = chunk.rename(tmp_path / "away")

    for asked in (
        either_keep.archive.fetch(manifest.id, tmp_path / "fetched.db"),
        either_keep.archive.verify(manifest.id, either_keep.passphrase),
    ):
        assert f"hunk {chunk.name} is missing" in str(await caught(asked))
    [entry] = await either_keep.archive.entries()
    assert entry.problem is not None
    assert entry.problem.code == ChunkMissing.code
    away.rename(chunk)
    await either_keep.archive.verify(manifest.id, either_keep.passphrase)
    [entry] = await either_keep.archive.entries()
    assert entry.problem is None
    assert entry.manifest is not None
    assert entry.manifest.verified_at is not None


async def test_a_map_that_cannot_be_read_keeps_every_chunk_until_it_is_gone(keep: Keep, tmp_path: Path) -> None:
    first = await live(keep)
    sell(keep.settings, "second")
    second = await live(keep)
    before = chunks(keep)
    flip(keep.folder / f"berrypod-backup-{first.id}.map")

    other = copy_of(keep)
    [told] = [entry.problem for entry in await other.archive.entries() if entry.id == first.id]
    assert told is not None
    assert told.code == MapDamaged.code
    with pytest.raises(MapDamaged):
        await other.archive.verify(first.id, None)
    await other.archive.delete(second.id)
    assert chunks(keep) == before
    await other.archive.delete(first.id)
    assert keep.objects() == []


async def test_a_backup_under_another_key_is_held_against_its_digests(any_keep: Keep) -> None:
    manifest = await live(any_keep)
    again = await any_keep.archive.verify(manifest.id, None)
    assert again.verified_at is not None
    assert manifest.verified_at is not None
    assert again.verified_at > manifest.verified_at
    if manifest.encrypted:
        with pytest.raises(WrongKey, match="was made with another key"):
            await any_keep.archive.verify(manifest.id, Secret("another key, as long as the one of the tests"))


async def test_another_machine_knows_what_is_there_and_stores_no_page_twice(either_keep: Keep, tmp_path: Path) -> None:
    """What is kept on this machine of an archive elsewhere may be lost, or out of date."""
    bulky(either_keep.settings, 100)
    first = await live(either_keep)
    other = copy_of(either_keep)
    second = await live(other)
    assert second.stored_bytes < first.stored_bytes / 20

    await other.archive.delete(first.id)
    await other.archive.delete(second.id)
    assert other.objects() == []
    third = await live(either_keep)
    assert third.stored_bytes > third.size_bytes
    await either_keep.fetched(third, tmp_path / "fetched.db")
