"""/api/backups/archives and what is done to a kept backup: for programs with a token."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from berrypod.web.access import actor_of, address_of, scope
from berrypod_backup.api import BASE, FAILING, UNKNOWN, CopyId
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archived import ArchivedBackup, ArchiveInfo


class NoteRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people should know of a backup."""

    note: Annotated[str, Meta(max_length=500, description="Empty for none.")]


class ArchivesController(Controller):
    path = BASE
    tags = ("backups",)

    @get(
        "/archives",
        opt={"access": scope("backup:read")},
        operation_id="listArchives",
        summary="List what is kept, archive by archive",
        description="Each backup with its manifest, whether the shop's present key opens it, and whether a drill has "
        "proven that a shop can be run on it; and what else lies there. An archive that cannot be looked at is listed "
        "with its error.",
    )
    async def list_archives(self, kept_backups: NamedDependency[KeptBackups]) -> list[ArchiveInfo]:
        return await kept_backups.archives()

    @get(
        "/archives/{exporter:str}/{backup_id:str}",
        opt={"access": scope("backup:read")},
        operation_id="getArchivedBackup",
        summary="One kept backup",
        responses={**UNKNOWN, **FAILING},
    )
    async def get_archived(
        self, kept_backups: NamedDependency[KeptBackups], exporter: FromPath[str], backup_id: FromPath[str]
    ) -> ArchivedBackup:
        return await kept_backups.get(exporter, backup_id)

    @patch(
        "/kept/{exporter:str}",
        opt={"access": scope("backup:write")},
        operation_id="noteKeptBackup",
        summary="Write a note beside a kept backup",
        responses={**UNKNOWN, **FAILING},
    )
    async def note_kept(
        self,
        request: Request[Any, Any, Any],
        kept_backups: NamedDependency[KeptBackups],
        exporter: FromPath[str],
        copy_id: CopyId,
        data: JSONBody[NoteRequest],
    ) -> ArchivedBackup:
        return await kept_backups.note(exporter, copy_id, data.note, by=actor_of(request), address=address_of(request))
