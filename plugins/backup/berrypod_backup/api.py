"""/api/backups: for programs with a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, RequestBody
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from berrypod.kept import Kept
from berrypod.web.access import actor_of, address_of, scope
from berrypod.web.downloads import file_answer, pieces_of
from berrypod.web.maintenance import OPEN
from berrypod.web.problems import PROBLEM_JSON, Problem
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.faults import BackupGone
from berrypod_backup.service import Backups
from berrypod_backup.wire import Backup, BackupList, BackupRequest, told

BASE = "/api/backups"

_READ = {"access": scope("backup:read")}
_FETCH = {**_READ, "maintenance": OPEN}  # A download may take an hour, and needs no database.
_WRITE = {"access": scope("backup:write")}


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


def _header(name: str, description: str) -> ResponseHeader:
    return ResponseHeader(name=name, description=description, documentation_only=True)


# What a token must be allowed to, and how bad input is told, the core adds to the document.
UNKNOWN = {404: _problem("There is none of this id, or no longer (`backup_unknown`)")}
FAILING = {502: _problem("The exporter failed (`exporter_failed`)")}
_FILE = {
    200: ResponseSpec(bytes, description="The file", media_type="application/octet-stream", generate_examples=False)
}
_FILE_HEADERS = [
    _header("Content-Length", "Bytes: fewer have come if the connection broke off"),
    _header("Repr-Digest", "`sha-256=:...:`, SHA-256 in base64 (RFC 9530)"),
    _header("Content-Disposition", "A file name with the time in UTC"),
]

CopyId = Annotated[str, QueryParameter(name="copy", max_length=1000, description="The copy's `id`, as listed")]


@dataclass
class _OptionalBody(Operation):
    """Litestar requires every body, also one that has a default."""

    def __post_init__(self) -> None:
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


class BackupsController(Controller):
    path = BASE
    tags = ("backups",)

    @get(
        opt=_READ,
        operation_id="listBackups",
        summary="List backups, newest first, and kept copies",
        description="The latest backups with their state, and the copies that exporters keep. An exporter that cannot "
        "say what it keeps is listed with its error.",
    )
    async def list_backups(self, backups: NamedDependency[Backups], kept: NamedDependency[Kept]) -> BackupList:
        records = await backups.all()
        items = [told(record, await backups.progress(record), BASE) for record in records]
        return BackupList(items=items, kept=await kept.listings())

    @post(
        opt=_WRITE,
        status_code=202,
        operation_id="startBackup",
        summary="Start a backup",
        description="Makes one snapshot of the shop and hands it to every exporter named; without any it is "
        "`download`, a file to fetch. The answer comes at once: ask the address in `Location` for state and progress. "
        "One snapshot is made at a time, others wait for their turn (`queued`). 409 `too_many_backups`: four are "
        "being made or wait to be fetched; those for archives alone are counted apart.",
        operation_class=_OptionalBody,
        responses={409: _problem("As many as may be are being made or wait to be fetched (`too_many_backups`)")},
        response_headers=[_header("Location", "Where its state is")],
    )
    async def start_backup(
        self,
        request: Request[Any, Any, Any],
        backups: NamedDependency[Backups],
        data: JSONBody[BackupRequest | None] = None,
    ) -> Response[Backup]:
        wanted = data or BackupRequest()
        record = await backups.start(
            wanted.exporters,
            actor_of(request),
            address=address_of(request),
            method=wanted.method,
            fast=wanted.fast,
            note=wanted.note,
        )
        return Response(told(record, 0.0, BASE), headers={"location": f"{BASE}/{record.id}"})

    @get(
        "/{backup_id:str}",
        opt=_READ,
        operation_id="getBackup",
        summary="State and progress of a backup",
        responses=UNKNOWN,
    )
    async def get_backup(self, backups: NamedDependency[Backups], backup_id: FromPath[str]) -> Backup:
        record = await backups.get(backup_id)
        return told(record, await backups.progress(record), BASE)

    @get(
        "/{backup_id:str}/download",
        opt=_FETCH,
        operation_id="downloadBackup",
        summary="Fetch the file of a backup",
        description="Once: when its last byte has left, the file is removed. If the connection breaks off it can be "
        "fetched again, for an hour after it was made. One that an archive keeps can be fetched for as long as it is "
        "kept. 409 `backup_not_ready` while it is being made.",
        responses={
            **_FILE,
            **UNKNOWN,
            409: _problem("It is being made, or it failed (`backup_not_ready`)"),
            410: _problem("It was fetched, or waited for too long (`backup_gone`)"),
        },
        response_headers=_FILE_HEADERS,
    )
    async def download_backup(
        self,
        request: Request[Any, Any, Any],
        backups: NamedDependency[Backups],
        kept: NamedDependency[Kept],
        backup_id: FromPath[str],
        exporter: Annotated[
            str | None, QueryParameter(max_length=64, description="Whose file, if several exporters made one")
        ] = None,
    ) -> Stream:
        record = await backups.get(backup_id)
        if export := record.kept_by(exporter):
            return await kept_download(request, kept, export.exporter, record.id)
        return await download(request, backups, backup_id, exporter)

    @delete(
        "/{backup_id:str}",
        opt=_WRITE,
        operation_id="deleteBackup",
        summary="Cancel a backup, or remove it with its files",
        responses=UNKNOWN,
    )
    async def delete_backup(self, backups: NamedDependency[Backups], backup_id: FromPath[str]) -> None:
        await backups.delete(backup_id)


class KeptController(Controller):
    path = f"{BASE}/kept/{{exporter:str}}"
    tags = ("backups",)

    @get(
        opt=_FETCH,
        operation_id="downloadKeptBackup",
        summary="Fetch a copy that an exporter keeps",
        responses={**_FILE, **UNKNOWN, **FAILING},
        response_headers=_FILE_HEADERS,
    )
    async def download_kept(
        self,
        request: Request[Any, Any, Any],
        kept: NamedDependency[Kept],
        exporter: FromPath[str],
        copy_id: CopyId,
    ) -> Stream:
        return await kept_download(request, kept, exporter, copy_id)

    @delete(
        opt=_WRITE,
        operation_id="deleteKeptBackup",
        summary="Delete a copy that an exporter keeps, for good",
        responses={**UNKNOWN, **FAILING},
    )
    async def delete_kept(
        self,
        request: Request[Any, Any, Any],
        kept_backups: NamedDependency[KeptBackups],
        exporter: FromPath[str],
        copy_id: CopyId,
    ) -> None:
        await kept_backups.delete(exporter, copy_id, by=actor_of(request), address=address_of(request))


async def download(request: Request[Any, Any, Any], backups: Backups, backup_id: str, exporter: str | None) -> Stream:
    """The file of a backup as an answer, for the API and for the page."""
    fetch = await backups.fetch(backup_id, exporter)
    by, address = actor_of(request), address_of(request)
    try:
        # Opened before the answer begins: a download that has begun is whole, whoever fetches the file meanwhile.
        pieces = await pieces_of(fetch.path, complete=lambda: backups.fetched(fetch, by, address=address))
    except FileNotFoundError:
        raise BackupGone(f"The backup {fetch.record.id} is no longer there") from None
    return file_answer(
        pieces,
        filename=fetch.file.filename,
        media_type=fetch.file.media_type,
        size_bytes=fetch.file.size_bytes,
        sha256=fetch.file.sha256,
    )


async def kept_download(request: Request[Any, Any, Any], kept: Kept, exporter: str, copy_id: str) -> Stream:
    """A kept copy as an answer, for the API and for the page."""
    file = await kept.open(exporter, copy_id)
    return file_answer(
        kept.told(file, by=actor_of(request), address=address_of(request)),
        filename=file.copy.filename,
        media_type="application/octet-stream",
        size_bytes=file.copy.size_bytes,
        sha256=file.copy.sha256,
    )
