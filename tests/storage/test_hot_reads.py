"""`Database.fetch` and `data_version`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseDamaged, StorageError
from berrypod.settings import Settings
from berrypod.storage import open_file
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.models import Setting
from tests.storage.making import a_setting, keys_of, put
from tests.storage.processes import python, running


async def test_a_job_is_one_transaction(database: Database) -> None:
    """All its queries see one state, also if somebody commits between them."""
    between, committed = threading.Event(), threading.Event()

    def look_twice(driver: dbapi2.Connection) -> tuple[list[str], list[str]]:
        first = keys_of(driver)
        between.set()
        committed.wait(30)
        return first, keys_of(driver)

    await put(database, "before")
    looking = asyncio.create_task(database.fetch(look_twice))
    await asyncio.to_thread(between.wait, 30)
    await put(database, "meanwhile")
    committed.set()
    assert await looking == (["before"], ["before"])
    assert await database.fetch(keys_of) == ["before", "meanwhile"]


async def test_what_a_job_raises_arrives(database: Database) -> None:
    def fail(_: dbapi2.Connection) -> None:
        raise ZeroDivisionError("of the job's own")

    with pytest.raises(ZeroDivisionError, match="own"):
        await database.fetch(fail)
    with pytest.raises(dbapi2.OperationalError, match="no such table"):
        await database.fetch(lambda driver: driver.execute("SELECT * FROM nowhere"))
    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.fetch(_raise_stop_iteration)
    assert await database.fetch(keys_of) == []


def _raise_stop_iteration(_: dbapi2.Connection) -> object:
    return next(iter([]))


async def test_a_cursor_that_a_job_leaves_behind_holds_no_old_state(database: Database) -> None:
    """An unfinished SELECT keeps its read mark: the log would grow, and the thread would see yesterday's shop."""
    for number in range(10):
        await put(database, f"key.{number}")
    left = [await database.fetch(_first_of_many) for _ in range(4)]
    await put(database, "later")
    for _ in range(4):
        assert "later" in await database.fetch(keys_of)
    await database.run_in_thread(_checkpoint_everything, read_only=False)
    del left


def _first_of_many(driver: dbapi2.Connection) -> object:
    cursor = driver.execute("SELECT key FROM settings")
    cursor.fetchone()
    return cursor


def _checkpoint_everything(driver: dbapi2.Connection) -> None:
    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    assert not busy, "somebody still reads an old state"


async def test_a_slow_job_does_not_keep_the_others_waiting(database: Database) -> None:
    release = threading.Event()
    slow = asyncio.create_task(database.fetch(lambda _: release.wait(60)))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(30):
        assert await database.fetch(keys_of) == []
    release.set()
    assert await slow


async def test_closing_waits_for_the_jobs_that_were_handed_in(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    release = threading.Event()
    jobs = [asyncio.create_task(database.fetch(lambda driver: release.wait(60) and keys_of(driver))) for _ in range(6)]
    await asyncio.sleep(0.02)
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    release.set()
    assert await asyncio.gather(*jobs) == [[]] * 6
    await closing
    with pytest.raises(StorageError, match="not open"):
        await database.fetch(keys_of)


@pytest.fixture
def read_connections(monkeypatch: pytest.MonkeyPatch) -> list[dbapi2.Connection]:
    """Those that `Database` opened for reading, in order."""
    opened: list[dbapi2.Connection] = []

    def remember(*arguments: Any, **keywords: Any) -> dbapi2.Connection:
        connection = open_connection(*arguments, **keywords)
        if keywords["read_only"]:
            opened.append(connection)
        return connection

    monkeypatch.setattr(open_file, "open_connection", remember)
    return opened


@pytest.mark.parametrize("code", [11, 26], ids=["malformed", "not a database"])
async def test_a_connection_that_met_a_damaged_page_is_thrown_away(
    settings: Settings, read_connections: list[dbapi2.Connection], code: int
) -> None:
    """SQLCipher fails good pages too after the first bad one."""

    def meet_damage(_: dbapi2.Connection) -> None:
        error = dbapi2.DatabaseError("file is not what it was")
        error.sqlite_errorcode = code
        raise error

    database = Database(settings)
    await database.open()
    for _ in range(4):
        with pytest.raises(DatabaseDamaged):
            await database.fetch(meet_damage)
    before = len(read_connections)
    assert [await database.fetch(keys_of) for _ in range(4)] == [[]] * 4
    assert len(read_connections) > before
    await database.close()
    for connection in read_connections:
        with pytest.raises(dbapi2.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


class TestDataVersion:
    """For caches: equal numbers mean that nothing was committed between them."""

    async def test_it_stays_while_nothing_is_committed(self, database: Database) -> None:
        version = database.data_version()
        async with database.read() as session:
            await session.get(Setting, "x")
        await database.fetch(keys_of)
        with pytest.raises(ZeroDivisionError):
            async with database.write() as session:
                session.add(a_setting())
                await session.flush()
                raise ZeroDivisionError
        assert database.data_version() == version

    @pytest.mark.parametrize("way", ["session", "job", "other process"])
    async def test_it_differs_after_each_commit_whoever_made_it(self, either_database: Database, way: str) -> None:
        database = either_database
        seen = {database.data_version()}
        for number in range(3):
            await _commit(database, way, number)
            version = database.data_version()
            assert version not in seen
            seen.add(version)

    async def test_a_checkpoint_is_no_change(self, database: Database) -> None:
        await put(database, "a")
        version = database.data_version()
        await database.run_in_thread(_checkpoint_everything, read_only=False)
        assert database.data_version() == version

    async def test_it_differs_after_reopening(self, database: Database) -> None:
        """Another file may be there now, whose own number happens to be the same."""
        version = database.data_version()
        await database.close()
        await database.open()
        assert database.data_version() != version

    async def test_it_may_be_asked_from_several_threads(self, database: Database) -> None:
        answers = await asyncio.gather(
            *(asyncio.to_thread(lambda: [database.data_version() for _ in range(300)]) for _ in range(4))
        )
        assert {version for answer in answers for version in answer} == {database.data_version()}

    async def test_another_process_under_way_does_not_hold_it_up(self, database: Database) -> None:
        code = """
import sys
from pathlib import Path
from berrypod.storage.connection import open_connection
writer = open_connection(Path(sys.argv[1]), None)
writer.execute("BEGIN IMMEDIATE")
writer.execute("INSERT INTO settings VALUES ('x', '1', '2026-01-01')")
print("under way", flush=True)
sys.stdin.readline()
"""
        version = database.data_version()
        with running(code, database.path):
            assert database.data_version() == version


COMMIT = """
import sys
from pathlib import Path
from berrypod.settings import Secret
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
path, number, passphrase = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
writer = open_connection(path, find_key(path, Secret(passphrase) if passphrase else None))
writer.execute("INSERT INTO settings VALUES (?, '1', '2026-01-01')", (number,))
"""


async def _commit(database: Database, way: str, number: int) -> None:
    if way == "session":
        await put(database, str(number))
    elif way == "job":
        insert: Callable[[dbapi2.Connection], object] = lambda driver: driver.execute(  # noqa: E731
            "INSERT INTO settings VALUES (?, '1', '2026-01-01')", (str(number),)
        )
        await database.run_in_thread(insert, read_only=False)
    else:
        passphrase = database.settings.secret_key_db
        await asyncio.to_thread(python, COMMIT, database.path, number, passphrase.reveal() if passphrase else "")
