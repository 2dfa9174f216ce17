"""Backups in a bucket: whole files and pages. What breaks on the way is never listed as one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from berrypod_s3.config import S3Config
from berrypod_s3.configuring import S3Place
from berrypod_s3.faults import StorageFull, StorageUnreachable
from berrypod_s3.storage import Fixed, S3Storage

from berrypod.archive.archive import Archive, Manifest, Taking
from berrypod.archive.faults import BackupDamaged
from berrypod.clock import utc_now
from berrypod.errors import DatabaseDamaged
from berrypod.records import new_id
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.stored import Stored
from tests.archive.making import bulky, snapshot_of
from tests.backup.making import opened
from tests.conftest import KEY
from tests.s3.conftest import QUICK
from tests.s3.making import Raw
from tests.s3.proxy import Answer, Cut, Proxy


@pytest.fixture
async def shop(encrypted_settings: Settings) -> AsyncIterator[Database]:
    bulky(encrypted_settings, 300)
    async with opened(encrypted_settings) as database:
        yield database


@pytest.fixture
def archive(storage: S3Storage, tmp_path: Path) -> Archive:
    return Archive(storage, work_folder=lambda: tmp_path / "work")


@pytest.fixture
def bad_archive(bad_storage: S3Storage, tmp_path: Path) -> Archive:
    """The same, from this machine, over a bad line."""
    return Archive(bad_storage, work_folder=lambda: tmp_path / "work")


async def take(archive: Archive, shop: Database) -> Manifest:
    return await archive.take_live(shop, Taking(id=new_id(utc_now())), fast=True)


async def fetched(archive: Archive, manifest: Manifest, folder: Path) -> bytes:
    target = folder / f"{manifest.id}.db"
    await archive.fetch(manifest.id, target)
    content = target.read_bytes()
    target.unlink()
    assert hashlib.sha256(content).hexdigest() == manifest.sha256
    return content


async def change(shop: Database) -> None:
    await Stored(shop, "test.change", S3Place, S3Place()).put(S3Place(prefix="changed"))


def chunks(raw: Raw) -> list[str]:
    return [key for key in raw.names() if "/chunks/" in key]


async def test_a_whole_file_is_kept_and_comes_back(archive: Archive, settings: Settings, tmp_path: Path) -> None:
    snapshot = await snapshot_of(settings, tmp_path / "snapshot.db")
    manifest = await archive.take_file(snapshot, Taking(id=new_id(utc_now()), pages=False))

    assert await fetched(archive, manifest, tmp_path) == snapshot.path.read_bytes()
    assert (await archive.verify(manifest.id, None)).verified_at is not None
    await archive.delete(manifest.id)
    assert await archive.entries() == []


async def test_only_new_pages_are_sent_and_each_backup_is_whole(
    archive: Archive, shop: Database, raw: Raw, tmp_path: Path
) -> None:
    first = await take(archive, shop)
    await change(shop)
    second = await take(archive, shop)

    assert second.stored_bytes < first.stored_bytes / 5
    for manifest in (first, second):
        await fetched(archive, manifest, tmp_path)
        await archive.verify(manifest.id, KEY)
    await archive.delete(first.id)
    await fetched(archive, second, tmp_path)
    await archive.delete(second.id)
    assert raw.names() == []


async def test_another_machine_goes_on_with_what_is_there(
    archive: Archive, storage: S3Storage, shop: Database, tmp_path: Path
) -> None:
    first = await take(archive, shop)
    other = Archive(storage, work_folder=lambda: tmp_path / "other machine")
    await change(shop)
    second = await take(other, shop)

    assert second.stored_bytes < first.stored_bytes / 5
    assert [entry.id for entry in await archive.entries()] == [second.id, first.id]
    await fetched(archive, second, tmp_path)


async def test_a_missing_chunk_is_named(archive: Archive, shop: Database, raw: Raw, tmp_path: Path) -> None:
    manifest = await take(archive, shop)
    [key, *_] = chunks(raw)
    raw.delete(key)

    [entry] = await archive.entries()
    assert entry.problem is not None
    with pytest.raises(DatabaseDamaged, match=key.rpartition("/")[2]):
        await archive.verify(manifest.id, KEY)
    with pytest.raises(DatabaseDamaged, match=key.rpartition("/")[2]):
        await fetched(archive, manifest, tmp_path)
    assert [path.name for path in tmp_path.glob("*.db")] == ["encrypted.db"], "the shop's alone"


async def test_a_damaged_chunk_is_named_and_stored_anew(
    archive: Archive, shop: Database, raw: Raw, tmp_path: Path
) -> None:
    damaged = await take(archive, shop)
    [key, *_] = chunks(raw)
    content = bytearray(raw.get(key))
    content[1000] ^= 1
    raw.put(key, bytes(content))

    with pytest.raises(BackupDamaged, match=key.rpartition("/")[2]):
        await archive.verify(damaged.id, KEY)
    anew = await take(archive, shop)
    await fetched(archive, anew, tmp_path)
    await archive.verify(anew.id, KEY)


@pytest.mark.parametrize(
    ("part", "trouble"),
    [
        ("/chunks/", Cut(after_bytes=10, request=True)),
        (".map", Answer(status=507, code="StorageFull")),
        (".json", Cut(after_bytes=10, request=True)),
    ],
)
async def test_a_backup_that_breaks_off_is_none_and_the_next_one_is(
    archive: Archive,
    bad_archive: Archive,
    shop: Database,
    proxy: Proxy,
    raw: Raw,
    tmp_path: Path,
    part: str,
    trouble: Answer | Cut,
) -> None:
    proxy.always(trouble, method="PUT", part=part)
    with pytest.raises((StorageFull, StorageUnreachable)):
        await take(bad_archive, shop)
    assert [entry.kind for entry in await archive.entries() if entry.kind == "backup"] == []
    proxy.well()
    manifest = await take(bad_archive, shop)
    await archive.sweep()

    assert [entry.id for entry in await archive.entries()] == [manifest.id]
    await fetched(archive, manifest, tmp_path)
    assert len([key for key in raw.names() if "/chunks/" not in key]) == 2


async def test_a_line_that_breaks_now_and_then_is_only_slower(
    bad_archive: Archive, shop: Database, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.only(1, Answer(status=503, code="SlowDown"), method="PUT", part="/chunks/")
    first = await take(bad_archive, shop)
    proxy.only(1, Cut(after_bytes=4096), method="GET", part="/chunks/")
    await fetched(bad_archive, first, tmp_path)


async def test_two_shops_in_one_bucket_have_nothing_to_do_with_each_other(
    config: S3Config, archive: Archive, shop: Database, tmp_path: Path
) -> None:
    neighbour = Archive(
        S3Storage(Fixed(replace(config, prefix="shop-2")), pace=QUICK), work_folder=lambda: tmp_path / "work"
    )
    first, second = await take(archive, shop), await take(neighbour, shop)
    await archive.delete(first.id)

    assert [entry.id for entry in await neighbour.entries()] == [second.id]
    await fetched(neighbour, second, tmp_path)
