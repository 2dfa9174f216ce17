"""Several who write: in turn, without losing anything, and with an answer when the turn does not come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseBusy
from berrypod.storage import connection, sessions
from berrypod.storage.database import Database
from berrypod.storage.models import Setting
from tests.storage.making import a_setting, keys_of, put
from tests.storage.processes import python, running


async def test_writers_are_served_in_the_order_they_came(database: Database) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.write():
            order.append(number)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert order == list(range(20))


async def test_one_that_writes_in_a_loop_lets_others_in(database: Database) -> None:
    """SQLAlchemy's pool would give the connection back to the loop each time, as it asks at the right moment."""
    order: list[str] = []

    async def write(name: str, times: int) -> None:
        for _ in range(times):
            async with database.write():
                order.append(name)
                await asyncio.sleep(0)

    await asyncio.gather(write("loop", 50), write("order", 1))
    assert order.index("order") <= 1


async def test_a_turn_that_does_not_come_is_an_answer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_TURN_SECONDS", 0.05)
    async with database.write():
        waiting = asyncio.create_task(put(database, "late"))
        with pytest.raises(DatabaseBusy) as caught:
            await waiting
    assert caught.value.status == 503
    assert caught.value.hint
    await put(database, "after")
    assert await database.fetch(keys_of) == ["after"]


async def test_writing_within_writing_is_refused_at_once(database: Database) -> None:
    """It would wait for itself until the time is out."""
    async with database.write():
        with pytest.raises(RuntimeError, match="within"):
            async with database.write():
                pass
    await put(database, "after")


HOLD = """
import sys
from pathlib import Path
from berrypod.storage.connection import open_connection
held = open_connection(Path(sys.argv[1]), None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
held.execute("INSERT INTO settings VALUES ('other process', '1', '2026-01-01')")
held.execute("COMMIT")
print("done", flush=True)
sys.stdin.readline()
"""


async def test_another_processs_write_is_waited_for(database: Database) -> None:
    with running(HOLD, database.path) as other:
        assert other.stdin is not None
        writing = asyncio.create_task(put(database, "ours"))
        await asyncio.sleep(0.1)
        assert not writing.done()
        assert await database.fetch(keys_of) == [], "readers do not wait for it"
        other.stdin.write("\n")
        other.stdin.flush()
        await writing
    assert await database.fetch(keys_of) == ["other process", "ours"]


async def test_another_process_that_does_not_let_go_is_an_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = connection.dbapi2.connect

    def impatient(*arguments: Any, **keywords: Any) -> dbapi2.Connection:
        return original(*arguments, **{**keywords, "timeout": 0.1})

    monkeypatch.setattr(connection.dbapi2, "connect", impatient)
    with running(HOLD, database.path), pytest.raises(DatabaseBusy):
        await put(database, "ours")
    await put(database, "after")
    assert await database.fetch(keys_of) == ["after"]


COUNT_UP = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from berrypod.settings import Settings
from berrypod.storage.database import Database

async def main():
    database = Database(Settings(environment="test", database_path=Path(sys.argv[1])))
    await database.open()
    for _ in range(int(sys.argv[2])):
        async with database.write() as session:
            value = await session.scalar(text("SELECT value FROM settings WHERE key = 'count'"))
            await session.execute(text("UPDATE settings SET value = :v WHERE key = 'count'"), {"v": int(value) + 1})
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_lose_no_write(database: Database) -> None:
    """Each reads a number and writes the next one: any write between the two would be lost."""
    async with database.write() as session:
        session.add(a_setting("count", 0))
    other = asyncio.create_task(asyncio.to_thread(python, COUNT_UP, database.path, 100))
    for _ in range(100):
        async with database.write() as session:
            setting = await session.get_one(Setting, "count")
            setting.value += 1
    await other
    value = await database.fetch(lambda driver: driver.execute("SELECT value FROM settings").fetchone()[0])
    assert int(value) == 200
