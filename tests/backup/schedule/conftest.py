"""A leader over a real shop's file, with a clock that is set by hand, and backups that are only pretended."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from berrypod_backup.schedule.following import Attempt
from berrypod_backup.schedule.leading import Leader
from berrypod_backup.schedule.serving import Serving
from berrypod_backup.schedule.settings import DEFAULT, KEY, SavedSchedule, ScheduleSettings
from berrypod_backup.schedule.state import Pending, ScheduleState, States
from berrypod_backup.schedule.status import ScheduleStatus, status_of

from berrypod.parts import create_parts
from berrypod.plugins import Plugins
from berrypod.records import Trouble
from berrypod.settings import Settings
from berrypod.stored import Stored

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOURLY = ScheduleSettings(kind="every", every_hours=1, retries=2, retry_seconds=60)
TROUBLE = Trouble(code="disk_full", message="The disk is full.", hint="Free some space.")


@dataclass
class Pretended:
    """In the place of `Serving`: tells what was asked of it, and answers as it is told to."""

    fails: dict[str, Trouble] = field(default_factory=dict)
    remarks: list[Trouble] = field(default_factory=list)
    made: list[tuple[str, ...]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    dies: bool = False
    had_made: bool = False
    untold: Trouble | None = None

    async def make(self, settings: ScheduleSettings, pending: Pending) -> Attempt:
        self.calls.append("make")
        if self.dies:
            raise Died
        self.made.append(pending.exporters)
        return self._attempt(pending.exporters)

    async def found(self, pending: Pending) -> Attempt:
        self.calls.append("found")
        if self.had_made:
            return self._attempt(pending.exporters)
        return Attempt(failed=dict.fromkeys(pending.exporters, TROUBLE))

    async def tidy(self, made: Sequence[str]) -> list[Trouble]:
        self.calls.append(f"tidy {' '.join(made)}")
        return self.remarks

    async def prove(self, attempt: Attempt) -> list[Trouble]:
        self.calls.append("prove")
        return [self.untold] if self.untold else []

    async def drill(self, *_: Any) -> None:
        """There is one."""

    def _attempt(self, exporters: Sequence[str]) -> Attempt:
        failed = {name: self.fails[name] for name in exporters if name in self.fails}
        return Attempt(
            backup_id="20260601-120000-00000000",
            made=tuple(name for name in exporters if name not in failed),
            failed=failed,
        )


class Died(BaseException):
    """In the place of a kill."""


@dataclass
class Led:
    """The leader, and what makes time pass."""

    leader: Leader
    stored: Stored[SavedSchedule]
    states: States
    serving: Pretended
    now: datetime = BEGIN

    async def set(self, settings: ScheduleSettings) -> None:
        await self.stored.put(SavedSchedule(settings=settings, since=self.now))

    async def after(self, **passed: float) -> None:
        """Let time pass, and have the leader look."""
        self.now += timedelta(**passed)
        await self.leader.look()

    async def watch(self, *, minutes: int, step_seconds: int = 20) -> None:
        """Let so much time pass while the leader looks again and again."""
        for _ in range(minutes * 60 // step_seconds):
            await self.after(seconds=step_seconds)

    @property
    def state(self) -> ScheduleState:
        state = self.states.read()
        assert state is not None
        return state

    async def status(self) -> ScheduleStatus:
        return status_of(self.states.read(), await self.stored.get(), self.now, self.leader.shop)


@pytest.fixture
async def led(settings: Settings) -> AsyncIterator[Led]:
    parts = create_parts(settings, Plugins.discover(settings, [], installed=False))
    found: list[Led] = []
    context = dataclasses.replace(parts.context("backup"), clock=lambda: found[0].now)
    stored = Stored(parts.database, KEY, SavedSchedule, DEFAULT)
    states, serving = States(context.work_folder), Pretended()
    leader = Leader(context, stored, states, cast("Serving", serving))
    found.append(Led(leader, stored, states, serving))
    async with parts.opened():
        yield found[0]
