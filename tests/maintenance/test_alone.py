"""Having the file alone: what waits, what goes on afterwards, and what happens when it cannot be had."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.errors import DatabaseBusy, DatabaseClosed, DatabaseLocked
from berrypod.maintenance import Maintenance
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.gate import Gate
from berrypod.storage.swap import Swap
from berrypod.storage.swap_outcomes import outcomes
from tests.maintenance.conftest import mark_of
from tests.storage.making import a_setting, keys_of, put, run_endlessly
from tests.storage.processes import running

OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from berrypod.maintenance import Maintenance
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database

async def main():
    database = Database(Settings(environment="test", database_path=Path(sys.argv[1])))
    await database.open()
    maintenance = Maintenance(database)
    async with maintenance.watching():
        print("open", flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            keys = await database.fetch(lambda driver: [key for (key,) in driver.execute("SELECT key FROM settings")])
            print(*keys, flush=True)
    await database.close()

asyncio.run(main())
"""

HOLDS_ON = """
import sys
from pathlib import Path
from berrypod.storage.gate import Gate
Gate(Path(sys.argv[1])).enter()
print("inside", flush=True)
sys.stdin.readline()
"""

OPENS_IT = """
import sys
from sqlcipher3 import dbapi2
connection = dbapi2.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM settings").fetchone()
print("open", flush=True)
sys.stdin.readline()
"""


async def test_the_shop_runs_on_the_new_file_and_the_former_lives_on(
    maintenance: Maintenance, database: Database, plan: Swap
) -> None:
    await put(database, "shop.name", "the former one")

    async with maintenance.alone("restore") as alone:
        await alone.replace(plan)

    assert await database.fetch(keys_of) == ["mark"]
    await put(database, "later")
    assert await database.fetch(keys_of) == ["mark", "later"]
    assert not plan.staged.exists()
    assert mark_of(plan.former) is None
    assert [(each.result, each.interrupted, each.former) for each in outcomes(database.path)] == [
        ("replaced", False, "shop-1.db")
    ]


async def test_writes_and_reads_wait_and_go_to_the_new_file(
    maintenance: Maintenance, database: Database, plan: Swap
) -> None:
    async with maintenance.alone("restore") as alone:
        waiting = [asyncio.create_task(put(database, f"waited-{number}")) for number in range(3)]
        reading = asyncio.create_task(database.fetch(keys_of))
        counting = asyncio.create_task(database.run_in_thread(keys_of))
        await alone.replace(plan)
        assert not any(task.done() for task in (*waiting, reading, counting))

    await asyncio.gather(*waiting)
    assert "mark" in await reading
    assert "mark" in await counting
    assert await database.fetch(keys_of) == ["mark", "waited-0", "waited-1", "waited-2"]


