"""Why a backup has no file to fetch, in words."""

from __future__ import annotations

from berrypod_backup.faults import BackupNotReady
from berrypod_backup.records import BackupRecord, Export


def never_a_file(export: Export) -> BackupNotReady:
    if export.error:
        return BackupNotReady(
            f"{export.title} failed: {export.error.message}", hint=f"{export.error.hint} Then start a new one."
        )
    where = f" It is at {export.location}." if export.location else ""
    return BackupNotReady(
        f"{export.title} delivered it elsewhere: there never was a file to fetch",
        hint=f"{export.message}{where} Ask the exporter `download` for a file.",
    )


def not_ready(record: BackupRecord) -> BackupNotReady:
    if record.error:
        return BackupNotReady(
            f"The backup {record.state}: {record.error.message}", hint=f"{record.error.hint} Then start a new one."
        )
    if record.state == "done":
        return BackupNotReady(
            "There is nothing to fetch: the backup went to another place", hint="Its exports say where to."
        )
    return BackupNotReady(f"The backup is not ready: it is {record.state}", state=record.state)
