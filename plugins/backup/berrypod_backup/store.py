"""The records of backups on disk, and the folders of what waits to be fetched (`berrypod.records`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from berrypod.records import Records
from berrypod_backup.records import INTERRUPTED, BackupRecord

SNAPSHOT_NAME = "snapshot.db"


class Store(Records[BackupRecord]):
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        super().__init__(folder, BackupRecord)

    @property
    def turn_file(self) -> Path:
        """Locked by whoever makes a snapshot."""
        return self.work_path("turn")

    def orphaned(self, record: BackupRecord) -> BackupRecord:
        return msgspec.structs.replace(record, state="interrupted", error=INTERRUPTED)

    def settled(self, record: BackupRecord) -> BackupRecord:
        if record.state == "ready" and not self.data_folder(record.id).is_dir():
            return msgspec.structs.replace(record, state="gone")
        return super().settled(record)

    def is_remembered(self, record: BackupRecord) -> bool:
        return record.active or record.state == "ready"

    def copied_bytes(self, backup_id: str) -> int:
        """How much of the snapshot is there. The copy has a temporary name until it is whole."""
        folder = self.data_folder(backup_id)
        # The record may say a moment longer that it is copied: what is whole must not count as nothing then.
        for path in (*folder.glob(f".{SNAPSHOT_NAME}.*.part"), folder / SNAPSHOT_NAME):
            with suppress(FileNotFoundError):
                return path.stat().st_size
        return 0
