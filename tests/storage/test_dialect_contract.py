"""What the dialect leans on in aiosqlite, SQLAlchemy and sqlcipher3. A release that changes it fails here first."""

from __future__ import annotations

import inspect
import logging
from datetime import UTC, datetime
from typing import Any, cast

import aiosqlite
import pytest
from advanced_alchemy.exceptions import DuplicateKeyError, IntegrityError
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import exc, select, text
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection, AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.engine.interfaces import CacheStats
from sqlcipher3 import dbapi2

from berrypod.storage.adapter import Connection, OneHopCursor, StreamingCursor
from berrypod.storage.database import Database
from berrypod.storage.models import NewsletterSubscriber, Setting


def a_setting(key: str = "shop.name", value: object = "Plum & Sons") -> Setting:
    return Setting(key=key, value=value, updated_at=datetime.now(UTC))


class TestWhatIsPrivateThere:
    def test_aiosqlite_has_what_we_touch(self) -> None:
        connection: Any = aiosqlite.Connection(cast("Any", None), iter_chunk_size=1)
        for name in ("_thread", "_connection", "_tx", "_execute"):
            assert hasattr(connection, name), name
        assert isinstance(inspect.getattr_static(aiosqlite.Connection, "_conn"), property)
        assert connection._thread.daemon is False, "daemon already: our own setting is no longer needed"

    def test_sqlalchemy_calls_what_we_override(self) -> None:
        expected = {
            AsyncAdapt_dbapi_cursor: ["_execute_async", "_executemany_async", "_async_soft_close", "close"],
            AsyncAdapt_dbapi_connection: ["commit", "rollback", "cursor"],
            AsyncAdapt_aiosqlite_connection: ["_cursor_cls", "_ss_cursor_cls", "_terminate_graceful_close"],
            AsyncAdapt_aiosqlite_dbapi: ["_init_dbapi_attributes", "connect"],
            SQLiteDialect_aiosqlite: ["import_dbapi", "do_begin", "is_disconnect"],
        }
        for parent, names in expected.items():
            for name in names:
                assert hasattr(parent, name), f"{parent.__name__}.{name}"

    def test_the_cursors_slots_are_the_ones_we_fill(self) -> None:
        """`OneHopCursor` does not call its parent's constructor: a new slot there would stay empty."""
        assert set(AsyncAdapt_dbapi_cursor.__slots__) == {
            "_adapt_connection",
            "_connection",
            "_cursor",
            "_rows",
            "_soft_closed_memoized",
        }

    async def test_our_classes_are_in_use(self, database: Database) -> None:
        async with database.read() as session:
            fairy = await (await session.connection()).get_raw_connection()
            assert type(fairy.dbapi_connection) is Connection
            assert isinstance(fairy.driver_connection, aiosqlite.Connection)
            assert type(fairy.dbapi_connection.cursor()) is OneHopCursor


class TestErrors:
    async def test_a_conflict_arrives_as_sqlalchemys_with_the_drivers_in_it(self, either_database: Database) -> None:
        with pytest.raises(exc.IntegrityError) as caught:
            async with either_database.write() as session:
                session.add_all([a_setting(), a_setting()])
        assert isinstance(caught.value.orig, dbapi2.IntegrityError)
        assert caught.value.orig.sqlite_errorcode & 0xFF == 19

    async def test_advanced_alchemy_makes_its_conflict_of_it(self, database: Database) -> None:
        class Subscribers(SQLAlchemyAsyncRepository[NewsletterSubscriber]):
            model_type = NewsletterSubscriber

        def subscriber() -> NewsletterSubscriber:
            return NewsletterSubscriber(email="ada@example.org", token="t", subscribed_at=datetime.now(UTC))

        with pytest.raises((DuplicateKeyError, IntegrityError)) as caught:
            async with database.write() as session:
                repository = Subscribers(session=session)
                await repository.add(subscriber())
                await repository.add(subscriber())
        assert isinstance(caught.value, DuplicateKeyError)

    async def test_a_mistake_in_sql_stays_what_it_is(self, either_database: Database) -> None:
        """Not a StorageError: nothing is wrong with the file, and an admin could do nothing about it."""
        with pytest.raises(exc.OperationalError, match="no such table"):
            async with either_database.read() as session:
                await session.execute(text("SELECT * FROM nowhere"))

    async def test_customers_data_is_not_in_an_errors_text(self, database: Database) -> None:
        with pytest.raises(exc.IntegrityError) as caught:
            async with database.write() as session:
                session.add(a_setting(value="ada@example.org"))
                await session.flush()
                await session.execute(
                    text("INSERT INTO settings VALUES (:key, :value, 'now')"),
                    {"key": "shop.name", "value": "ada@example.org"},
                )
        assert "ada@example.org" not in str(caught.value)


