"""A bucket is a storage for archives: whole objects, in flat memory, and nothing that was not finished."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from berrypod_s3.config import S3Config
from berrypod_s3.storage import Fixed, S3Storage

from berrypod.archive.objects import MovableStorage, ObjectStorage, PartwiseStorage, SweptStorage
from berrypod.errors import NotFound
from tests.s3.conftest import QUICK
from tests.s3.making import Raw, put, read
from tests.s3.proxy import Proxy, Silence


def test_it_is_what_an_archive_wants(storage: S3Storage) -> None:
    assert isinstance(storage, ObjectStorage)
    assert isinstance(storage, SweptStorage)
    assert isinstance(storage, MovableStorage)
    assert storage.local_path("x") is None


async def test_what_is_put_is_listed_read_and_deleted(storage: S3Storage, raw: Raw, tmp_path: Path) -> None:
    for name, content in (("a.json", b"{}"), ("chunks/aa/bb", b"pages"), ("empty", b"")):
        await put(storage, name, content, tmp_path)
        assert await read(storage, name) == content

    found = await storage.list()
    assert {(one.name, one.size_bytes) for one in found} == {("a.json", 2), ("chunks/aa/bb", 5), ("empty", 0)}
    assert all(one.modified_at.utcoffset() is not None for one in found)
    assert [one.name for one in await storage.list("chunks/")] == ["chunks/aa/bb"]
    assert sorted(raw.names()) == ["shop/a.json", "shop/chunks/aa/bb", "shop/empty"]
    for _ in range(2):
        await storage.delete("a.json")
    with pytest.raises(NotFound, match=r"a\.json"):
        await read(storage, "a.json")


async def test_a_big_file_goes_in_parts_and_comes_back_as_it_was(storage: S3Storage, raw: Raw, big_file: Path) -> None:
    await storage.put("big", big_file)

    assert await read(storage, "big") == big_file.read_bytes()
    head = raw.client.head_object(Bucket=raw.config.bucket, Key="shop/big")
    assert head["ETag"].endswith('-3"'), "three parts"
    assert raw.unfinished() == []


async def test_it_takes_the_place_of_what_was_there(storage: S3Storage, tmp_path: Path) -> None:
    for content in (b"first, and longer", b"second"):
        await put(storage, "x", content, tmp_path)
        assert await read(storage, "x") == content
        assert len(await storage.list()) == 1


async def test_another_shop_in_the_bucket_is_not_seen(storage: S3Storage, config: S3Config, tmp_path: Path) -> None:
    other = S3Storage(Fixed(replace(config, prefix="shop-2")), pace=QUICK)
    await put(storage, "x", b"of the first", tmp_path)
    await put(other, "x", b"of the second", tmp_path)

    assert [one.name for one in await storage.list()] == ["x"]
    await other.delete("x")
    assert await read(storage, "x") == b"of the first"


async def test_the_whole_bucket_can_be_an_archive(config: S3Config, raw: Raw, tmp_path: Path) -> None:
    storage = S3Storage(Fixed(replace(config, prefix="")), pace=QUICK)
    await put(storage, "a/b", b"content", tmp_path)
    raw.put("folder/", b"")

    assert raw.names() == ["a/b", "folder/"]
    assert [one.name for one in await storage.list()] == ["a/b"], "not what browsers of buckets make of folders"
    assert await storage.folders() == ["a", "folder"]


async def test_an_upload_that_is_cancelled_leaves_nothing(
    bad_storage: S3Storage, storage: S3Storage, raw: Raw, proxy: Proxy, big_file: Path
) -> None:
    proxy.only(1, Silence(), method="PUT", part="partNumber=2")
    putting = asyncio.create_task(bad_storage.put("big", big_file))
    while not any("partNumber=2" in asked.path for asked in proxy.asked):
        await asyncio.sleep(0.01)
    putting.cancel()
    await asyncio.wait([putting], timeout=0.1)
    proxy.released.set()
    with suppress(asyncio.CancelledError):
        await putting

    assert putting.cancelled()
    assert await storage.list() == []
    assert raw.unfinished() == []


async def test_a_download_that_is_given_up_keeps_nobody_waiting(
    bad_storage: S3Storage, storage: S3Storage, proxy: Proxy, big_file: Path
) -> None:
    await storage.put("big", big_file)
    async with aclosing(cast("Any", bad_storage.read("big"))) as pieces:
        assert await anext(pieces)
    proxy.always(Silence(), method="GET")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await read(bad_storage, "big")


async def test_an_upload_is_taken_back_by_the_name_of_its_object_alone(config: S3Config, raw: Raw) -> None:
    for key in ("shop/a.db", "shop/a.db", "shop/a.db2", "a.db"):
        raw.client.create_multipart_upload(Bucket=config.bucket, Key=key)
    storage = S3Storage(Fixed(config), pace=replace(QUICK, unfinished_hours=50 * 365 * 24))
    assert isinstance(storage, PartwiseStorage)
    await storage.take_back("a.db")
    assert sorted(raw.unfinished()) == ["a.db", "shop/a.db2"]


async def test_uploads_that_dead_processes_left_are_taken_back(storage: S3Storage, config: S3Config, raw: Raw) -> None:
    def begin(key: str) -> None:
        raw.client.create_multipart_upload(Bucket=config.bucket, Key=key)

    begin("shop/chunks/aa/bb")
    begin("shop-2/chunks/aa/bb")
    # This server says of each that it was begun in 2010.
    await S3Storage(Fixed(config), pace=replace(QUICK, unfinished_hours=50 * 365 * 24)).sweep()
    assert len(raw.unfinished()) == 2, "somebody may be at it"
    await storage.sweep()
    assert raw.unfinished() == ["shop-2/chunks/aa/bb"], "that of another shop is not ours"


@pytest.mark.slow
async def test_more_objects_than_one_answer_lists(storage: S3Storage, raw: Raw) -> None:
    for i in range(1005):
        raw.put(f"shop/chunks/{i:04}", b"")

    assert [one.name for one in await storage.list("chunks/")] == [f"chunks/{i:04}" for i in range(1005)]
