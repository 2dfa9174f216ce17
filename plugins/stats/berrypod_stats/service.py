"""Measuring in the background, answering from memory.

A measurement reads the whole file, and so takes seconds for a big one; whoever looks gets the last one at
once, with the time at which it was taken. A new one is begun when something was committed since and somebody
looks, and now and then when nobody does. Measurements never overlap, and rest for ten times as long as they
took: however big the file and however busy the shop, a tenth of the time at the most is spent on them.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from berrypod.errors import BerrypodError
from berrypod.storage.database import Database
from berrypod_stats.helper import MeasurementError
from berrypod_stats.measurement import Measure, Measurement

logger = logging.getLogger(__name__)

State = Literal["measuring", "current", "stale", "failed"]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds between the end of one measurement and the beginning of the next."""

    least: float = 10.0
    """While somebody looks."""

    unwatched: float = 300.0
    """While nobody does; and at the most after failures."""

    rest_factor: float = 10.0
    """At least so many times as long as the last one took."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What is known at this moment.

    `measuring`: there is no measurement yet. `current`: nothing was committed since. `stale`: something was,
    and a new one will come. `failed`: the last attempt failed, and `error` says why; `measurement` is then
    an older one, or None.
    """

    state: State
    measurement: Measurement | None = None
    error: BerrypodError | None = None
    file_bytes: int | None = None
    wal_bytes: int = 0


class Measurements:
    """The last measurement of a database, renewed in the background. One per app."""

    def __init__(self, database: Database, measure: Measure, *, pace: Pace | None = None) -> None:
        self._database = database
        self._measure = measure
        self._pace = pace or Pace()
        self._wanted = asyncio.Event()
        self._measurement: Measurement | None = None
        self._error: BerrypodError | None = None
        self._failures = 0

    def look(self) -> View:
        """What is known, without waiting; and the word to the background that somebody wants to know.

        Call it from the event loop's thread.
        """
        state = self._state()
        if state != "current":
            self._wanted.set()
        path = self._database.path
        return View(
            state=state,
            measurement=self._measurement,
            error=self._error,
            file_bytes=_size(str(path)),
            wal_bytes=_size(f"{path}-wal") or 0,
        )

    async def refresh(self) -> Measurement:
        """Measure now, and wait for it.

        :raises BerrypodError: it failed, with the reason.
        """
        await self._attempt()
        if self._error is not None or self._measurement is None:
            raise self._error or MeasurementError("there is none", reason="unexpected")
        return self._measurement

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Measure in the background while the block runs. At its end the measuring process is gone too."""
        task = asyncio.create_task(self._renew(), name="berrypod stats: measuring")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _state(self) -> State:
        if self._error is not None:
            return "failed"
        if self._measurement is None:
            return "measuring"
        return "stale" if self._is_old(self._measurement) else "current"

    def _is_old(self, measurement: Measurement) -> bool:
        # While the database is closed for a moment (a restore) nothing can be said, and nothing measured.
        return self._database.is_open and self._database.data_version() != measurement.data_version

    async def _renew(self) -> None:
        while True:
            await self._attempt()
            await asyncio.sleep(self._rest())
            await self._until_due()

    async def _attempt(self) -> None:
        self._wanted.clear()
        try:
            self._measurement = await self._measure()
        except BerrypodError as error:
            self._failed(error)
        except Exception as error:  # a task that ended would leave the page waiting for ever
            logger.exception("measuring the tables failed in a way that was not foreseen")
            self._failed(MeasurementError(f"{type(error).__name__}", reason="unexpected"))
        else:
            self._error, self._failures = None, 0

    def _failed(self, error: BerrypodError) -> None:
        if self._error is None or self._error.message != error.message:
            logger.warning("%s %s", error.message, error.hint)
        self._error = error
        self._failures += 1

    def _rest(self) -> float:
        if self._failures:
            return min(self._pace.least * 2 ** min(self._failures - 1, 10), self._pace.unwatched)
        took = self._measurement.seconds if self._measurement else 0.0
        return max(self._pace.least, took * self._pace.rest_factor)

    async def _until_due(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.unwatched):
                    await self._wanted.wait()
            self._wanted.clear()
            if self._state() != "current":
                return


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - neither opens nor closes the file; see keys.read_salt
    except OSError:
        return None
