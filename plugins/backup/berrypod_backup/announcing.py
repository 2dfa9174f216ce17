"""What observers, the audit log and the figures are told of a backup."""

from __future__ import annotations

from dataclasses import dataclass

from berrypod.context import PluginContext
from berrypod.events import BackupFailed, BackupFinished, BackupStarted
from berrypod.records import Trouble
from berrypod_backup.records import BackupRecord, Export, SnapshotInfo


@dataclass(frozen=True, kw_only=True)
class Announcer:
    """Tells of one backup, in the name of whoever started it."""

    context: PluginContext
    record: BackupRecord

    def started(self) -> None:
        for export in self.record.exports:
            self.context.emit(
                BackupStarted(
                    backup_id=self.record.id,
                    exporter=export.exporter,
                    actor=self.record.started_by,
                    address=self.record.address,
                )
            )

    def ended(self, export: Export, snapshot: SnapshotInfo, seconds: float) -> None:
        """:param seconds: since the backup was begun."""
        if export.error is not None:
            self.failed(export, export.error)
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

    def all_failed(self, trouble: Trouble) -> None:
        for export in self.record.exports:
            self.failed(export, trouble)

    def failed(self, export: Export, trouble: Trouble) -> None:
        self.context.emit(
            BackupFailed(
                backup_id=self.record.id,
                exporter=export.exporter,
                code=trouble.code,
                error=trouble.message,
                hint=trouble.hint,
                actor=self.record.started_by,
                address=self.record.address,
            )
        )
