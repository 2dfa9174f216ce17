"""The schedule as the API and the command line tell of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.errors import Invalid
from berrypod_backup.schedule.service import Schedule
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.status import ScheduleStatus
from berrypod_backup.schedule.words import in_words


class ScheduleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """When backups are made by themselves, and how that gets on."""

    settings: ScheduleSettings
    when: Annotated[str, Meta(description="In words.")]
    next_runs: Annotated[
        list[datetime], Meta(description="The next times, without the seconds that each begins late by.")
    ]
    archives: Annotated[list[str], Meta(description="Names for `exporters`: those that there are.")]
    status: ScheduleStatus


async def told_schedule(schedule: Schedule) -> ScheduleInfo:
    settings = await schedule.settings()
    return ScheduleInfo(
        settings=settings,
        when=in_words(settings),
        next_runs=saved_runs(schedule, settings),
        archives=schedule.archives,
        status=await schedule.status(),
    )


def saved_runs(schedule: Schedule, settings: ScheduleSettings) -> list[datetime]:
    """The next times of settings that are saved. None, if this machine does not know their zone: see the status."""
    try:
        return schedule.next_runs(settings)
    except Invalid:
        return []
