"""One process of all looks at the clock: the one that has the lock. When it ends, the kernel gives it to another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from berrypod.context import PluginContext
from berrypod.errors import BerrypodError
from berrypod.storage.locks import one_of_all
from berrypod.stored import Stored
from berrypod_backup.drill.faults import DrillInterrupted
from berrypod_backup.schedule import following
from berrypod_backup.schedule.following import Attempt
from berrypod_backup.schedule.serving import Serving, drill_is_due
from berrypod_backup.schedule.settings import SavedSchedule, ScheduleSettings
from berrypod_backup.schedule.state import ScheduleState, States

log = logging.getLogger("berrypod.backup")


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """In seconds: how often the clock and the settings are looked at, how soon another process takes over, and how
    long nothing is tried after a look that failed."""

    look: float = 2.0
    take_over: float = 1.0
    trouble: float = 15.0


USUAL: Final = Rhythm()


class Leader:
    """What this process does when it has the lock."""

    def __init__(
        self,
        context: PluginContext,
        stored: Stored[SavedSchedule],
        states: States,
        serving: Serving,
        rhythm: Rhythm = USUAL,
    ) -> None:
        self._context = context
        self._stored = stored
        self._states = states
        self.serving = serving
        self.rhythm = rhythm

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Wait for the lock, and lead, for as long as the block runs."""
        task = asyncio.create_task(self._lead_again_and_again(), name="berrypod backup: schedule")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Once: if a backup is due, make it, and what comes after it. Only for the process that has the lock.

        :raises StorageError: the shop's file or the disk cannot be used at present; the next look tries again.
        """
        if self._context.maintenance.stage.state != "open":
            return
        saved = await self._stored.get()
        before = await asyncio.to_thread(self._states.read)
        if before is None and not saved.settings.enabled:
            return
        now = self._context.now()
        state = following.followed(before, saved, now, shop=self.shop)
        if state != before:
            await self._write(state)
        if state.pending and following.is_turn(state.pending, now):
            await self._serve(saved.settings, state)

    @property
    def shop(self) -> str:
        """Tells this shop from others of the same machine."""
        return str(self._context.database.path)

    async def _lead_again_and_again(self) -> None:
        while True:
            try:
                async with one_of_all(self._states.lock_path, look_seconds=self.rhythm.take_over):
                    await asyncio.to_thread(self._states.sweep)
                    while True:
                        await self.look()
                        await asyncio.sleep(self.rhythm.look)
            except BerrypodError as error:
                log.warning("the schedule of backups waits: %s", error.message)
            except Exception:  # without this loop no backup would be made for as long as the server runs
                log.exception("the schedule of backups waits: something unforeseen went wrong")
            await asyncio.sleep(self.rhythm.trouble)

    async def _serve(self, settings: ScheduleSettings, state: ScheduleState) -> None:
        assert state.pending is not None, "asked for what is pending"
        if state.pending.begun_at is None:
            state = following.begun(state, state.pending, self._context.now())
            await self._write(state)
            assert state.pending is not None
            attempt = await self.serving.make(settings, state.pending)
        else:
            attempt = await self.serving.found(state.pending)
        state = following.ended(state, attempt, settings, self._context.now())
        await self._write(state)
        for exporter, trouble in attempt.failed.items():
            log.warning("the backup that was due failed for %s: %s", exporter, trouble.message)
        if attempt.made:
            await self._follow_up(settings, state, attempt)

    async def _follow_up(self, settings: ScheduleSettings, state: ScheduleState, attempt: Attempt) -> None:
        """Old backups go, and the new one is proven. What is cut short here the next backup makes good."""
        remarks = await self.serving.tidy(attempt.made)
        if self.serving.drill and drill_is_due(settings.drill, settings.zone, state.drilled_at, self._context.now()):
            told = await self.serving.prove(attempt)
            # Written down when it was done: one that was cut short is made up for with the next backup, and not a week
            # later.
            if not any(trouble.code == DrillInterrupted.code for trouble in told):
                state = replace(state, drilled_at=self._context.now())
            remarks += told
        for remark in remarks:
            log.warning("after the backup that was due: %s", remark.message)
        await self._write(following.remarked(state, remarks))

    async def _write(self, state: ScheduleState) -> None:
        await asyncio.to_thread(self._states.write, state)
