"""/api/backups/retention and /api/backups/prune: for programs with a token."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from berrypod.web.access import actor_of, address_of, scope
from berrypod_backup.api import BASE
from berrypod_backup.retention.applying import Retention
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.retention.wire import PlanInfo, PrunedInfo, told_plan, told_pruned

_READ = {"access": scope("backup:read")}
_WRITE = {"access": scope("backup:write")}


class RetentionController(Controller):
    path = BASE
    tags = ("backups",)

    @get("/retention", opt=_READ, operation_id="getRetention", summary="Which backups are kept")
    async def get_retention(self, retention: NamedDependency[Retention]) -> RetentionSettings:
        return await retention.settings()

    @put(
        "/retention",
        opt=_WRITE,
        operation_id="setRetention",
        summary="Say which backups are kept",
        description="Deletes nothing by itself: the next backup of the schedule does, or `prune`. Whatever is set, the "
        "newest backup stays, and the newest proven one.",
    )
    async def set_retention(
        self, request: Request[Any, Any, Any], retention: NamedDependency[Retention], data: JSONBody[RetentionSettings]
    ) -> RetentionSettings:
        await retention.save(data, by=actor_of(request), address=address_of(request))
        return data

    @post(
        "/retention/preview",
        opt=_READ,
        status_code=200,
        operation_id="previewRetention",
        summary="What would go under these settings, and what would stay, with the reasons",
        description="Nothing is saved, and nothing is deleted. An archive that cannot be looked at has its error.",
    )
    async def preview(self, retention: NamedDependency[Retention], data: JSONBody[RetentionSettings]) -> list[PlanInfo]:
        return [told_plan(planned) for planned in await retention.preview(data)]

    @post(
        "/prune",
        opt=_WRITE,
        status_code=200,
        operation_id="pruneBackups",
        summary="Delete the backups that the retention lets go",
        description="In every archive. One deletion that fails stops no other, and is in `failed`.",
    )
    async def prune(self, request: Request[Any, Any, Any], retention: NamedDependency[Retention]) -> list[PrunedInfo]:
        pruned = await retention.prune(by=actor_of(request), address=address_of(request))
        return [told_pruned(one) for one in pruned]
