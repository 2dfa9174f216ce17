"""Backups in every state, as the pages are given them: also those that take a broken disk or months to come about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from berrypod_backup.archived import ArchivedBackup, ArchiveInfo, OtherFile
from berrypod_backup.drill.records import DrillRecord, Kind
from berrypod_backup.drill.records import State as DrillState
from berrypod_backup.drill.wire import DrillInfo, told
from berrypod_backup.records import BackupRecord, Export, SnapshotInfo, State, StoredFile
from berrypod_backup.schedule.state import Outcome
from berrypod_backup.schedule.status import ScheduleStatus

from berrypod.archive.manifest import Proof
from berrypod.records import Trouble

NOW: Final = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
SIZE: Final = 1_240_000_000
FOLDER: Final = "/srv/shop/berrypod.db-backups"
BUCKET: Final = "s3://shop-backups/berrypod-0f3a91c2?endpoint=https://storage.example.org&region=eu-central"

DISK_FULL: Final = Trouble(
    code="disk_full",
    message="The disk is full: 1.2 GB are needed in /srv/shop/berrypod.db-work, and 310 MB are free",
    hint="Free some space, or delete backups that are not needed. Nothing was changed.",
)
UNREACHABLE: Final = Trouble(
    code="storage_unreachable",
    message="The storage cannot be reached: storage.example.org does not answer",
    hint="Check the endpoint and the network, and whether the provider reports trouble. Then try again.",
)
REFUSED: Final = Trouble(
    code="credentials_refused",
    message="The storage does not accept the access key for this (AccessDenied)",
    hint="Check the access key's id and secret, and that its policy allows to list the bucket, and to read, write and "
    "delete below the prefix: docs/s3.md has a policy to copy.",
)
DAMAGED: Final = Trouble(
    code="chunk_damaged",
    message="Chunk 3fa9c1d2e4b5a697 is not as it was stored: pages 4,812 to 5,067 of this backup are lost",
    hint="Make a new backup now: it stores these pages anew. See whether another archive has this one.",
)


def record(state: State, *exporters: str, **more: Any) -> BackupRecord:
    """One that was started at half past nine."""
    snapshot = SnapshotInfo(
        created_at=NOW,
        method="compact",
        size_bytes=SIZE,
        sha256="5eed" * 16,
        schema_revision="0007",
        row_counts={"orders": 1204, "products": 48},
        encrypted=True,
    )
    fields: dict[str, Any] = {
        "id": "20260314-093000-0123abcd",
        "state": state,
        "created_at": NOW,
        "started_by": "admin:owner@example.com",
        "exports": tuple(export(name) for name in exporters or ("keep",)),
        "snapshot": snapshot if state not in ("queued", "copying", "verifying") else None,
        "expires_at": NOW + timedelta(hours=1) if state == "ready" else None,
        **more,
    }
    return BackupRecord(**fields)


def export(name: str, **more: Any) -> Export:
    titles = {"download": "Download backup", "keep": "Keep on this machine", "s3": "S3", "orders": "Orders as CSV"}
    return Export(exporter=name, plugin=name, title=titles[name], **more)


FILE: Final = StoredFile(
    path="snapshot.db",
    filename="berrypod-backup-20260314-093000.db",
    media_type="application/vnd.sqlite3",
    size_bytes=SIZE,
    sha256="5eed" * 16,
)


def backup(hours: float = 1, **more: Any) -> ArchivedBackup:
    """One that is kept, and proven."""
    at = NOW - timedelta(hours=hours)
    fields: dict[str, Any] = {
        "id": f"{at:%Y%m%d-%H%M%S}-0123abcd",
        "filename": f"berrypod-backup-{at:%Y%m%d-%H%M%S}.db",
        "created_at": at,
        "finished_at": at + timedelta(seconds=9),
        "size_bytes": SIZE,
        "stored_bytes": 14_600_000,
        "sha256": "5eed" * 16,
        "page_count": SIZE // 4096,
        "schema_revision": "0007",
        "row_counts": {"orders": 1204, "products": 48},
        "method": "snapshot",
        "storage": "pages",
        "app_version": "0.1.0",
        "origin": "schedule",
        "made_by": "schedule",
        "encrypted": True,
        "key_fingerprint": "5f3a91c2",
        "opens": True,
        "verified_at": at,
        "proven": True,
        "proven_at": at + timedelta(minutes=1),
        "proof": Proof(
            at=at + timedelta(minutes=1),
            seconds=31,
            how="Fetched from its archive; opened with today's key and read to its last page; the rows of its 13 "
            "tables counted, as its manifest has them; the front page and a product rendered from it.",
        ),
        "note": "",
        "problem": None,
        **more,
    }
    return ArchivedBackup(**fields)


UNPROVEN: Final[dict[str, Any]] = {"proven": False, "proven_at": None, "proof": None}
BAD_PROOF: Final = Proof(
    at=NOW - timedelta(hours=20),
    seconds=4,
    how="Fetched from its archive.",
    problem="The table orders has 1,203 rows, and the manifest says 1,204",
    hint="Do not rely on it. Prove an older one, and make a new one now.",
)


def in_each_state() -> list[ArchivedBackup]:
    """A row of each kind."""
    return [
        backup(1),
        backup(2, origin="manual", made_by="admin:owner@example.com", note="before the sale", **UNPROVEN),
        backup(3, problem=DAMAGED),
        backup(24, proven=False, proof=BAD_PROOF),
        backup(48, opens=False, key_fingerprint="91c20b7e", origin="before_restore", made_by="admin:o@example.com"),
        backup(72, method="compact", storage="file", stored_bytes=SIZE, origin="manual", made_by="cli"),
        backup(96, verified_at=None, origin="manual", made_by="token:bp_7s0a585n", note="x" * 200, **UNPROVEN),
    ]


def archive(*backups: ArchivedBackup, others: Sequence[OtherFile] = (), **more: Any) -> ArchiveInfo:
    fields: dict[str, Any] = {
        "exporter": "keep",
        "title": "Keep on this machine",
        "location": FOLDER,
        "off_site": False,
        "set_up": True,
        "backups": list(backups),
        "others": list(others),
        "stored_bytes": sum(each.stored_bytes for each in backups),
        "error": None,
        **more,
    }
    return ArchiveInfo(**fields)


def bucket(*backups: ArchivedBackup, **more: Any) -> ArchiveInfo:
    fields: dict[str, Any] = {"exporter": "s3", "title": "S3", "location": BUCKET, "off_site": True, **more}
    return archive(*backups, **fields)


def other(name: str, what: str, problem: Trouble | None = None) -> OtherFile:
    return OtherFile(kind="foreign", name=name, id=None, size_bytes=2_400_000, what=what, problem=problem)


OTHERS: Final = (
    other("holiday pictures (last one, really).zip", "Not a backup of this shop's making. It is left alone."),
    other(
        "berrypod-backup-20260310-030000-0123abcd.db", "A file without a manifest. It may be a good backup: verify it."
    ),
    other("berrypod-backup-20260309-030000-0123abcd.json", "A manifest whose backup is not there."),
    other(
        "berrypod-backup-20260308-030000-0123abcd.json",
        "A manifest that cannot be read.",
        Trouble(
            code="manifest_unreadable", message="The manifest is not as it was written", hint="Look after the disk."
        ),
    ),
)


def drill(state: DrillState, progress: float = 1.0, kind: Kind = "drill", **more: Any) -> DrillInfo:
    proof = backup().proof
    fields: dict[str, Any] = {"proof": proof if state == "proven" else None, "error": None, **more}
    done = DrillRecord(
        id="20260314-093000-00000000",
        kind=kind,
        state=state,
        exporter="keep",
        copy_id=backup().id,
        created_at=NOW,
        started_by="admin:owner@example.com",
        **fields,
    )
    return told(done, progress)


def outcome(hours: float = 6.5, **more: Any) -> Outcome:
    due = NOW - timedelta(hours=hours)
    fields: dict[str, Any] = {"attempts": 1, "exporters": ("keep",), "backup_id": backup().id, **more}
    return Outcome(due=due, at=due + timedelta(seconds=40), **fields)


def status(**more: Any) -> ScheduleStatus:
    """Of a daily schedule that gets on well."""
    fields: dict[str, Any] = {
        "enabled": True,
        "next_at": NOW.replace(hour=3, minute=0) + timedelta(days=1),
        "running_since": None,
        "retry_at": None,
        "last_due": outcome().due,
        "last_success": outcome(),
        "last_failure": None,
        "failing": False,
        "given_up": False,
        "overdue_since": None,
        **more,
    }
    return ScheduleStatus(**fields)


OFF: Final = status(enabled=False, next_at=None, last_due=None, last_success=None)
