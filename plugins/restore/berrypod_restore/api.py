"""/api/restores: for programs with a token."""

from __future__ import annotations

from typing import Annotated, Any, cast

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, Stream

from berrypod.errors import NotFound
from berrypod.settings import Secret
from berrypod.web.access import scope
from berrypod.web.downloads import FileAnswer
from berrypod.web.maintenance import OPEN
from berrypod_restore import describing
from berrypod_restore.differences import KINDS, Kind
from berrypod_restore.faults import RestoreNotReady, RestoreRunning, WrongContentType
from berrypod_restore.records import RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.stream import restore_events
from berrypod_restore.uploading import body_of
from berrypod_restore.wire import ApplyRequest, FormerList, KeyRequest, Restore, RestoreList, UndoRequest, told

BASE = "/api/restores"

# Reading tells which customers would be lost: who may do that may as well have the whole shop.
_ACCESS = {"access": scope("restore:write")}

# Uploads, streams and waiting take as long as they take: nobody waits for them when the file is replaced.
_ACCESS_OPEN = {**_ACCESS, "maintenance": OPEN}

_RAW = "application/octet-stream"

AnyRequest = Request[Any, Any, Any]
Wait = Annotated[
    int, QueryParameter(ge=0, le=60, description="Seconds to wait for the end of what is under way with it")
]


class RestoresController(Controller):
    path = BASE
    tags = ("restores",)

    @get(
        opt=_ACCESS,
        operation_id="listRestores",
        summary="List restores and undos, newest first",
        description="Without comparisons: those are told with each one.",
    )
    async def list_restores(self, restores: NamedDependency[Restores]) -> RestoreList:
        return RestoreList(items=[told(record) for record in await restores.all()])

    @post(
        opt=_ACCESS_OPEN,
        status_code=202,
        request_max_body_size=None,
        operation_id="stageRestore",
        operation_class=describing.RawBody,
        summary="Upload a backup to be restored",
        description="The body is the file itself, as raw bytes; it streams to the disk beside the database. Nothing is "
        "replaced. The answer comes when the last byte is there; the file is inspected then: ask the address in "
        "`Location`. Size and space are checked before the first byte is taken if there is a `Content-Length`. An "
        "upload that breaks off leaves nothing.",
        responses=describing.UPLOAD,
        response_headers=describing.LOCATION,
    )
    async def stage(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        filename: Annotated[str | None, QueryParameter(max_length=1000, description="To be shown; for people")] = None,
    ) -> Response[Restore]:
        _require_raw(request)
        record = await restores.stage(
            body_of(request),
            filename=filename,
            expected_bytes=request.content_length,
            by=actor_of(request),
            address=address_of(request),
            source="api",
        )
        return _accepted(record)

    @post(
        "/kept/{exporter:str}",
        opt=_ACCESS,
        status_code=202,
        operation_id="stageKeptBackup",
        summary="Take a copy that an exporter keeps, to be restored",
        description="As an upload. `GET /api/backups` lists what exporters keep. The answer comes at once, while the "
        "copy is fetched.",
        responses=describing.KEPT,
        response_headers=describing.LOCATION,
    )
    async def stage_kept(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        exporter: FromPath[str],
        copy_id: Annotated[str, QueryParameter(name="copy", max_length=1000, description="The copy's `id`")],
    ) -> Response[Restore]:
        return _accepted(
            await restores.stage_kept(exporter, copy_id, by=actor_of(request), address=address_of(request))
        )

    @get(
        "/formers",
        opt=_ACCESS,
        operation_id="listFormerDatabases",
        summary="List the databases that were replaced and are kept, newest first",
    )
    async def formers(self, restores: NamedDependency[Restores]) -> FormerList:
        return FormerList(items=await restores.formers())

    @post(
        "/undo",
        opt=_ACCESS,
        status_code=202,
        operation_id="undoRestore",
        summary="Put a former database back",
        description="The one that the last restore (or undo) replaced, unless another one is named. What it replaces "
        "is kept in turn. If something is in the shop that is not in it, 409 `would_lose` tells what, with the "
        "`expect` to send. The answer comes at once: ask the address in `Location`.",
        operation_class=describing.OptionalBody,
        responses=describing.UNDO,
        response_headers=describing.LOCATION,
    )
    async def undo(
        self, request: AnyRequest, restores: NamedDependency[Restores], data: JSONBody[UndoRequest | None] = None
    ) -> Response[Restore]:
        asked = data or UndoRequest()
        record = await restores.undo(
            former=asked.former,
            expect=asked.expect,
            accept_newer=asked.accept_newer,
            by=actor_of(request),
            address=address_of(request),
        )
        return _accepted(record)


