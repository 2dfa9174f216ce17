"""What can be wrong with a request for a backup."""

from __future__ import annotations

from berrypod.errors import BackupError


class BackupUnknown(BackupError):
    code = "backup_unknown"
    status = 404
    title = "There is no such backup"
    default_hint = "GET /api/backups lists them. Records of old backups are removed, and so are deleted ones."


class BackupNotReady(BackupError):
    code = "backup_not_ready"
    status = 409
    title = "The backup is not ready"
    default_hint = "Ask for its state until it is `ready`, then fetch it."


class BackupGone(BackupError):
    code = "backup_gone"
    status = 410
    title = "The backup is no longer there"
    default_hint = "It went after its download, after an hour, or when the shop was stopped. Start a new one."


class TooManyBackups(BackupError):
    code = "too_many_backups"
    status = 409
    title = "Too many backups wait already"
    default_hint = "Fetch or delete one of them, or wait: each takes as much space as the shop."