async def test_a_session_that_is_open_ends_in_the_former_file(
    maintenance: Maintenance, database: Database, plan: Swap
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def write_slowly() -> None:
        async with database.write() as session:
            session.add(a_setting("slow"))
            await session.flush()
            begun.set()
            await go_on.wait()

    writing = asyncio.create_task(write_slowly())
    await begun.wait()

    async def restore() -> None:
        async with maintenance.alone("restore") as alone:
            assert writing.done()
            await alone.replace(plan)

    restoring = asyncio.create_task(restore())
    queued = asyncio.create_task(put(database, "queued"))
    while maintenance.stage.state == "open":
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(writing, restoring, queued)

    assert await database.fetch(keys_of) in (["mark", "queued"], ["mark"])
    assert keys_in(plan.former)[0] == "slow"
    # Wherever its turn came, it is in one of the two, and in one alone.
    everything = [*keys_in(plan.former), *await database.fetch(keys_of)]
    assert everything.count("queued") == 1


def keys_in(path: Path) -> list[str]:
    connection = open_connection(path, None, read_only=True)
    try:
        return keys_of(connection)
    finally:
        connection.close()


async def test_a_long_job_is_ended_and_told(maintenance: Maintenance, database: Database, plan: Swap) -> None:
    job = asyncio.create_task(database.run_in_thread(run_endlessly))
    await asyncio.sleep(0)

    async with maintenance.alone("restore") as alone:
        await alone.replace(plan)

    with pytest.raises(DatabaseClosed, match="replaced"):
        await job


async def test_what_uses_the_file_by_other_means_is_stopped(maintenance: Maintenance, database: Database) -> None:
    stopped: list[str] = []
    with database.interruptible(lambda: stopped.append("now")):
        async with maintenance.alone("restore"):
            assert stopped == ["now"]
    async with maintenance.alone("restore"):
        assert stopped == ["now"], "it has ended: nobody stops it again"


async def test_other_processes_leave_and_come_back(
    maintenance: Maintenance, database: Database, plan: Swap, settings: Settings
) -> None:
    await put(database, "former")
    with running(OTHER_PROCESS, settings.database_path) as other:
        assert other.stdin
        assert other.stdout

        async with maintenance.alone("restore") as alone:
            await alone.replace(plan)

        other.stdin.write("what is there?\n")
        other.stdin.flush()
        assert await asyncio.to_thread(other.stdout.readline) == "mark\n"


async def test_a_process_that_does_not_leave_stops_it_and_nothing_has_changed(
    maintenance: Maintenance, database: Database, plan: Swap, settings: Settings
) -> None:
    await put(database, "former")
    with running(HOLDS_ON, settings.database_path):
        with pytest.raises(DatabaseLocked, match="did not close it within"):
            async with maintenance.alone("restore", timeout=0.2) as alone:
                await alone.replace(plan)
        assert maintenance.stage.state == "open"
        assert await database.fetch(keys_of) == ["former"]
        await put(database, "sold")
    assert plan.staged.exists()
    assert outcomes(database.path) == []


async def test_a_session_that_does_not_end_stops_it_and_nothing_has_changed(
    maintenance: Maintenance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berrypod.maintenance._SESSIONS_SECONDS", 0.1)
    async with database.read():
        with pytest.raises(DatabaseBusy):
            async with maintenance.alone("restore"):
                raise AssertionError("the file is in use")
    assert maintenance.stage.state == "open"
    await put(database, "sold")


async def test_two_at_the_same_time_in_two_processes_one_is_told(maintenance: Maintenance, database: Database) -> None:
    other = Gate(database.path)
    with other.announce("restore"), pytest.raises(DatabaseLocked, match="at it already"):
        async with maintenance.alone("undo"):
            raise AssertionError("another has announced")
    # It had closed for the other one, and is there again.
    while maintenance.stage.state != "open":
        await asyncio.sleep(0.001)
    await put(database, "sold")


async def test_a_block_that_fails_leaves_the_shop_open(maintenance: Maintenance, database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with maintenance.alone("restore"):
            raise ZeroDivisionError
    assert maintenance.stage.state == "open"
    await put(database, "sold")


async def test_whoever_is_cancelled_while_waiting_holds_nothing(
    maintenance: Maintenance, database: Database, settings: Settings
) -> None:
    async def wait_for_it() -> None:
        async with maintenance.alone("restore", timeout=2):
            raise AssertionError("somebody is inside")

    with running(HOLDS_ON, settings.database_path):
        waiting = asyncio.create_task(wait_for_it())
        while (maintenance.stage.state != "closing" or database.is_open) and not waiting.done():
            await asyncio.sleep(0.001)
        waiting.cancel()
        with pytest.raises((asyncio.CancelledError, DatabaseLocked)):
            await waiting
        await put(database, "sold")
    async with maintenance.alone("restore"):
        """Nothing was left locked."""
    assert database.gate.announced() is None


async def test_it_works_for_a_database_that_is_not_open(settings: Settings, plan: Swap) -> None:
    database = Database(settings)
    maintenance = Maintenance(database)

    async with maintenance.alone("restore") as alone:
        await alone.replace(plan)

    assert not database.is_open
    assert mark_of(settings.database_path) == "the new one"


async def test_it_works_for_a_database_that_cannot_be_opened(settings: Settings, plan: Swap) -> None:
    settings.database_path.write_bytes(b"not a database " * 1000)
    looked: list[object] = []
    maintenance = Maintenance(Database(settings))

    async with maintenance.alone("restore") as alone:
        await alone.replace(replaced(plan, look=looked.append))

    assert looked == [None]
    assert mark_of(settings.database_path) == "the new one"
    assert plan.former.read_bytes().startswith(b"not a database"), "kept as it was: it may be worth something"


def replaced(plan: Swap, **changes: object) -> Swap:
    return replace(plan, **changes)  # pyright: ignore[reportArgumentType]


async def test_a_file_that_cannot_be_opened_again_is_tried_until_it_can(
    maintenance: Maintenance, database: Database
) -> None:
    whole = database.path.read_bytes()
    async with maintenance.alone("restore"):
        database.path.write_bytes(b"")
    assert maintenance.stage.state == "unavailable"
    assert maintenance.stage.error is not None
    assert maintenance.stage.error.code == "database_empty"
    with pytest.raises(DatabaseClosed):
        await database.fetch(keys_of)

    database.path.write_bytes(whole)
    while not database.is_open:
        await asyncio.sleep(0.01)
    await put(database, "sold")


async def test_a_program_that_knows_nothing_of_the_gate_stops_it(
    maintenance: Maintenance, database: Database, plan: Swap, settings: Settings
) -> None:
    """DB Browser, say: it would go on writing to the file that was replaced."""
    await put(database, "former")
    with running(OPENS_IT, settings.database_path):
        with pytest.raises(DatabaseLocked, match="Another program") as caught:
            async with maintenance.alone("restore") as alone:
                await alone.replace(plan)
        assert "DB Browser" in caught.value.hint
        assert await database.fetch(keys_of) == ["former"]
    async with maintenance.alone("restore") as alone:
        await alone.replace(plan)
    assert await database.fetch(keys_of) == ["mark"], "the plan is as good as before"
