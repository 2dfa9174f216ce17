"""`Database.run_in_thread`: long jobs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest
from sqlcipher3 import dbapi2

from berrypod.errors import StorageError
from berrypod.storage.database import Database
from berrypod.storage.driver import known_defects
from tests.storage.making import keys_of, put, run_endlessly


async def test_a_job_has_a_connection_of_its_own(either_database: Database) -> None:
    seen: list[dbapi2.Connection] = []

    def look(driver: dbapi2.Connection) -> list[str]:
        seen.append(driver)
        assert not driver.in_transaction
        return keys_of(driver)

    await put(either_database, "a")
    assert await either_database.run_in_thread(look) == ["a"]
    assert await either_database.run_in_thread(look) == ["a"]
    assert seen[0] is not seen[1]
    for driver in seen:
        with pytest.raises(dbapi2.ProgrammingError, match="closed"):
            driver.execute("SELECT 1")


async def test_it_writes_only_if_it_says_so(database: Database) -> None:
    def write(driver: dbapi2.Connection) -> None:
        driver.execute("INSERT INTO settings VALUES ('a', '1', '2026-01-01')")

    with pytest.raises(dbapi2.OperationalError, match="readonly"):
        await database.run_in_thread(write)
    await database.run_in_thread(write, read_only=False)
    assert await database.fetch(keys_of) == ["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is that of the whole process")
async def test_customers_come_first(database: Database) -> None:
    """What reads a whole file would take both cores of a small machine."""
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    theirs = await database.run_in_thread(lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert theirs > ours
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


async def test_what_it_raises_arrives(database: Database) -> None:
    def fail(_: dbapi2.Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.run_in_thread(fail)


@pytest.mark.skipif(
    any(defect.code == "wal_deadlock" for defect in known_defects()),
    reason="threads that open and close databases at a time can freeze this SQLite (3.51.0 and 3.51.1) for ever",
)
async def test_many_run_at_a_time_and_hold_up_nothing(database: Database) -> None:
    """asyncio's own threads are few, and passwords are hashed there."""
    release = threading.Event()
    jobs = [asyncio.create_task(database.run_in_thread(lambda _: release.wait(60))) for _ in range(40)]
    async with asyncio.timeout(30):
        await put(database, "a")
        assert await database.fetch(keys_of) == ["a"]
        assert await asyncio.to_thread(lambda: 1) == 1
    release.set()
    assert all(await asyncio.gather(*jobs))


async def test_a_cancelled_job_has_ended_when_the_caller_learns_it(database: Database) -> None:
    """What it wrote to can be removed then."""
    ended = threading.Event()

    def work(driver: dbapi2.Connection) -> None:
        try:
            run_endlessly(driver)
        finally:
            ended.set()

    task = asyncio.create_task(database.run_in_thread(work))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_cancelled_job_ends_also_between_two_statements(database: Database) -> None:
    """An interrupt from outside is lost there."""
    between, go_on = threading.Event(), threading.Event()

    def work(driver: dbapi2.Connection) -> None:
        between.set()
        go_on.wait(30)
        run_endlessly(driver)

    task = asyncio.create_task(database.run_in_thread(work))
    await asyncio.to_thread(between.wait, 30)
    task.cancel()
    await asyncio.sleep(0.02)
    go_on.set()
    done, _ = await asyncio.wait([task], timeout=30)
    assert done, "the query runs on"
    assert task.cancelled()


async def test_vacuum_into_is_interrupted_too(encrypted_database: Database) -> None:
    target = encrypted_database.work_folder("backup") / "copy.db"

    def fill(driver: dbapi2.Connection) -> None:
        driver.execute("CREATE TABLE ballast (data BLOB)")
        driver.execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000)"
            " INSERT INTO ballast SELECT randomblob(100) FROM c"
        )

    await encrypted_database.run_in_thread(fill, read_only=False)
    started = threading.Event()

    def copy(driver: dbapi2.Connection) -> None:
        started.set()
        driver.execute("VACUUM INTO ?", (str(target),))

    task = asyncio.create_task(encrypted_database.run_in_thread(copy, read_only=False))
    await asyncio.to_thread(started.wait, 30)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not target.exists() or target.stat().st_size < encrypted_database.path.stat().st_size


async def test_closing_ends_the_jobs_and_tells_them(database: Database) -> None:
    task = asyncio.create_task(database.run_in_thread(run_endlessly))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        await database.close()
        with pytest.raises(StorageError, match="closed or replaced while"):
            await task
    assert not database.gate.held
