"""What is known of a backup: one record each, as it lies on disk and as others are told.

    queued -> copying -> verifying -> exporting -> ready -> gone
                                                \\-> done
    any of the first four -> failed | interrupted

`ready` has something to fetch, `done` was delivered elsewhere, `gone` was fetched or has waited too long. A backup is
`interrupted` when the process that made it has ended: told by the kernel's lock on its folder, not by a clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Manifest, Origin
from berrypod.records import Trouble
from berrypod.storage.snapshot import Method, SnapshotFile

State = Literal["queued", "copying", "verifying", "exporting", "ready", "done", "failed", "interrupted", "gone"]
ExportState = Literal["waiting", "running", "ready", "delivered", "failed", "fetched", "expired"]

ACTIVE: Final = frozenset[State]({"queued", "copying", "verifying", "exporting"})

INTERRUPTED: Final = Trouble(
    code="backup_interrupted",
    message="The process that made the backup ended before it was done.",
    hint="What there was of it has been removed, and the shop is unharmed. Start a new one.",
)


class SnapshotInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of the shop's file that a backup is made of."""

    created_at: Annotated[datetime, Meta(description="What was committed later is not in it.")]
    method: Annotated[
        str,
        Meta(
            description="`compact` leaves out pages that nobody uses; `snapshot` is a copy of the file, byte for byte."
        ),
    ]
    size_bytes: int
    sha256: Annotated[str, Meta(description="Of the file's bytes, in hex.")]
    schema_revision: str
    row_counts: Annotated[dict[str, int], Meta(description="Rows of each table.")]
    encrypted: Annotated[bool, Meta(description="Under the shop's key, SECRET_KEY_DB.")]

    @classmethod
    def of(cls, made: SnapshotFile) -> SnapshotInfo:
        facts = made.facts
        return cls(
            created_at=made.created_at,
            method=made.method,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            schema_revision=facts.schema_revision,
            row_counts=dict(facts.row_counts),
            encrypted=facts.encrypted,
        )

    @classmethod
    def of_manifest(cls, manifest: Manifest) -> SnapshotInfo:
        return cls(**{name: getattr(manifest, name) for name in cls.__struct_fields__})


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits to be fetched. `path` is relative to the backup's folder."""

    path: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one exporter's part. `kept` is the id under which an archive keeps it."""

    exporter: str
    plugin: str
    title: str
    state: ExportState = "waiting"
    message: str = ""
    location: str | None = None
    kept: str | None = None
    file: StoredFile | None = None
    error: Trouble | None = None


class BackupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. `started_by` names who did, as events do: `admin:<e-mail>`, `token:<prefix>`, `cli`; `address` is
    where they did it from.

    `origin` says why it was made, `method` how, `fast` whether it may disturb those who write; `note` goes with what
    an archive keeps.

    `waits_for_another` is true while somebody else makes a snapshot; `expected_bytes` is what this one will take,
    `copied` the share of it (0 to 1) that went straight into an archive; `expires_at` is when files that nobody
    fetched go.
    """

    id: str
    state: State
    created_at: datetime
    started_by: str | None
    address: str | None = None
    origin: Origin = "manual"
    method: Method = "compact"
    fast: bool = False
    note: str = ""
    exports: tuple[Export, ...]
    waits_for_another: bool = False
    expected_bytes: int = 0
    copied: float = 0.0
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    snapshot: SnapshotInfo | None = None
    error: Trouble | None = None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    def export_of(self, exporter: str) -> Export | None:
        return next((export for export in self.exports if export.exporter == exporter), None)

    def kept_by(self, exporter: str | None = None) -> Export | None:
        """What an archive keeps of it: that of `exporter`, or the first; None while there is a file to fetch once."""
        if exporter is None and any(export.file for export in self.exports):
            return None
        return next((one for one in self.exports if one.kept and exporter in (None, one.exporter)), None)

    @property
    def only_kept(self) -> bool:
        """True if all of it is where it is listed as kept."""
        return all(export.kept for export in self.exports)

    def with_export(self, changed: Export) -> BackupRecord:
        exports = tuple(changed if export.exporter == changed.exporter else export for export in self.exports)
        return msgspec.structs.replace(self, exports=exports)


def gone(record: BackupRecord) -> BackupRecord:
    """One that waited to be fetched, and does no longer."""
    return msgspec.structs.replace(record, state="gone") if record.state == "ready" else record
