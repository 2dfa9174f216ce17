"""The record of a backup as whoever makes it writes it: each change is on the disk, and a deletion is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import msgspec

from berrypod.storage.snapshot import Stage
from berrypod_backup.records import BackupRecord
from berrypod_backup.store import Store

Change = Callable[[BackupRecord], BackupRecord]

_TELL_SECONDS = 0.5


class Unwanted(Exception):
    """The backup was deleted while it was being made, perhaps through another process."""


@dataclass(frozen=True)
class Writing:
    """The record of one backup."""

    store: Store
    backup_id: str

    async def update(self, change: Change) -> BackupRecord:
        """:raises Unwanted: the backup was deleted."""
        record = await asyncio.to_thread(self.store.update, self.backup_id, change)
        if record is None:
            raise Unwanted
        return record

    async def require_wanted(self) -> None:
        """:raises Unwanted: the backup was deleted."""
        if not await asyncio.to_thread(self.store.exists, self.backup_id):
            raise Unwanted


class Copied:
    """Writes down, some times a second, how far a backup is that goes straight into an archive."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._told = 0.0
        self._task: asyncio.Task[BackupRecord] | None = None

    def tell(self, stage: Stage, share: float) -> None:
        """In the event loop; returns at once."""
        if stage == "verifying":
            share = 1.0
        now = monotonic()
        if now - self._told < _TELL_SECONDS or (self._task and not self._task.done()):
            return
        self._told = now
        self._task = asyncio.create_task(
            self._writing.update(lambda record: msgspec.structs.replace(record, copied=round(share, 3)))
        )

    async def close(self) -> None:
        """Wait for the last one. That it could not be written, or was not wanted, is for the next step to find out."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
