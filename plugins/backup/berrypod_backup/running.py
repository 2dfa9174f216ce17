"""One backup from its beginning to its end: wait for its turn, copy, verify, export."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Any

import msgspec

from berrypod.archive.manifest import Manifest
from berrypod.archive.taking import Taking
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared, Snapshot
from berrypod.errors import BackupError, BerrypodError
from berrypod.records import Trouble
from berrypod.storage.capturing import CaptureOutrun, PagesUnfit
from berrypod.storage.files import make_private_folder
from berrypod.storage.locks import one_of_all
from berrypod.storage.snapshot import SnapshotFile, Stage, expected_bytes, make_snapshot
from berrypod_backup.announcing import Announcer
from berrypod_backup.archives import Archives
from berrypod_backup.exporting import Exporting, kept
from berrypod_backup.last import LastBackup, remember
from berrypod_backup.owner import Owner
from berrypod_backup.pace import Pace
from berrypod_backup.records import BackupRecord, Export, SnapshotInfo
from berrypod_backup.store import SNAPSHOT_NAME, Store
from berrypod_backup.todays_key import TodaysKey
from berrypod_backup.writing import Copied, Unwanted, Writing

log = logging.getLogger("berrypod.backup")


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

    @cached_property
    def _archives(self) -> Archives:
        return Archives(self.context)

    @cached_property
    def _writing(self) -> Writing:
        return Writing(self.store, self.record.id)

    @cached_property
    def _announcer(self) -> Announcer:
        return Announcer(context=self.context, record=self.record)

    async def _steps(self) -> BackupRecord:
        begun = monotonic()
        noted: list[asyncio.Task[BackupRecord]] = []

        def waiting() -> None:
            noted.append(asyncio.create_task(self._writing.update(_waiting)))

        async with one_of_all(self.store.turn_file, waiting=waiting):
            await asyncio.gather(*noted)
            await self._begin()
            if (only := self._only_archive()) and (manifest := await self._keep_straight(only)):
                exports: Sequence[Export] = [kept(only, self.record.exports[0], manifest)]
                return await self._end(exports, SnapshotInfo.of_manifest(manifest), begun)
            made = await self._copy()
        info = SnapshotInfo.of(made)
        await self._writing.update(lambda record: msgspec.structs.replace(record, state="exporting", snapshot=info))
        exporting = Exporting(
            archives=self._archives,
            snapshot=await self._snapshot(made),
            taking=await self._taking(pages=made.method == "snapshot"),
            folder=self.store.data_folder(self.record.id),
            tell=self._tell_export,
        )
        exports = await exporting.all(list(zip(self.exporters, self.record.exports, strict=True)))
        return await self._end(exports, info, begun)

    # --- copying ---

    async def _begin(self) -> None:
        if any(one.declaration.archive is not None for one in self.exporters):
            await Owner(self.context.database).named()  # before the copy, which has it then
        expected = await expected_bytes(self.context.database)
        await self._writing.update(lambda record: _copying(record, expected))
        self._announcer.started()

    async def _copy(self) -> SnapshotFile:
        folder = await asyncio.to_thread(make_private_folder, self.store.data_folder(self.record.id))
        noted: list[asyncio.Task[BackupRecord]] = []

        def progress(stage: Stage, share: float) -> None:
            # How far the copying is, everybody sees by the size of the file.
            if stage == "verifying" and not noted:
                noted.append(asyncio.create_task(self._writing.update(_verifying)))

        try:
            return await make_snapshot(
                self.context.database,
                folder / SNAPSHOT_NAME,
                method=self.record.method,
                fast=self.record.fast,
                progress=progress,
            )
        finally:
            await asyncio.gather(*noted, return_exceptions=True)

    async def _snapshot(self, made: SnapshotFile) -> Snapshot:
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
            key_fingerprint=await TodaysKey(self.context.database).fingerprint(),
            path=made.path,
            opener=made.open,
        )

    # --- straight into an archive ---

    def _only_archive(self) -> Declared[BackupExporter] | None:
        """The archive that pages can go into straight from the shop's file, with no copy in between."""
        if self.record.method != "snapshot" or len(self.exporters) != 1:
            return None
        (only,) = self.exporters
        return only if only.declaration.archive is not None else None

    async def _keep_straight(self, archive: Declared[BackupExporter]) -> Manifest | None:
        """None: the shop writes more than may wait meanwhile, or has unusual pages. A whole copy is made instead."""
        copied, taking = Copied(self._writing), await self._taking(pages=True)
        try:
            return await self._archives.call(
                archive,
                lambda there: there.take_live(
                    self.context.database, taking, fast=self.record.fast, progress=copied.tell
                ),
                seconds=archive.declaration.timeout_seconds,
            )
        except (CaptureOutrun, PagesUnfit) as error:
            log.warning("backup %s is made in another way: %s", self.record.id, error.message)
            return None
        finally:
            await copied.close()

    async def _taking(self, *, pages: bool) -> Taking:
        record = self.record
        return Taking(
            id=record.id,
            origin=record.origin,
            made_by=record.started_by,
            note=record.note,
            shop=await Owner(self.context.database).known(),
            pages=pages,
            now=self.context.clock,
        )

    # --- the end ---

    async def _end(self, exports: Sequence[Export], snapshot: SnapshotInfo, begun: float) -> BackupRecord:
        # Observers first: as soon as the record says so, somebody may fetch the backup, and they hear of that too.
        await self._writing.require_wanted()
        for export in exports:
            self._announcer.ended(export, snapshot, monotonic() - begun)
            if export.state == "delivered" and self._keeps(export.exporter):
                await remember(self.context.database, last_of(self.record, snapshot, export))
        return await self._finish(exports, snapshot)

    async def _finish(self, exports: Sequence[Export], snapshot: SnapshotInfo) -> BackupRecord:
        now = self.context.now()
        files = {export.file.path for export in exports if export.state == "ready" and export.file}
        if SNAPSHOT_NAME not in files:  # nobody will fetch it: it would only take space
            path = self.store.data_folder(self.record.id) / SNAPSHOT_NAME
            await asyncio.to_thread(path.unlink, missing_ok=True)

        def change(record: BackupRecord) -> BackupRecord:
            finished = msgspec.structs.replace(record, exports=tuple(exports), snapshot=snapshot, finished_at=now)
            if files:
                return msgspec.structs.replace(finished, state="ready", expires_at=now + self.pace.keep)
            if any(export.state == "delivered" for export in exports):
                return msgspec.structs.replace(finished, state="done")
            return msgspec.structs.replace(finished, state="failed", error=_trouble_of(exports))

        return await self._writing.update(change)

    def _keeps(self, exporter: str) -> bool:
        """Whether what it delivered is a backup: a list of orders in somebody's mail is none."""
        return any(one.declaration.name == exporter and one.declaration.kept is not None for one in self.exporters)

    async def _fail(self, error: BerrypodError) -> BackupRecord:
        trouble, now = Trouble.of(error), self.context.now()
        # Whoever deletes a backup takes its folder away, and that is no failure.
        await self._writing.require_wanted()
        self._announcer.all_failed(trouble)
        return await self._writing.update(
            lambda record: msgspec.structs.replace(record, state="failed", error=trouble, finished_at=now)
        )

    async def _tell_export(self, export: Export) -> None:
        await self._writing.update(lambda record: record.with_export(export))

    async def _unless_deleted(self, steps: Coroutine[Any, Any, BackupRecord]) -> BackupRecord:
        """Any process may delete the backup: the record is then gone, and the work ends."""
        task = asyncio.create_task(steps)
        try:
            while not (await asyncio.wait({task}, timeout=self.pace.look_seconds))[0]:
                await self._writing.require_wanted()
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