class TestStatements:
    async def test_statements_are_compiled_once(self, database: Database) -> None:
        async def load() -> CacheStats:
            async with database.read() as session:
                connection = await session.connection()
                result = await connection.execute(select(Setting.key).where(Setting.key == "x"))
                return result.context.cache_hit

        await load()
        assert await load() is CacheStats.CACHE_HIT

    async def test_many_rows_in_one_statement(self, database: Database) -> None:
        async with database.write() as session:
            session.add_all([a_setting(f"key.{number}") for number in range(500)])
        assert await database.fetch(lambda driver: driver.execute("SELECT count(*) FROM settings").fetchone()) == (500,)

    async def test_json_times_and_unicode_come_back_as_they_went(self, either_database: Database) -> None:
        value = {"name": "Früchte 🫐", "sizes": [1, 2.5, None, True]}
        now = datetime.now(UTC)
        async with either_database.write() as session:
            session.add(Setting(key="k", value=value, updated_at=now))
        async with either_database.read() as session:
            setting = await session.get_one(Setting, "k")
        assert (setting.value, setting.updated_at) == (value, now)

    async def test_a_savepoint_undoes_its_part_alone(self, database: Database) -> None:
        async with database.write() as session:
            session.add(a_setting("kept"))
            await session.flush()
            with pytest.raises(exc.IntegrityError):
                async with session.begin_nested():
                    session.add(a_setting("lost"))
                    await session.flush()
                    await session.execute(text("INSERT INTO settings VALUES ('kept', '1', 'now')"))
        async with database.read() as session:
            assert (await session.scalars(select(Setting.key))).all() == ["kept"]

    async def test_streaming_holds_a_batch_and_not_the_whole(self, database: Database) -> None:
        async with database.write() as session:
            session.add_all([a_setting(f"key.{number:04}") for number in range(1000)])
        async with database.read() as session:
            connection = await session.connection()
            result = await connection.stream(select(Setting.key).order_by(Setting.key).execution_options(yield_per=50))
            real: Any = result._real_result
            assert type(real.context.cursor) is StreamingCursor
            keys = [key async for (key,) in result]
        assert keys == [f"key.{number:04}" for number in range(1000)]


class TestHops:
    """A hop to the connection's thread is what a query costs: 60 to 85 microseconds, and encryption five."""

    @pytest.fixture
    def hops(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        waited: list[str] = []
        original = aiosqlite.Connection._execute

        async def count(self: aiosqlite.Connection, function: Any, *args: Any, **kwargs: Any) -> Any:
            waited.append(getattr(function, "__name__", "?"))
            return await original(self, function, *args, **kwargs)

        monkeypatch.setattr(aiosqlite.Connection, "_execute", count)
        return waited

    async def test_a_read_is_one_hop_a_statement_begin_and_end_included(
        self, database: Database, hops: list[str]
    ) -> None:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))  # The first one opens the connection.
        hops.clear()
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
            await session.execute(text("SELECT 2"))
        assert hops == ["_visit", "_visit"]

    async def test_a_write_waits_for_its_commit(self, database: Database, hops: list[str]) -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
        hops.clear()
        async with database.write() as session:
            session.add(a_setting())
        assert hops == ["_visit", "commit"]

    async def test_a_session_that_asks_nothing_costs_nothing(self, database: Database, hops: list[str]) -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
        hops.clear()
        async with database.write(), database.read():
            pass
        assert hops == []


class TestLogs:
    async def test_debug_logs_show_neither_key_nor_customers(
        self, encrypted_database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        """aiosqlite logs each call with its arguments. (Keys: see test_keys.)"""
        caplog.set_level(logging.DEBUG)
        async with encrypted_database.write() as session:
            session.add(a_setting(value="ada@example.org"))
        async with encrypted_database.read() as session:
            await session.execute(text("SELECT * FROM settings WHERE value = :v"), {"v": "ada@example.org"})
        assert "aiosqlite" in {record.name for record in caplog.records}
        assert "ada@example.org" not in caplog.text
