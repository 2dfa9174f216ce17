"""What a session promises: all or nothing, one state of the shop, and no trace of a failure."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import exc, select, text
from sqlcipher3 import dbapi2

from berrypod.errors import DiskFull, StorageError
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.models import Setting
from tests.storage.making import a_setting, fill, keys_of, leave_dangling, put


async def test_a_block_that_ends_is_saved(either_database: Database) -> None:
    await put(either_database, "a")
    assert await either_database.fetch(keys_of) == ["a"]


async def test_a_block_that_raises_saves_nothing(either_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with either_database.write() as session:
            session.add(a_setting())
            await session.flush()
            raise ZeroDivisionError
    assert await either_database.fetch(keys_of) == []
    await put(either_database, "next")


async def test_a_write_begins_immediate(database: Database) -> None:
    """One that reads first has the write lock already: another process cannot come in between and make it fail."""
    async with database.write() as session:
        await session.execute(select(Setting))
        with pytest.raises(dbapi2.OperationalError, match="locked"):
            await database.run_in_thread(_write_at_once, read_only=False)


def _write_at_once(driver: dbapi2.Connection) -> None:
    driver.execute("PRAGMA busy_timeout = 0")
    driver.execute("BEGIN IMMEDIATE")


async def test_a_read_sees_one_state(database: Database) -> None:
    await put(database, "before")
    async with database.read() as session:
        first = (await session.scalars(select(Setting.key))).all()
        await put(database, "meanwhile")
        assert (await session.scalars(select(Setting.key))).all() == first == ["before"]
    async with database.read() as session:
        assert (await session.scalars(select(Setting.key))).all() == ["before", "meanwhile"]


async def test_a_read_cannot_write(database: Database) -> None:
    """It says so in the driver's words: nothing is wrong with the folder's permissions."""
    with pytest.raises(exc.OperationalError, match="readonly"):
        async with database.read() as session:
            session.add(a_setting())
    with pytest.raises(dbapi2.OperationalError, match="readonly"):
        await database.fetch(lambda driver: driver.execute("DELETE FROM settings"))


async def test_readers_do_not_wait_for_the_writer(either_database: Database) -> None:
    await put(either_database, "committed")
    async with either_database.write() as session:
        session.add(a_setting("not yet"))
        await session.flush()
        async with asyncio.timeout(30), either_database.read() as reader:
            assert (await reader.scalars(select(Setting.key))).all() == ["committed"]
        async with asyncio.timeout(30):
            assert await either_database.fetch(keys_of) == ["committed"]


async def test_a_writer_does_not_wait_for_readers(database: Database) -> None:
    async with database.read() as session:
        await session.execute(select(Setting))
        async with asyncio.timeout(30):
            await put(database, "a")


class TestFailedCommit:
    async def test_a_violation_noticed_at_commit_is_an_error_for_the_caller(self, either_database: Database) -> None:
        with pytest.raises(exc.IntegrityError, match="FOREIGN KEY"):
            async with either_database.write() as session:
                session.add(a_setting("with it"))
                await leave_dangling(session)
        assert await either_database.fetch(keys_of) == []

    async def test_no_transaction_stays_open_and_the_next_write_works(self, either_database: Database) -> None:
        """SQLite keeps the transaction open after such a COMMIT, with the lock: the whole shop would stand still."""
        for _ in range(3):
            with pytest.raises(exc.IntegrityError):
                async with either_database.write() as session:
                    await leave_dangling(session)
            await either_database.run_in_thread(_write_and_undo, read_only=False)
        await put(either_database, "next")
        assert await either_database.fetch(keys_of) == ["next"]

    async def test_a_full_disk_is_told_and_survived(self, small_disk_settings: Settings) -> None:
        database = Database(small_disk_settings)
        await database.open()
        ballast = small_disk_settings.database_path.with_name("ballast")
        await put(database, "before")
        fill(ballast)
        with pytest.raises(DiskFull) as caught:
            await put(database, "too much", "x" * 500_000)
        assert str(small_disk_settings.database_path.parent) in caught.value.message
        assert await database.fetch(keys_of) == ["before"]

        ballast.unlink()
        await put(database, "after")
        assert await database.fetch(keys_of) == ["before", "after"]
        await database.close()

    async def test_a_transaction_that_sqlite_ended_by_itself_is_not_committed(self, database: Database) -> None:
        """Whoever swallows the error and goes on would save the rest, statement by statement, without the beginning."""
        insert = text("INSERT OR ROLLBACK INTO settings VALUES ('a', '1', '2026-01-01')")
        with pytest.raises(exc.OperationalError, match="rolled the transaction back"):
            async with database.write() as session:
                await session.execute(insert)
                with suppress(exc.IntegrityError):
                    await session.execute(insert)
                await session.execute(text("INSERT INTO settings VALUES ('b', '1', '2026-01-01')"))
        with pytest.raises(exc.OperationalError, match="rolled the transaction back"):
            async with database.write() as session:
                await session.execute(insert)
                with suppress(exc.IntegrityError):
                    await session.execute(insert)
        assert await database.fetch(keys_of) == []
        await put(database, "next")


def _write_and_undo(driver: dbapi2.Connection) -> None:
    driver.execute("PRAGMA busy_timeout = 0")
    driver.execute("BEGIN IMMEDIATE")
    driver.execute("ROLLBACK")


class TestOpenAndClose:
    async def test_what_is_not_open_says_so(self, settings: Settings) -> None:
        database = Database(settings)
        for use in (database.write, database.read):
            with pytest.raises(StorageError, match="not open"):
                async with use():
                    pass
        with pytest.raises(StorageError, match="not open"):
            await database.fetch(keys_of)
        with pytest.raises(StorageError, match="not open"):
            database.data_version()

    async def test_opening_and_closing_twice_is_once(self, settings: Settings) -> None:
        database = Database(settings)
        await asyncio.gather(database.open(), database.open())
        await put(database, "a")
        await asyncio.gather(database.close(), database.close())
        assert not database.is_open
        await database.open()
        assert await database.fetch(keys_of) == ["a"]
        await database.close()

    async def test_closing_waits_for_sessions_and_refuses_new_ones(self, database: Database) -> None:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            async with database.write() as session:
                session.add(a_setting("slow"))
                entered.set()
                await leave.wait()

        async def late() -> None:
            await put(database, "late")

        writing = asyncio.create_task(slow())
        await entered.wait()
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(late())
        await asyncio.sleep(0.05)
        assert not closing.done()
        leave.set()
        await asyncio.gather(writing, closing)
        with pytest.raises(StorageError, match="closed"):
            await waiting
        await database.open()
        assert await database.fetch(keys_of) == ["slow"]

    async def test_a_pause_waits_for_those_who_write_and_not_for_those_who_queue(self, database: Database) -> None:
        """Else a backlog of orders, on a slow disk, would be how long a restore keeps the shop closed."""
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            async with database.write() as session:
                session.add(a_setting("slow"))
                entered.set()
                await leave.wait()

        writing = asyncio.create_task(slow())
        await entered.wait()
        queueing = [asyncio.create_task(put(database, key)) for key in "abc"]
        for _ in range(5):  # Nothing keeps them from the queue: they are in it by now.
            await asyncio.sleep(0)
        pausing = asyncio.create_task(database.pause())
        leave.set()
        await asyncio.gather(writing, pausing)
        assert not any(task.done() for task in queueing)
        connection = open_connection(database.path, None)
        assert keys_of(connection) == ["slow"]
        connection.close()
        await database.open()
        await asyncio.gather(*queueing)
        assert await database.fetch(keys_of) == ["slow", "a", "b", "c"]

    async def test_closing_gives_up_on_a_session_that_does_not_end(self, database: Database) -> None:
        """Leaving the gate with connections open would let a restore replace the file under them."""
        async with database.read() as session:
            with pytest.raises(StorageError, match="still open"):
                await database.close(timeout=0.05)
            assert database.gate.held
            await session.execute(select(Setting))
        await put(database, "works as before")

    async def test_the_last_one_folds_the_log_into_the_file(self, encrypted_settings: Settings) -> None:
        database = Database(encrypted_settings)
        await database.open()
        await put(database, "a")
        log = encrypted_settings.database_path.with_name("encrypted.db-wal")
        assert log.stat().st_size > 0
        await database.close()
        assert not log.exists()

    async def test_a_cancelled_open_leaves_nothing_open(self, encrypted_settings: Settings) -> None:
        database = Database(encrypted_settings)
        opening = asyncio.create_task(database.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert not database.is_open
        assert not database.gate.held

    async def test_a_link_leads_to_the_file_and_to_its_gate(self, settings: Settings) -> None:
        link = settings.database_path.with_name("link.db")
        link.symlink_to(settings.database_path)
        database = Database(Settings(environment="test", database_path=link))
        assert database.path == settings.database_path
        assert database.gate.path == settings.database_path.with_name("shop.db-lock")


async def test_a_work_folder_is_private_and_beside_the_database(database: Database) -> None:
    folder = database.work_folder("stats")
    assert folder == database.path.with_name("shop.db-work") / "stats"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    for name in ("", ".", "..", "a/b", "/etc"):
        with pytest.raises(ValueError, match="plain name"):
            database.work_folder(name)


async def test_the_pragmas_are_set_on_every_connection(either_database: Database) -> None:
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "temp_store": 2,
    }

    def look(driver: dbapi2.Connection) -> dict[str, object]:
        return {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in expected}

    assert await either_database.fetch(look) == expected
    assert await either_database.run_in_thread(look) == expected
    for use in (either_database.write, either_database.read):
        async with use() as session:
            assert {name: await session.scalar(text(f"PRAGMA {name}")) for name in expected} == expected
