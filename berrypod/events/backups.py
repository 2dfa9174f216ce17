"""Events of backups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from berrypod.events.base import Event


@dataclass(frozen=True, kw_only=True)
class BackupStarted(Event):
    name: ClassVar[str] = "backup.started"

    backup_id: str
    exporter: str


@dataclass(frozen=True, kw_only=True)
class BackupFinished(Event):
    """`size_bytes` and `sha256` (hex) are of the snapshot; `seconds` covers snapshot, check and export."""

    name: ClassVar[str] = "backup.finished"

    backup_id: str
    exporter: str
    method: str
    size_bytes: int
    sha256: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class BackupFailed(Event):
    """`code` is stable, `error` and `hint` are for people."""

    name: ClassVar[str] = "backup.failed"

    backup_id: str
    exporter: str
    code: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class BackupDownloaded(Event):
    """The last byte left the server."""

    name: ClassVar[str] = "backup.downloaded"

    backup_id: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class KeptBackupDownloaded(Event):
    """The last byte of a copy that an exporter keeps left the server. `copy_id` is the exporter's."""

    name: ClassVar[str] = "backup.kept_downloaded"

    exporter: str
    copy_id: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class KeptBackupDeleted(Event):
    """A copy that an exporter kept is gone. `copy_id` is the exporter's."""

    name: ClassVar[str] = "backup.kept_deleted"

    exporter: str
    copy_id: str


@dataclass(frozen=True, kw_only=True)
class BackupProven(Event):
    """A drill has fetched a kept backup back and run a shop on it. `copy_id` is the exporter's."""

    name: ClassVar[str] = "backup.proven"

    exporter: str
    copy_id: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class BackupDrillFailed(Event):
    """A drill did not prove a kept backup. `code` is stable, `error` and `hint` are for people."""

    name: ClassVar[str] = "backup.drill_failed"

    exporter: str
    copy_id: str
    code: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class BackupScheduleChanged(Event):
    """When backups are made by themselves, `when` in words; or, `enabled` false, that they are not any more."""

    name: ClassVar[str] = "backup.schedule_changed"

    enabled: bool
    when: str


@dataclass(frozen=True, kw_only=True)
class BackupPlaceChanged(Event):
    """Where an exporter's backups go was changed: to `location`; or, without one, what was set is forgotten."""

    name: ClassVar[str] = "backup.place_changed"

    exporter: str
    location: str | None


@dataclass(frozen=True, kw_only=True)
class BackupRetentionChanged(Event):
    """Which kept backups are removed in time; or, `enabled` false, that none is."""

    name: ClassVar[str] = "backup.retention_changed"

    enabled: bool
