"""Fetching what a backup has made: by whoever comes first, to its last byte; then it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from berrypod.context import PluginContext
from berrypod.events import BackupDownloaded
from berrypod_backup.faults import BackupGone, BackupUnknown
from berrypod_backup.last import remember
from berrypod_backup.records import BackupRecord, Export, StoredFile, gone
from berrypod_backup.refusals import never_a_file, not_ready
from berrypod_backup.running import last_of
from berrypod_backup.store import Store


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """A file that may be fetched now."""

    record: BackupRecord
    export: Export
    file: StoredFile
    path: Path


class Fetches:
    """One per app. `look_at` is called with the id of a backup whose record has changed here."""

    def __init__(self, context: PluginContext, store: Store, look_at: Callable[[str], None]) -> None:
        self._context = context
        self._store = store
        self._look_at = look_at
        self._fetched: set[asyncio.Task[None]] = set()
        self._going: set[tuple[str, str]] = set()

    async def fetch(self, record: BackupRecord, exporter: str | None = None) -> Fetch:
        """The file of a backup: the one that `exporter` made, or the first.

        :raises BackupUnknown: it was not made for that exporter.
        :raises BackupNotReady: it is being made, or it failed.
        :raises BackupGone: it was fetched, or waited too long.
        """
        exports = [export for export in record.exports if exporter in (None, export.exporter)]
        if not exports:
            named = ", ".join(export.exporter for export in record.exports)
            raise BackupUnknown(
                f"The backup has nothing of an exporter {exporter!r}", hint=f"It was made for: {named}."
            )
        if exporter and exports[0].state in ("delivered", "failed"):
            raise never_a_file(exports[0])
        if record.active or record.state in ("failed", "interrupted", "done"):
            raise not_ready(record)
        for export in exports:
            if export.state == "ready" and export.file and (record.id, export.exporter) not in self._going:
                path = self._store.data_folder(record.id) / export.file.path
                if await asyncio.to_thread(path.is_file):
                    return Fetch(record=record, export=export, file=export.file, path=path)
        raise BackupGone(f"The backup {record.id} is no longer there")

    def fetched(self, fetch: Fetch, by: str | None, *, address: str | None = None) -> None:
        """A file left to its last byte: it goes. Returns at once: whoever fetched may have closed the connection."""
        going = (fetch.record.id, fetch.export.exporter)
        self._going.add(going)
        task = asyncio.create_task(self._forget(fetch, by, address), name=f"backup {fetch.record.id}: fetched")
        self._fetched.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._fetched.discard(task)
            self._going.discard(going)

        task.add_done_callback(done)

    async def close(self) -> None:
        """Wait for what was fetched to go."""
        await asyncio.gather(*self._fetched, return_exceptions=True)

    async def _forget(self, fetch: Fetch, by: str | None, address: str | None) -> None:
        self._context.emit(
            BackupDownloaded(backup_id=fetch.record.id, size_bytes=fetch.file.size_bytes, actor=by, address=address)
        )
        snapshot = fetch.record.snapshot
        if snapshot and snapshot.sha256 == fetch.file.sha256:  # and not a list of orders that was made of it
            # Before the record says so: who sees that it was saved sees when, too.
            await remember(self._context.database, last_of(fetch.record, snapshot, fetch.export))
        fetched = msgspec.structs.replace(fetch.export, state="fetched")
        first: list[bool] = []

        def change(record: BackupRecord) -> BackupRecord:
            before = record.export_of(fetched.exporter)
            first.append(before is not None and before.state == "ready")
            changed = record.with_export(fetched)
            left = any(export.state == "ready" for export in changed.exports)
            return changed if left else gone(changed)

        record = await asyncio.to_thread(self._store.update, fetch.record.id, change)
        if not any(first):  # somebody else fetched it at the same time, and removed it; or it was deleted
            return
        if record and record.state == "gone":
            await asyncio.to_thread(self._store.remove_data, record.id)
        else:
            await asyncio.to_thread(fetch.path.unlink, missing_ok=True)
        self._look_at(fetch.record.id)
