"""/api/backups/schedule: for programs with a token."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from berrypod.web.access import actor_of, address_of, scope
from berrypod_backup.api import BASE
from berrypod_backup.schedule.service import Schedule
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.wire import ScheduleInfo, told_schedule


class ScheduleController(Controller):
    path = f"{BASE}/schedule"
    tags = ("backups",)

    @get(
        opt={"access": scope("backup:read")},
        operation_id="getSchedule",
        summary="When backups are made by themselves, and how that gets on",
    )
    async def get_schedule(self, schedule: NamedDependency[Schedule]) -> ScheduleInfo:
        return await told_schedule(schedule)

    @put(
        opt={"access": scope("backup:write")},
        operation_id="setSchedule",
        summary="Say when backups are made by themselves",
        description="It holds within seconds, for all processes, and is kept over a restore. Times before now are not "
        "made up for. What is left out has its default.",
    )
    async def set_schedule(
        self, request: Request[Any, Any, Any], schedule: NamedDependency[Schedule], data: JSONBody[ScheduleSettings]
    ) -> ScheduleInfo:
        await schedule.save(data, by=actor_of(request), address=address_of(request))
        return await told_schedule(schedule)
