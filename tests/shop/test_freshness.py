"""Kept answers are never older than the file, and never more than they may be."""

from __future__ import annotations

import asyncio

import pytest

from berrypod.settings import Settings
from berrypod.shop.freshness import Freshness
from berrypod.shop.settings import store
from berrypod.storage.database import Database


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.version = 1
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def build(self) -> bytes:
        self.asked += 1
        answer = f"{self.version}".encode()
        await self.gate.wait()
        return answer


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def freshness(source: Source) -> Freshness:
    return Freshness(lambda: source.version, max_bytes=100_000)


async def test_an_answer_is_built_once_while_nothing_changes(source: Source, freshness: Freshness) -> None:
    for _ in range(3):
        assert await freshness.get("a", source.build) == b"1"
    assert source.asked == 1
    source.version = 2
    assert await freshness.get("a", source.build) == b"2"
    assert source.asked == 2


async def test_a_hundred_waiting_customers_cause_one_building(source: Source, freshness: Freshness) -> None:
    source.gate.clear()
    waiting = [asyncio.create_task(freshness.get("a", source.build)) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.gate.set()
    assert set(await asyncio.gather(*waiting)) == {b"1"}
    assert source.asked == 1


async def test_who_comes_first_may_hang_up(source: Source, freshness: Freshness) -> None:
    source.gate.clear()
    first = asyncio.create_task(freshness.get("a", source.build))
    second = asyncio.create_task(freshness.get("a", source.build))
    await asyncio.sleep(0.01)
    first.cancel()
    source.gate.set()
    assert await second == b"1"
    assert source.asked == 1


async def test_what_was_built_while_something_changed_is_not_kept(source: Source, freshness: Freshness) -> None:
    source.gate.clear()
    old = asyncio.create_task(freshness.get("a", source.build))
    await asyncio.sleep(0.01)
    source.version = 2
    new = asyncio.create_task(freshness.get("a", source.build))
    await asyncio.sleep(0.01)
    source.gate.set()
    assert (await old, await new) == (b"1", b"2")
    assert await freshness.get("a", source.build) == b"2"
    assert source.asked == 2


async def test_an_error_is_told_to_all_who_wait_and_not_kept(source: Source, freshness: Freshness) -> None:
    async def fail() -> bytes:
        source.asked += 1
        await asyncio.sleep(0.01)
        raise LookupError("gone")

    answers = await asyncio.gather(*(freshness.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [LookupError] * 3
    assert source.asked == 1
    assert await freshness.get("a", source.build) == b"1"


async def test_the_bytes_kept_are_bounded_and_the_oldest_go_first() -> None:
    freshness = Freshness(lambda: 1, max_bytes=100_000)

    async def large() -> bytes:
        return b"x" * 9_500

    for number in range(50):
        await freshness.get(number, large)
        assert freshness.size_bytes <= 100_000
    assert freshness.size_bytes == 100_000

    async def huge() -> bytes:
        return b"x" * 90_000

    await freshness.get("huge", huge)
    assert freshness.size_bytes == 100_000


async def test_a_commit_of_another_process_is_noticed(settings: Settings) -> None:
    """Another database object is another process as far as SQLite can tell."""
    ours, theirs = Database(settings), Database(settings)
    await ours.open()
    await theirs.open()
    built: list[int] = []

    async def build() -> bytes:
        built.append(1)
        return b""

    freshness = Freshness(ours.data_version, max_bytes=10_000)
    await freshness.get("a", build)
    await freshness.get("a", build)
    async with theirs.write() as session:
        await store(session, "shop.name", "Changed elsewhere")
    await freshness.get("a", build)
    assert len(built) == 2
    await theirs.close()
    await ours.close()


async def test_nothing_is_kept_over_a_reopening(settings: Settings) -> None:
    """After a restore the path holds another file, whose versions SQLite counts from the start again."""
    database = Database(settings)
    seen: set[int] = set()
    for _ in range(3):
        await database.open()
        seen.add(database.data_version())
        await database.close()
    assert len(seen) == 3
