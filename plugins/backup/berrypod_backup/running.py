"""One backup from its beginning to its end: wait for its turn, copy, verify, export."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec

from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared, Snapshot
from berrypod.errors import BackupError, BerrypodError
from berrypod.events import BackupFailed, BackupFinished, BackupStarted
from berrypod.records import Trouble
from berrypod.storage.files import make_private_folder
from berrypod.storage.snapshot import SnapshotFile, Stage, expected_bytes, make_snapshot
from berrypod_backup.exporting import Exporting
from berrypod_backup.last import LastBackup, remember
from berrypod_backup.pace import Pace
from berrypod_backup.records import BackupRecord, Export, SnapshotInfo
from berrypod_backup.store import SNAPSHOT_NAME, Store
from berrypod_backup.turns import turn

log = logging.getLogger("berrypod.backup")

Change = Callable[[BackupRecord], BackupRecord]


class Unwanted(Exception):
    """The backup was deleted while it was being made, perhaps through another process."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything is told to the record on disk, which is what other processes see."""

    context: PluginContext
    store: Store
    pace: Pace
    record: BackupRecord
    exporters: Sequence[Declared[BackupExporter]]

    async def run(self) -> BackupRecord:
        """Make the backup. Returns its record, `ready`, `done` or `failed`.

        :raises Unwanted: it was deleted meanwhile.
        """
        try:
            return await self._unless_deleted(self._steps())
        except BerrypodError as error:
            return await self._fail(error)
        except Unwanted:
            raise
        except Exception:  # the boundary of a task that nobody awaits
            log.exception("backup %s failed", self.record.id)
            return await self._fail(BackupError("Something unforeseen went wrong; the server's log has the cause."))

    async def _steps(self) -> BackupRecord:
        begun = monotonic()
        noted: list[asyncio.Task[BackupRecord]] = []

        def waiting() -> None:
            noted.append(asyncio.create_task(self._update(_waiting)))

        async with turn(self.store.turn_file, waiting=waiting):
            await asyncio.gather(*noted)
            made = await self._copy()
        snapshot = self._snapshot(made)
        await self._update(
            lambda record: msgspec.structs.replace(record, state="exporting", snapshot=SnapshotInfo.of(made))
        )
        exporting = Exporting(
            plugins=self.context.plugins,
            snapshot=snapshot,
            folder=self.store.data_folder(self.record.id),
            tell=self._tell_export,
        )
        exports = await exporting.all(list(zip(self.exporters, self.record.exports, strict=True)))
        # Observers first: as soon as the record says so, somebody may fetch the backup, and they hear of that too.
        await self._require_wanted()
        for export in exports:
            self._tell_of_end(export, snapshot, monotonic() - begun)
            if export.state == "delivered" and self._keeps(export.exporter):
                await remember(self.context.database, last_of(self.record, SnapshotInfo.of(made), export))
        return await self._finish(exports)

    async def _copy(self) -> SnapshotFile:
        database = self.context.database
        expected = await expected_bytes(database)
        await self._update(lambda record: _copying(record, expected))
        for export in self.record.exports:
            self.context.emit(
                BackupStarted(
                    backup_id=self.record.id,
                    exporter=export.exporter,
                    actor=self.record.started_by,
                    address=self.record.address,
                )
            )
        folder = await asyncio.to_thread(make_private_folder, self.store.data_folder(self.record.id))
        noted: list[asyncio.Task[BackupRecord]] = []

        def progress(stage: Stage, share: float) -> None:
            # How far the copying is, everybody sees by the size of the file.
            if stage == "verifying" and not noted:
                noted.append(asyncio.create_task(self._update(_verifying)))

        try:
            return await make_snapshot(database, folder / SNAPSHOT_NAME, progress=progress)
        finally:
            await asyncio.gather(*noted, return_exceptions=True)

    def _snapshot(self, made: SnapshotFile) -> Snapshot:
        facts = made.facts
        return Snapshot(
            id=self.record.id,
            created_at=made.created_at,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            method=made.method,
            schema_revision=facts.schema_revision,
            row_counts=dict(facts.row_counts),
            encrypted=facts.encrypted,
            path=made.path,
            opener=made.open,
        )

    async def _finish(self, exports: Sequence[Export]) -> BackupRecord:
        now = self.context.now()
        files = {export.file.path for export in exports if export.state == "ready" and export.file}
        if SNAPSHOT_NAME not in files:  # nobody will fetch it: it would only take space
            snapshot = self.store.data_folder(self.record.id) / SNAPSHOT_NAME
            await asyncio.to_thread(snapshot.unlink, missing_ok=True)

        def change(record: BackupRecord) -> BackupRecord:
            finished = msgspec.structs.replace(record, exports=tuple(exports), finished_at=now)
            if files:
                return msgspec.structs.replace(finished, state="ready", expires_at=now + self.pace.keep)
            if any(export.state == "delivered" for export in exports):
                return msgspec.structs.replace(finished, state="done")
            return msgspec.structs.replace(finished, state="failed", error=_trouble_of(exports))

        return await self._update(change)

    def _tell_of_end(self, export: Export, snapshot: Snapshot, seconds: float) -> None:
        if export.error is not None:
            self._tell_of_failure(export.exporter, export.error)
            return
        self.context.emit(
            BackupFinished(
                backup_id=self.record.id,
                exporter=export.exporter,
                method=snapshot.method,
                size_bytes=snapshot.size_bytes,
                sha256=snapshot.sha256,
                seconds=seconds,
                actor=self.record.started_by,
                address=self.record.address,
            )
        )

    def _keeps(self, exporter: str) -> bool:
        """Whether what it delivered is a backup: a list of orders in somebody's mail is none."""
        return any(one.declaration.name == exporter and one.declaration.kept is not None for one in self.exporters)

    async def _fail(self, error: BerrypodError) -> BackupRecord:
        trouble, now = Trouble.of(error), self.context.now()
        # Whoever deletes a backup takes its folder away, and that is no failure.
        await self._require_wanted()
        for export in self.record.exports:
            self._tell_of_failure(export.exporter, trouble)
        return await self._update(
            lambda record: msgspec.structs.replace(record, state="failed", error=trouble, finished_at=now)
        )

    def _tell_of_failure(self, exporter: str, trouble: Trouble) -> None:
        self.context.emit(
            BackupFailed(
                backup_id=self.record.id,
                exporter=exporter,
                code=trouble.code,
                error=trouble.message,
                hint=trouble.hint,
                actor=self.record.started_by,
                address=self.record.address,
            )
        )

    async def _require_wanted(self) -> None:
        """:raises Unwanted: the backup was deleted."""
        if not await asyncio.to_thread(self.store.exists, self.record.id):
            raise Unwanted

    async def _tell_export(self, export: Export) -> None:
        await self._update(lambda record: record.with_export(export))

    async def _update(self, change: Change) -> BackupRecord:
        record = await asyncio.to_thread(self.store.update, self.record.id, change)
        if record is None:
            raise Unwanted
        return record

    async def _unless_deleted(self, steps: Coroutine[Any, Any, BackupRecord]) -> BackupRecord:
        """Any process may delete the backup: the record is then gone, and the work ends."""
        task = asyncio.create_task(steps)
        try:
            while not (await asyncio.wait({task}, timeout=self.pace.look_seconds))[0]:
                await self._require_wanted()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def _waiting(record: BackupRecord) -> BackupRecord:
    return msgspec.structs.replace(record, waits_for_another=True)


def _copying(record: BackupRecord, expected: int) -> BackupRecord:
    return msgspec.structs.replace(record, state="copying", waits_for_another=False, expected_bytes=expected)


def _verifying(record: BackupRecord) -> BackupRecord:
    return msgspec.structs.replace(record, state="verifying")


def _trouble_of(exports: Sequence[Export]) -> Trouble | None:
    """When all have failed: the first one's trouble, with the name of its exporter."""
    first = exports[0]
    return first.error and msgspec.structs.replace(first.error, message=f"{first.title}: {first.error.message}")


def last_of(record: BackupRecord, snapshot: SnapshotInfo, export: Export) -> LastBackup:
    return LastBackup(
        at=snapshot.created_at,
        exporter=export.exporter,
        title=export.title,
        method=snapshot.method,
        size_bytes=snapshot.size_bytes,
        sha256=snapshot.sha256,
        by=record.started_by,
    )
