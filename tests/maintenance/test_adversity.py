"""The gate when the disk, the system or whoever cancels is against it: the door opens again, and nothing stays held."""

from __future__ import annotations

import asyncio
import errno
import threading
from typing import Any

import pytest

from berrypod.errors import DiskFull, FolderNotWritable, StorageError
from berrypod.maintenance import Maintenance
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.storage.gate import Gate
from berrypod.storage.sessions import Sessions
from berrypod.storage.swap import Swap
from tests.maintenance.conftest import mark_of
from tests.storage.making import keys_of, put


async def test_on_a_full_disk_nothing_is_closed(
    maintenance: Maintenance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open file can be read there. A closed one could not be opened again."""
    await put(database, "sold")
    monkeypatch.setattr("berrypod.storage.files.free_bytes", lambda _: 300_000)
    with pytest.raises(DiskFull, match=r"are needed in .*, and 300\.0 kB are free"):
        async with maintenance.alone("restore"):
            raise AssertionError("it was closed")
    assert maintenance.stage.state == "open"
    assert await database.fetch(keys_of) == ["sold"]


async def test_in_a_folder_that_cannot_be_written_nothing_is_closed(
    maintenance: Maintenance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berrypod.storage.diagnosis.os.access", lambda *_: False)
    with pytest.raises(FolderNotWritable):
        async with maintenance.alone("restore"):
            raise AssertionError("it was closed")
    assert maintenance.stage.state == "open"
    assert await database.fetch(keys_of) == []


async def test_a_process_that_could_not_look_once_still_leaves_for_others(
    maintenance: Maintenance, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would keep the file from everybody, for as long as it lives."""
    announced, failed = Gate.announced, asyncio.Event()

    def fail_once(gate: Gate) -> Any:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.EMFILE, "Too many open files")
        return announced(gate)

    monkeypatch.setattr("berrypod.maintenance._RETRY_SECONDS", 0.01)
    monkeypatch.setattr(Gate, "announced", fail_once)
    async with asyncio.timeout(30):
        await failed.wait()
    assert "could not be looked at" in caplog.text
    other = Maintenance(Database(database.settings))
    async with other.alone("restore", timeout=30):
        assert not database.is_open


async def test_a_disk_that_fails_while_the_file_is_opened_again_is_told_and_tried_again(
    maintenance: Maintenance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        async with maintenance.alone("restore"):
            patch.setattr("berrypod.storage.open_file.sweep", fail)
        stage = maintenance.stage
        assert stage.state == "unavailable"
        assert isinstance(stage.error, StorageError)
        assert "does not work" in stage.error.message
    async with asyncio.timeout(30):
        while maintenance.stage.state != "open":
            await asyncio.sleep(0.01)
    await put(database, "sold")


async def test_a_replacement_is_ended_however_often_it_is_cancelled(
    maintenance: Maintenance, database: Database, settings: Settings, plan: Swap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread goes on after a cancellation; the gate must not be let go of before it has ended."""
    begun, go_on, held = threading.Event(), threading.Event(), list[bool]()

    def slowly(point: str) -> None:
        if point == "swap.log_gone":
            begun.set()
            assert go_on.wait(60)
            held.append(Gate(settings.database_path).announced() is not None)

    monkeypatch.setattr("berrypod.storage.faults.on_reach", slowly)

    async def restore() -> None:
        async with maintenance.alone("restore") as alone:
            await alone.replace(plan)

    restoring = asyncio.create_task(restore())
    assert await asyncio.to_thread(begun.wait, 60)
    for _ in range(3):
        restoring.cancel()
        await asyncio.sleep(0.01)
    assert not restoring.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await restoring

    assert held == [True]
    assert maintenance.stage.state == "open"
    assert "mark" in await database.fetch(keys_of)


async def test_a_database_is_closed_whole_even_if_whoever_closes_it_is_cancelled(
    maintenance: Maintenance, database: Database, settings: Settings, plan: Swap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was left open would remove the log of the file that has the name afterwards."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    close = Sessions.close

    async def slowly(sessions: Sessions) -> None:
        begun.set()
        await go_on.wait()
        await close(sessions)

    monkeypatch.setattr(Sessions, "close", slowly)
    pausing = asyncio.create_task(database.pause())
    await begun.wait()
    pausing.cancel()
    await asyncio.sleep(0.01)
    assert not pausing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await pausing

    with Gate(settings.database_path).alone(timeout=0):
        """Nobody is inside."""
    async with maintenance.alone("restore") as alone:
        await alone.replace(plan)
    assert mark_of(settings.database_path) == "the new one"
    await database.open()