class RestoreController(Controller):
    path = f"{BASE}/{{restore_id:str}}"
    tags = ("restores",)

    @get(
        opt=_ACCESS_OPEN,
        operation_id="getRestore",
        summary="Verdict, comparison, state and progress of a restore",
        description="What is `ready` is compared with the shop as it is now: what would be lost, and what would come "
        "back. `expect` stands for that, and is sent with `apply`.",
        responses=describing.UNKNOWN,
    )
    async def get_restore(
        self, restores: NamedDependency[Restores], restore_id: FromPath[str], wait: Wait = 0
    ) -> Restore:
        record = await (restores.settled(restore_id, timeout=wait) if wait else restores.get(restore_id))
        return await _compared(restores, record)

    @delete(
        opt=_ACCESS,
        operation_id="discardRestore",
        summary="Discard a staged file; or forget a restore that has ended",
        responses={**describing.UNKNOWN, **describing.RUNNING},
    )
    async def discard(
        self, request: AnyRequest, restores: NamedDependency[Restores], restore_id: FromPath[str]
    ) -> None:
        await restores.discard(restore_id, by=actor_of(request))

    @post(
        "/apply",
        opt=_ACCESS,
        status_code=202,
        operation_id="applyRestore",
        summary="Replace the database with the staged file",
        description="All of it. `confirm` are the words, `expect` is what GET told: it holds for the file, and for the "
        "shop as it was compared. If the shop has changed since, 409 `state_changed` tells the new comparison. The "
        "answer comes at once: ask the address in `Location`. Other requests wait for a moment; the former database "
        "is kept.",
        responses=describing.APPLY,
        response_headers=describing.LOCATION,
    )
    async def apply(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_id: FromPath[str],
        data: JSONBody[ApplyRequest],
    ) -> Response[Restore]:
        record = await restores.apply(
            restore_id,
            confirm=data.confirm,
            expect=data.expect,
            accept_newer=data.accept_newer,
            by=actor_of(request),
            address=address_of(request),
        )
        return _accepted(record)

    @post(
        "/rekey",
        opt=_ACCESS,
        status_code=202,
        operation_id="rekeyRestore",
        summary="Give the key with which a staged file was made",
        description="For one that is `refused` with the verdict `wrong_key` or `key_needed`; with null for `plain`, to "
        "have it encrypted. The file is brought under this shop's key and inspected again. The key is used once.",
        responses={**describing.UNKNOWN, **describing.NOT_READY},
        response_headers=describing.LOCATION,
    )
    async def rekey(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_id: FromPath[str],
        data: JSONBody[KeyRequest],
    ) -> Response[Restore]:
        key = None if data.key is None else Secret(data.key)
        return _accepted(await restores.rekey(restore_id, key, by=actor_of(request)))

    @get(
        "/lost/{file:str}",
        opt=_ACCESS_OPEN,
        operation_id="downloadLosses",
        summary="What would be lost, as CSV",
        description="`orders.csv`, `products.csv`, `subscribers.csv`, `settings.csv` or `admins.csv`: with all that is "
        "needed to enter it again by hand. With `changed`, what would be set back, as it is now, with what differs.",
        responses={**describing.CSV, **describing.UNKNOWN, **describing.NOT_READY},
    )
    async def lost(
        self,
        restores: NamedDependency[Restores],
        restore_id: FromPath[str],
        file: FromPath[str],
        changed: FromQuery[bool] = False,
    ) -> Stream:
        kind = kind_of(file)
        return losses(await restores.lost(restore_id, kind, changed=changed), kind, changed=changed)

    @get(
        "/events",
        opt=_ACCESS_OPEN,
        operation_id="followRestore",
        summary="Follow a restore: server-sent events",
        description="`restore` for each change, with the same data as GET but the comparison; and `end` when nothing "
        "is under way with it any more. It goes on while the database is replaced.",
        responses={**describing.EVENTS, **describing.UNKNOWN},
    )
    async def events(self, restores: NamedDependency[Restores], restore_id: FromPath[str]) -> ServerSentEvent:
        return await restore_events(restores, restore_id, tell=told)


HANDLERS = (RestoresController, RestoreController)


def actor_of(request: AnyRequest) -> str | None:
    """Who sends the request, as events name it."""
    user = cast("dict[str, Any]", request.scope).get("user")
    return getattr(user, "actor", None)


def address_of(request: AnyRequest) -> str | None:
    """Where from."""
    return request.client.host if request.client else None


def kind_of(file: str) -> Kind:
    """:raises NotFound: there is no list of this name."""
    for kind in KINDS:
        if file == f"{kind}.csv":
            return kind
    raise NotFound("There is no such list", hint=f"There are: {', '.join(f'{kind}.csv' for kind in KINDS)}.")


def losses(pieces: Any, kind: Kind, *, changed: bool) -> Stream:
    """A list of losses as an answer, for the API and for the pages."""
    name = f"would-be-{'set-back' if changed else 'lost'}-{kind}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return FileAnswer(pieces, media_type="text/csv", headers=headers)


async def _compared(restores: Restores, record: RestoreRecord) -> Restore:
    if record.state != "ready":
        return told(record)
    try:
        comparison = await restores.compare(record.id)
        return told(record, comparison, await restores.expect(record.id, comparison))
    except (RestoreNotReady, RestoreRunning):  # somebody has just confirmed it
        return told(await restores.get(record.id))


def _accepted(record: RestoreRecord) -> Response[Restore]:
    return Response(told(record), headers={"location": f"{BASE}/{record.id}"})


def _require_raw(request: AnyRequest) -> None:
    """:raises WrongContentType: it is a form, say, in which the file would be wrapped."""
    kind = request.headers.get("content-type", _RAW).partition(";")[0].strip().lower()
    if kind != _RAW:
        raise WrongContentType(f"The body is {kind[:100]}, not {_RAW}")
