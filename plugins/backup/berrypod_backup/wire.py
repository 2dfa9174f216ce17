"""Backups as the API and the page tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Origin
from berrypod.kept import KeptListing
from berrypod.records import Trouble
from berrypod.storage.snapshot import Method
from berrypod_backup.records import BackupRecord, Export, ExportState, SnapshotInfo, State


class ExportedFileInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits to be fetched. It goes when it was fetched to its last byte."""

    filename: str
    media_type: str
    size_bytes: int
    sha256: Annotated[str, Meta(description="Of its bytes, in hex; the download's `Repr-Digest` says the same.")]
    url: str


class ExportInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one exporter's part. One that fails stops no other."""

    exporter: str
    title: str
    state: ExportState
    message: Annotated[str, Meta(description="Where it went, in words, if it was delivered.")]
    location: str | None
    kept: Annotated[str | None, Meta(description="The id under which an archive keeps it.")]
    file: ExportedFileInfo | None
    filename: Annotated[str | None, Meta(description="Of the file that it made, also when that is gone.")]
    size_bytes: Annotated[int | None, Meta(description="Of that file.")]
    whole_shop: Annotated[
        bool,
        Meta(description="The file is the snapshot itself: a shop can be restored from it. A list of orders is not."),
    ]
    error: Trouble | None


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. `ready` has a file to fetch, `done` was delivered elsewhere, `gone` was fetched or has expired."""

    id: str
    state: State
    progress: Annotated[float, Meta(description="0 to 1.")]
    waits_for_another: Annotated[bool, Meta(description="`queued` because another snapshot is being made.")]
    created_at: datetime
    origin: Annotated[Origin, Meta(description="Why it was made.")]
    method: Annotated[Method, Meta(description="How it is made; `snapshot` has what came of it.")]
    started_by: Annotated[str | None, Meta(description="`admin:<e-mail>`, `token:<prefix>`, `cli` or `schedule`.")]
    finished_at: datetime | None
    expires_at: Annotated[datetime | None, Meta(description="When files that nobody fetched go.")]
    snapshot: SnapshotInfo | None
    exports: list[ExportInfo]
    error: Trouble | None


class BackupList(msgspec.Struct, frozen=True, kw_only=True):
    """The latest backups, the newest first, and the copies that exporters keep."""

    items: list[Backup]
    kept: list[KeptListing]


class BackupRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to make: one snapshot, for any number of exporters."""

    # A tuple would be `oneOf: [string, {}]` in the document.
    exporters: Annotated[
        list[str],
        Meta(max_length=50, description="Names; without any it is `download`, a file to fetch."),
    ] = msgspec.field(default_factory=lambda: ["download"])
    method: Annotated[
        Method | None,
        Meta(
            description="`snapshot` copies the file, byte for byte; `compact` leaves out pages that nobody uses. "
            "Without it: `snapshot` if all of it goes into archives, else `compact`."
        ),
    ] = None
    fast: Annotated[bool, Meta(description="As fast as the disk is, though orders may wait for it.")] = False
    note: Annotated[str, Meta(max_length=500, description="Kept beside it, where an archive keeps it.")] = ""


def told(record: BackupRecord, progress: float, base: str) -> Backup:
    """A record with addresses below `base`: `/api/backups`, or the page's own."""
    return Backup(
        id=record.id,
        state=record.state,
        progress=round(progress, 4),
        waits_for_another=record.waits_for_another,
        created_at=record.created_at,
        origin=record.origin,
        method=record.method,
        started_by=record.started_by,
        finished_at=record.finished_at,
        expires_at=record.expires_at,
        snapshot=record.snapshot,
        exports=[_export(record, export, base) for export in record.exports],
        error=record.error,
    )


def _export(record: BackupRecord, export: Export, base: str) -> ExportInfo:
    file = export.file if export.state == "ready" and record.state == "ready" else None
    return ExportInfo(
        exporter=export.exporter,
        title=export.title,
        state="expired" if record.state == "gone" and export.state == "ready" else export.state,
        message=export.message,
        location=export.location,
        kept=export.kept,
        file=file
        and ExportedFileInfo(
            filename=file.filename,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=f"{base}/{record.id}/download?exporter={export.exporter}",
        ),
        filename=export.file and export.file.filename,
        size_bytes=export.file and export.file.size_bytes,
        whole_shop=bool(export.file and record.snapshot and export.file.sha256 == record.snapshot.sha256),
        error=export.error,
    )
