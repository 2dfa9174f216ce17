"""Staging: a file comes to lie beside the database, from a browser, a program, an exporter or this machine's disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

import msgspec

from berrypod import errors
from berrypod.archive.archive import Archive, Manifest
from berrypod.cancelling import in_thread
from berrypod.errors import BerrypodError, BrokenOff
from berrypod.events import RestoreDiscarded, RestoreFailed, RestoreStaged
from berrypod.kept import CopyUnknown, ExporterFailed, Kept, KeptFile
from berrypod.records import Trouble, new_id
from berrypod.storage.diagnosis import require_file
from berrypod.storage.files import free_bytes
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod_restore.examining import Examining
from berrypod_restore.faults import RestoreRunning, TooManyRestores
from berrypod_restore.receiving import Limits, Received, receive
from berrypod_restore.records import AT_TERMINAL, RestoreRecord, Source
from berrypod_restore.sources import cancelled, close, journal_beside, pieces_of, plain_name
from berrypod_restore.verdicts import verdict
from berrypod_restore.workroom import Unwanted, Workroom


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What may be uploaded. `free_bytes` is what the disk has for it; None if that cannot be said."""

    limit_bytes: int
    free_bytes: int | None


class Staging:
    """The beginnings of restores, and their ends when nobody wants them."""

    def __init__(self, workroom: Workroom, examining: Examining) -> None:
        self._workroom = workroom
        self._examining = examining

    @property
    def limits(self) -> Limits:
        """For what comes over the network."""
        return Limits(max_bytes=self._workroom.max_bytes)

    async def room(self, size_bytes: int) -> Room:
        """See `Restores.room`."""
        store = self._workroom.store
        folder = await asyncio.to_thread(self._workroom.context.work_folder)
        if size_bytes:
            await asyncio.to_thread(self.limits.require, folder, size_bytes)
            if error := self._too_many(await asyncio.to_thread(store.all)):
                raise error
        free = await asyncio.to_thread(free_bytes, folder)
        return Room(limit_bytes=self._workroom.max_bytes, free_bytes=max(free - SPARE_BYTES, 0))

    async def stage(
        self,
        chunks: AsyncIterator[bytes],
        *,
        filename: str | None,
        expected_bytes: int | None,
        by: str | None,
        address: str | None,
        source: Source,
        limits: Limits,
    ) -> RestoreRecord:
        """See `Restores.stage`."""
        record = self._new(filename, expected_bytes, by, address, source)
        claim = await self._add(record, limits)
        try:
            received = await self._receive(record, chunks, limits)
            if source in AT_TERMINAL:
                self._workroom.own(record.id)
            record = await self._staged(record, received)
        except BaseException as error:
            # Not in a thread: whoever cancelled this may not wait. Nobody has the id, so nobody misses the record.
            with suppress(BerrypodError):  # the disk refuses that, too: it is swept when it does no longer
                self._workroom.store.delete(record.id)
            claim.close()
            if isinstance(error, BerrypodError):
                self._emit_failed(record, error)
            raise
        self._workroom.begin(record.id, claim, lambda: self._examining.examine(record.id))
        return record

    async def stage_kept(self, exporter: str, copy_id: str, *, by: str | None, address: str | None) -> RestoreRecord:
        """See `Restores.stage_kept`."""
        kept = Kept(self._workroom.context.plugins, CopyUnknown)
        file = await kept.open(exporter, copy_id)
        limits = Limits(max_bytes=None)
        record = self._new(file.copy.filename, file.copy.size_bytes, by, address, "kept")
        try:
            claim = await self._add(record, limits)
        except BaseException:
            await close(file.chunks)
            raise
        self._workroom.begin(record.id, claim, lambda: self._fetch(record, file, limits))
        return record

    async def stage_file(self, path: Path, *, by: str | None) -> RestoreRecord:
        """See `Restores.stage_file`."""
        try:
            size = (await asyncio.to_thread(require_file, path)).st_size
        except errors.DatabaseMissing:
            raise errors.NotFound(f"There is no file {path}", hint="Check its name and the folder.") from None
        except errors.NotADatabase as error:
            raise errors.NotFound(error.message, hint="Name the backup itself, which is one file.") from None
        await asyncio.to_thread(self._refuse_own, path)
        if journal := await asyncio.to_thread(journal_beside, path):
            return await self._refused(path, by, journal)
        return await self.stage(
            pieces_of(path),
            filename=path.name,
            expected_bytes=size,
            by=by,
            address=None,
            source="file",
            limits=Limits(max_bytes=None),
        )

    async def stage_archived(self, archive: Archive, manifest: Manifest, *, by: str | None) -> RestoreRecord:
        """See `Restores.stage_archived`."""
        chunks = archive.open(manifest.id)
        try:
            return await self.stage(
                chunks,
                filename=manifest.filename,
                expected_bytes=manifest.size_bytes,
                by=by,
                address=None,
                source="archive",
                limits=Limits(max_bytes=None),
            )
        finally:
            await close(chunks)

    async def discard(self, restore_id: str, *, by: str | None) -> None:
        """See `Restores.discard`."""

        store = self._workroom.store

        def may_go(record: RestoreRecord) -> bool:
            if record.state == "applying" and store.is_worked_on(record.id):
                raise RestoreRunning("It is being applied, which cannot be stopped half-way", restore_id=record.id)
            return True

        record = await self._workroom.record(restore_id)
        known = await in_thread(lambda: store.delete_if(record.id, may_go))
        await self._workroom.cancel(record.id)
        if known and record.staged:
            self._emit_discarded(record, by)

    async def expire(self) -> None:
        """Remove what nobody restored in time, or wants any more."""
        store = self._workroom.store

        def is_over(record: RestoreRecord) -> bool:
            return record.staged and not record.active and (store.is_expired(record) or store.is_abandoned(record))

        for record in await asyncio.to_thread(store.all):
            if is_over(record) and await in_thread(lambda record=record: store.delete_if(record.id, is_over)):
                self._emit_discarded(record, None)

    # --- inside ---

    def _refuse_own(self, path: Path) -> None:
        """:raises Conflict: it is the shop's own file. To open and close it here would drop SQLite's locks on it."""
        own = self._workroom.context.database.path
        if own.exists() and path.samefile(own):
            raise errors.Conflict(
                f"{path} is the shop's own database",
                hint="Name a backup. `berrypod backup create` makes one.",
            )

    async def _refused(self, path: Path, by: str | None, journal: Path) -> RestoreRecord:
        """The file alone is not the whole: what is beside it would not come along."""
        words = f"{journal.name} lies beside {path.name}, and the newest changes are in there."
        record = msgspec.structs.replace(
            self._new(path.name, None, by, None, "file"),
            state="refused",
            verdict=verdict("journal_beside", words),
            finished_at=self._workroom.context.now(),
        )
        await in_thread(lambda: self._workroom.store.add(record))
        return record

    def _new(
        self, filename: str | None, expected_bytes: int | None, by: str | None, address: str | None, source: Source
    ) -> RestoreRecord:
        now = self._workroom.context.now()
        return RestoreRecord(
            id=new_id(now),
            state="uploading",
            created_at=now,
            by=by,
            address=address,
            filename=plain_name(filename),
            source=source,
            expected_bytes=expected_bytes,
        )

    async def _add(self, record: RestoreRecord, limits: Limits) -> ExitStack:
        """Write the record down, and claim it."""
        self._workroom.require_running()
        store = self._workroom.store
        folder = await asyncio.to_thread(self._workroom.context.work_folder)
        await asyncio.to_thread(limits.require, folder, record.expected_bytes)
        claim = await self._workroom.claim(record.id)
        # Whoever sits at the machine itself may be about to rescue the shop.
        unless = None if record.source in AT_TERMINAL else self._too_many
        try:
            await in_thread(lambda: store.add(record, unless=unless))
        except BaseException:
            claim.close()
            raise
        return claim

    def _too_many(self, records: Sequence[RestoreRecord]) -> TooManyRestores | None:
        most = self._workroom.pace.staged_at_most
        if sum(record.staged for record in records) < most:
            return None
        return TooManyRestores(f"{most} files are staged already")

    async def _receive(self, record: RestoreRecord, chunks: AsyncIterator[bytes], limits: Limits) -> Received:
        return await receive(
            self._while_wanted(record.id, chunks),
            self._workroom.store.candidate(record.id),
            expected_bytes=record.expected_bytes,
            limits=limits,
            pace=self._workroom.pace,
        )

    async def _while_wanted(self, restore_id: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """:raises Conflict: it was discarded meanwhile, perhaps through another process."""
        looked = monotonic()
        async for chunk in chunks:
            yield chunk
            if monotonic() - looked > self._workroom.pace.look_seconds:
                looked = monotonic()
                if not await asyncio.to_thread(self._workroom.store.exists, restore_id):
                    raise cancelled()

    async def _staged(self, record: RestoreRecord, received: Received) -> RestoreRecord:
        try:
            changed = await self._workroom.update(
                record.id,
                lambda found: msgspec.structs.replace(
                    found,
                    state="inspecting",
                    received_bytes=received.size_bytes,
                    expected_bytes=received.size_bytes,
                    sha256=received.sha256,
                    progress=0.0,
                ),
            )
        except Unwanted:
            raise cancelled() from None
        self._workroom.emit(
            RestoreStaged(
                restore_id=record.id,
                sha256=received.sha256,
                size_bytes=received.size_bytes,
                source=record.source,
                actor=record.by,
                address=record.address,
            )
        )
        return changed

    async def _fetch(self, record: RestoreRecord, file: KeptFile, limits: Limits) -> None:
        """In a task: what goes wrong is told by the record."""
        try:
            received = await self._receive(record, file.chunks, limits)
            if file.copy.sha256 is not None and file.copy.sha256 != received.sha256:
                raise ExporterFailed(
                    f"What came of {file.copy.filename} is not what the exporter says that it keeps: "
                    "its digest is another one",
                    hint="Try again, or restore another copy.",
                )
            await self._staged(record, received)
        except BrokenOff as error:
            raise ExporterFailed(str(error)) from error
        finally:
            await close(file.chunks)
        await self._examining.examine(record.id)

    def _emit_failed(self, record: RestoreRecord, error: BerrypodError) -> None:
        trouble = Trouble.of(error)
        self._workroom.emit(
            RestoreFailed(
                restore_id=record.id,
                code=trouble.code,
                error=trouble.message,
                hint=trouble.hint,
                actor=record.by,
                address=record.address,
            )
        )

    def _emit_discarded(self, record: RestoreRecord, by: str | None) -> None:
        self._workroom.emit(
            RestoreDiscarded(restore_id=record.id, sha256=record.sha256, size_bytes=record.received_bytes, actor=by)
        )
