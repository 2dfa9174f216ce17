"""One measurement of an open database, with the time at which it was taken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from berrypod.storage.database import Database
from berrypod_stats import helper
from berrypod_stats.wire import Measured, Question, RawKey


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found, and when. `seconds` is what it cost, `data_version` which state of the file it is of."""

    taken_at: datetime
    seconds: float
    data_version: int
    measured: Measured


async def take(database: Database, *, now: datetime) -> Measurement:
    """Measure the open database now. Takes seconds for a file of gigabytes.

    :raises MeasurementError: the measuring process failed, with the reason.
    :raises StorageError: the database is closed.
    """
    # Before anything is read: what is committed from here on makes the measurement old.
    data_version = database.data_version()
    clock = asyncio.get_running_loop().time
    begun = clock()
    key = database.key
    question = Question(str(database.path), key and RawKey(key.derived.hex(), key.salt.hex()))
    asking = asyncio.create_task(helper.measure(question, timeout_seconds=helper.timeout_for(_size(database))))
    measured = await _unless_closed(database, asking)
    return Measurement(taken_at=now, seconds=clock() - begun, data_version=data_version, measured=measured)


async def _unless_closed(database: Database, asking: asyncio.Task[Measured]) -> Measured:
    """The measuring process holds the gate: it is ended when somebody must have the file alone (a restore)."""
    closed = False

    def stop() -> None:
        nonlocal closed
        closed = True
        asking.cancel()

    with database.interruptible(stop):
        try:
            return await asking
        except asyncio.CancelledError:
            if not closed:
                raise
            raise helper.MeasurementError(
                "the shop's file was being replaced", reason="ended", hint="It is tried again by itself."
            ) from None
        finally:
            asking.cancel()


def _size(database: Database) -> int:
    try:
        return database.path.stat().st_size
    except OSError:
        return 0  # the measuring process finds the words for a file that is gone
