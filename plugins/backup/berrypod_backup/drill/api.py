"""/api/backups/drills: for programs with a token."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from berrypod.web.access import actor_of, address_of, scope
from berrypod.web.problems import PROBLEM_JSON, Problem
from berrypod_backup.api import BASE, FAILING, UNKNOWN, CopyId
from berrypod_backup.drill.records import Kind
from berrypod_backup.drill.service import Drill
from berrypod_backup.drill.wire import DrillInfo, DrillList, told

DRILLS = f"{BASE}/drills"

_READ = {"access": scope("backup:read")}
_WRITE = {"access": scope("backup:write")}


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


_NO_DRILL = {404: _problem("There is no such drill, or no longer (`drill_unknown`)")}
_TOO_MANY = {409: _problem("Too many drills wait already (`too_many_drills`)")}


class DrillsController(Controller):
    path = BASE
    tags = ("backups",)

    @post(
        "/kept/{exporter:str}/drill",
        opt=_WRITE,
        status_code=202,
        operation_id="startDrill",
        summary="Prove that a shop can be run on a kept backup",
        description="Fetches the backup back from where it lies into a throw-away folder, opens it with the shop's "
        "present key, does what a restore does before the swap, and renders pages of the shop from it. The answer "
        "comes at once: ask the address in `Location` for the outcome. One drill is done at a time; of a backup of "
        "which one is under way, it is that one.",
        responses={**UNKNOWN, **FAILING, **_TOO_MANY},
        response_headers=[ResponseHeader(name="Location", description="Where its state is", documentation_only=True)],
    )
    async def start_drill(
        self, request: Request[Any, Any, Any], drill: NamedDependency[Drill], exporter: FromPath[str], copy_id: CopyId
    ) -> Response[DrillInfo]:
        return await _started(request, drill, exporter, copy_id, "drill")

    @post(
        "/kept/{exporter:str}/verify",
        opt=_WRITE,
        status_code=202,
        operation_id="verifyKeptBackup",
        summary="Read back all that is stored of a kept backup",
        description="Every byte is held against its digest, and every page is authenticated. The answer comes at once: "
        "ask the address in `Location` for the outcome, `whole` or `failed`.",
        responses={**UNKNOWN, **FAILING, **_TOO_MANY},
        response_headers=[ResponseHeader(name="Location", description="Where its state is", documentation_only=True)],
    )
    async def verify_kept(
        self, request: Request[Any, Any, Any], drill: NamedDependency[Drill], exporter: FromPath[str], copy_id: CopyId
    ) -> Response[DrillInfo]:
        return await _started(request, drill, exporter, copy_id, "check")

    @get("/drills", opt=_READ, operation_id="listDrills", summary="List drills, newest first")
    async def list_drills(self, drill: NamedDependency[Drill]) -> DrillList:
        return DrillList(items=[told(record, await drill.progress(record)) for record in await drill.all()])

    @get(
        "/drills/{drill_id:str}",
        opt=_READ,
        operation_id="getDrill",
        summary="State and outcome of a drill",
        responses=_NO_DRILL,
    )
    async def get_drill(self, drill: NamedDependency[Drill], drill_id: FromPath[str]) -> DrillInfo:
        record = await drill.get(drill_id)
        return told(record, await drill.progress(record))

    @delete(
        "/drills/{drill_id:str}",
        opt=_WRITE,
        operation_id="deleteDrill",
        summary="Cancel a drill, or forget one that has ended",
        description="What it wrote beside the backup stays there.",
        responses=_NO_DRILL,
    )
    async def delete_drill(self, drill: NamedDependency[Drill], drill_id: FromPath[str]) -> None:
        await drill.delete(drill_id)


async def _started(
    request: Request[Any, Any, Any], drill: Drill, exporter: str, copy_id: str, kind: Kind
) -> Response[DrillInfo]:
    record = await drill.start(exporter, copy_id, actor_of(request), address=address_of(request), kind=kind)
    info = told(record, await drill.progress(record))
    return Response(info, headers={"location": f"{DRILLS}/{record.id}"})
