"""Handing a snapshot to exporters: side by side, each isolated, so that one that fails or hangs stops no other."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from berrypod.archive.manifest import Manifest
from berrypod.archive.taking import Taking
from berrypod.declarations import BackupExporter, Declared, ExportedFile, ExportResult, Snapshot
from berrypod.errors import BackupError, BerrypodError
from berrypod.plugins import Failed
from berrypod.records import Trouble
from berrypod.storage.files import make_private_folder, people_size, translate_os_error
from berrypod_backup.archives import Archives, archive_of
from berrypod_backup.records import Export, StoredFile

_EXPORTS = "exports"

_WHO_TO_TELL = (
    "The copy of the shop was good, so it is this exporter. Tell whoever wrote it; /admin/plugins has details."
)

Tell = Callable[[Export], Awaitable[None]]


async def download(snapshot: Snapshot, folder: Path) -> ExportedFile:
    """The built-in exporter: the snapshot itself, to be fetched."""
    return ExportedFile(path=snapshot.path, filename=f"berrypod-backup-{snapshot.created_at:%Y%m%d-%H%M%S}.db")


def download_exporter() -> BackupExporter:
    return BackupExporter(
        name="download",
        title="Download backup",
        description="One file with the whole shop, encrypted with its key.",
        export=download,
    )


@dataclass(frozen=True, kw_only=True)
class Exporting:
    """The exports of one backup. `folder` is the backup's own; `tell` hears of each change.

    `taking` is what an archive writes down beside the snapshot.
    """

    archives: Archives
    snapshot: Snapshot
    taking: Taking
    folder: Path
    tell: Tell

    async def all(self, exporters: Sequence[tuple[Declared[BackupExporter], Export]]) -> tuple[Export, ...]:
        """Run all exporters, and wait for the last one."""
        before = _mark_of(self.snapshot.path)
        exports = await asyncio.gather(*(self._one(declared, export) for declared, export in exporters))
        if _mark_of(self.snapshot.path) != before:
            exports = [await self._spoilt(export) for export in exports]
        return tuple(exports)

    async def _one(self, declared: Declared[BackupExporter], export: Export) -> Export:
        await self.tell(msgspec.structs.replace(export, state="running"))
        if declared.declaration.archive is not None:
            done = await self._keep(declared, export)
            await self.tell(done)
            return done
        folder = self.folder / _EXPORTS / export.exporter
        try:
            await asyncio.to_thread(make_private_folder, folder)
            outcome = await self.archives.context.plugins.export(declared, self.snapshot, folder)
            if isinstance(outcome, Failed):
                done = _failed(export, outcome)
            else:
                done = await self._done(export, outcome.value)
        except OSError as error:
            translated = translate_os_error(error, folder)
            trouble = translated if isinstance(translated, BerrypodError) else BackupError(str(error))
            done = msgspec.structs.replace(export, state="failed", error=Trouble.of(trouble))
        if done.state != "ready":
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await self.tell(done)
        return done

    async def _keep(self, declared: Declared[BackupExporter], export: Export) -> Export:
        try:
            manifest = await self.archives.call(
                declared,
                lambda archive: archive.take_file(self.snapshot, self.taking),
                seconds=declared.declaration.timeout_seconds,
            )
        except BerrypodError as error:
            return msgspec.structs.replace(export, state="failed", error=Trouble.of(error))
        return kept(declared, export, manifest)

    async def _done(self, export: Export, result: ExportResult) -> Export:
        if not isinstance(result, ExportedFile):
            return msgspec.structs.replace(export, state="delivered", message=result.message, location=result.location)
        path = await asyncio.to_thread(result.path.resolve)
        own = path == await asyncio.to_thread(self.snapshot.path.resolve)
        file = StoredFile(
            path=str(path.relative_to(await asyncio.to_thread(self.folder.resolve))),
            filename=result.filename,
            media_type=result.media_type,
            size_bytes=path.stat().st_size,
            sha256=self.snapshot.sha256 if own else await asyncio.to_thread(_sha256, path),
        )
        return msgspec.structs.replace(export, state="ready", file=file)

    async def _spoilt(self, export: Export) -> Export:
        """The snapshot is not what was verified any more: what was made of it cannot be trusted."""
        trouble = Trouble(
            code="snapshot_changed",
            message="An exporter changed the snapshot while others read it.",
            hint="Leave that exporter out and start again. Tell whoever wrote it that a snapshot is not to be changed.",
        )
        spoilt = msgspec.structs.replace(export, state="failed", file=None, error=trouble)
        await self.tell(spoilt)
        return spoilt


def kept(declared: Declared[BackupExporter], export: Export, manifest: Manifest) -> Export:
    """An export that an archive keeps now."""
    size, stored = people_size(manifest.size_bytes), people_size(manifest.stored_bytes)
    message = f"{size}, kept and checked."
    if manifest.storage == "pages":
        message = f"{size}, kept and checked. {stored} of that were new."
    return msgspec.structs.replace(
        export, state="delivered", message=message, location=archive_of(declared).location, kept=manifest.id
    )


def _failed(export: Export, failed: Failed) -> Export:
    code = "exporter_timed_out" if failed.timed_out else "exporter_failed"
    trouble = Trouble(code=code, message=failed.error, hint=failed.hint or _WHO_TO_TELL)
    return msgspec.structs.replace(export, state="failed", error=trouble)


def _mark_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - as cheap as it gets
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
