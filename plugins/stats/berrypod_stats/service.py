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
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from berrypod.errors import BerrypodError
from berrypod.storage.database import Database
from berrypod_stats import facts, measurement
from berrypod_stats.facts import Facts
from berrypod_stats.helper import MeasurementError
from berrypod_stats.measurement import Measurement

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
    and a new one will come. `failed`: the last attempt failed, and `error` says why; `facts` and `measurement`
    are then those of an earlier one, or None.
    """

    state: State
    facts: Facts | None = None
    measurement: Measurement | None = None
    error: BerrypodError | None = None
    file_bytes: int | None = None
    wal_bytes: int = 0


class Source(Protocol):
    """Where the figures come from. Tests put another in its place."""

    async def facts(self) -> Facts: ...
    async def measurement(self) -> Measurement: ...


class DatabaseSource:
    """The open database, and the measuring process beside it."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def facts(self) -> Facts:
        return await facts.read(self._database, now=self._now())

    async def measurement(self) -> Measurement:
        return await measurement.take(self._database, now=self._now())


class Measurements:
    """The last measurement of a database, renewed in the background. One per app."""

    def __init__(self, database: Database, source: Source, *, pace: Pace | None = None) -> None:
        self._database = database
        self.source = source
        self.pace = pace or Pace()
        self._wanted = asyncio.Event()  # made anew with each run: an event belongs to one loop
        self._facts: Facts | None = None
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
            facts=self._facts,
            measurement=self._measurement,
            error=self._error,
            file_bytes=_size(str(path)),
            wal_bytes=_size(f"{path}-wal") or 0,
        )

    async def refresh(self) -> View:
        """Measure now, and wait for it. A failure is in the answer."""
        self._wanted.clear()
        self._error = await self._failure_of(self._renew_facts) or await self._failure_of(self._renew_measurement)
        self._failures = self._failures + 1 if self._error else 0
        return self.look()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Measure in the background while the block runs. At its end the measuring process is gone too."""
        self._wanted = asyncio.Event()
        task = asyncio.create_task(self._keep_fresh(), name="berrypod stats: measuring")
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

    async def _keep_fresh(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(self._rest())
            await self._until_due()

    async def _renew_facts(self) -> None:
        self._facts = await self.source.facts()

    async def _renew_measurement(self) -> None:
        self._measurement = await self.source.measurement()

    async def _failure_of(self, step: Callable[[], Awaitable[None]]) -> BerrypodError | None:
        try:
            await step()
        except BerrypodError as error:
            if self._error is None or self._error.message != error.message:
                logger.warning("%s (%s)", error.message, error.hint)
            return error
        except Exception as error:  # a task that ended would leave the page waiting for ever
            logger.exception("measuring failed in a way that was not foreseen")
            return MeasurementError(type(error).__name__, reason="unexpected")
        return None

    def _rest(self) -> float:
        if self._failures:
            return min(self.pace.least * 2 ** min(self._failures - 1, 10), self.pace.unwatched)
        took = self._measurement.seconds if self._measurement else 0.0
        return max(self.pace.least, took * self.pace.rest_factor)

    async def _until_due(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pace.unwatched):
                    await self._wanted.wait()
            self._wanted.clear()
            if self._state() != "current":
                return


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - neither opens nor closes the file; see keys.read_salt
    except OSError:
        return None
