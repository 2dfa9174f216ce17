"""A caller that goes away: its query ends, its transaction too, and nobody after it notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlcipher3 import dbapi2

from berrypod.storage.database import Database
from tests.storage.making import ENDLESS, a_setting, counting_to, keys_of, put, run_endlessly

# An endless query takes minutes; whoever waits for less than this did not wait for its end.
SOON = 30.0


async def read_endlessly(database: Database) -> None:
    async with database.read() as session:
        await session.execute(text(ENDLESS))


async def write_endlessly(database: Database) -> None:
    async with database.write() as session:
        session.add(a_setting("never"))
        await session.flush()
        await session.execute(text(ENDLESS))


async def stream_endlessly(database: Database) -> None:
    async with database.read() as session:
        result = await session.stream(text(ENDLESS))
        await result.all()


async def fetch_endlessly(database: Database) -> None:
    await database.fetch(run_endlessly)


async def work_endlessly(database: Database) -> None:
    await database.run_in_thread(run_endlessly)


@pytest.mark.parametrize(
    "use",
    [read_endlessly, write_endlessly, stream_endlessly, fetch_endlessly, work_endlessly],
    ids=lambda use: use.__name__,
)
@pytest.mark.parametrize("after", [0.0, 0.1], ids=["at once", "while it runs"])
async def test_a_cancelled_query_ends_and_everything_works_on(
    database: Database, use: Callable[[Database], Awaitable[None]], after: float
) -> None:
    """At once: the thread has not begun yet, and an interrupt would find nothing to interrupt."""
    await put(database, "before")
    started = time.monotonic()
    task = asyncio.ensure_future(use(database))
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(SOON):
        await put(database, "after")
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
        for _ in range(4):  # Both threads of the hot reads.
            assert await asyncio.gather(*(database.fetch(keys_of) for _ in range(4))) == [["before", "after"]] * 4
        await database.run_in_thread(_begin_and_end, read_only=False)
        await database.close()
    assert time.monotonic() - started < SOON


def _begin_and_end(driver: dbapi2.Connection) -> None:
    driver.execute("PRAGMA busy_timeout = 0")
    driver.execute("BEGIN IMMEDIATE")
    driver.execute("ROLLBACK")


async def test_many_cancellations_at_any_moment_poison_nothing(database: Database) -> None:
    """Each at another instant: before BEGIN, within a statement, within COMMIT, while waiting for the turn."""

    async def write(number: int) -> None:
        async with database.write() as session:
            session.add(a_setting(f"key.{number}"))
            await session.flush()
            await session.execute(text("SELECT count(*) FROM settings"))

    committed = 0
    for number in range(60):
        task = asyncio.create_task(write(number))
        await asyncio.sleep(number * 0.0001)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            continue
        committed += 1
    found = await database.fetch(keys_of)
    assert len(found) >= committed, "an acknowledged write is not there"
    async with asyncio.timeout(SOON):
        await put(database, "after")
        await database.run_in_thread(_begin_and_end, read_only=False)


async def test_a_caller_cancelled_in_its_own_code_rolls_back(database: Database) -> None:
    async def wait_inside() -> None:
        async with database.write() as session:
            session.add(a_setting("never"))
            await session.flush()
            await asyncio.sleep(60)

    task = asyncio.create_task(wait_inside())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(database, "after")
    assert await database.fetch(keys_of) == ["after"]


async def test_one_abandoned_read_does_not_end_its_neighbours(database: Database) -> None:
    """An interrupt that comes late would hit the next customer's query on the same connection."""
    await put(database, "a")

    def quick(driver: dbapi2.Connection) -> int:
        return driver.execute(counting_to(20_000)).fetchone()[0]

    async def impatient(delay: float) -> None:
        task = asyncio.create_task(database.fetch(quick))
        await asyncio.sleep(delay)
        task.cancel()
        with suppress(asyncio.CancelledError):  # On a busy machine it may have been answered before.
            await task

    patient = [database.fetch(quick) for _ in range(40)]
    results = await asyncio.gather(*patient, *(impatient(number * 0.0002) for number in range(40)))
    assert results[:40] == [20_000] * 40
