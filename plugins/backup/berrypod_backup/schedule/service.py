"""The schedule of one shop: what pages, API, command line and alarms ask, in any process."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from berrypod.context import PluginContext
from berrypod.events import BackupScheduleChanged
from berrypod.stored import Stored
from berrypod_backup.archives import Archives
from berrypod_backup.retention.applying import Retention
from berrypod_backup.schedule.leading import Leader
from berrypod_backup.schedule.serving import DrillFunction, Serving
from berrypod_backup.schedule.settings import (
    DEFAULT,
    KEY,
    SavedSchedule,
    ScheduleSettings,
    require_sound,
    same_times,
    times_of,
)
from berrypod_backup.schedule.state import States
from berrypod_backup.schedule.status import ScheduleStatus, status_of
from berrypod_backup.schedule.words import in_words
from berrypod_backup.service import Backups

NEXT_RUNS: Final = 5


class Schedule:
    """One per app. `running` is for the processes that serve; one of them, whichever it is, makes the backups."""

    def __init__(
        self, context: PluginContext, backups: Backups, retention: Retention, drill: DrillFunction | None = None
    ) -> None:
        self._context = context
        self._archives = Archives(context)
        self._stored = Stored(context.database, KEY, SavedSchedule, DEFAULT)
        self._states = States(context.work_folder)
        serving = Serving(backups, self._archives, retention, drill)
        self.leader = Leader(context, self._stored, self._states, serving)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Make the backups that are due, in turn with all other processes, for as long as the block runs."""
        return self.leader.running()

    @property
    def archives(self) -> list[str]:
        """The names of the exporters to which it can go."""
        return [one.declaration.name for one in self._archives.all]

    async def settings(self) -> ScheduleSettings:
        return (await self._stored.get()).settings

    async def save(self, settings: ScheduleSettings, *, by: str | None, address: str | None = None) -> None:
        """Whoever makes the backups sees it within seconds. Other times count from now on: none of them is missed.

        :raises Invalid: something is wrong with them.
        """
        now = self._context.now()
        require_sound(settings, self.archives, now)
        before = await self._stored.get()
        since = before.since if same_times(before.settings, settings) else now
        await self._stored.put(SavedSchedule(settings=settings, since=since))
        if settings != before.settings:
            self._context.emit(
                BackupScheduleChanged(enabled=settings.enabled, when=in_words(settings), actor=by, address=address)
            )

    async def switch_off(self, *, by: str | None, address: str | None = None) -> None:
        """Keep what it was set to, but for this. A backup that is being made is made to its end."""
        await self.save(replace(await self.settings(), kind="off"), by=by, address=address)

    async def status(self) -> ScheduleStatus:
        """How it gets on, by what is on disk: any process answers the same."""
        saved, state = await self._stored.get(), await asyncio.to_thread(self._states.read)
        return status_of(state, saved, self._context.now(), self.leader.shop)

    def next_runs(self, settings: ScheduleSettings) -> list[datetime]:
        """The next due times under these settings, without what they begin late by.

        :raises Invalid: (or NeverDue, which is one) they are not sound.
        """
        return times_of(settings).next(self._context.now(), NEXT_RUNS) if settings.enabled else []
