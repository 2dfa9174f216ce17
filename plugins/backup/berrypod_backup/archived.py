"""What lies in archives, as the API, the command line and the page tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest, Origin, Proof
from berrypod.records import Trouble
from berrypod_backup.archives import ArchiveListing

OtherKind = Literal["no_manifest", "file_missing", "manifest_unreadable", "other_shop", "foreign"]

_WORDS: Final[dict[OtherKind, str]] = {
    "no_manifest": "A file without a manifest. It may be a good backup: verify it.",
    "file_missing": "A manifest whose backup is not there.",
    "manifest_unreadable": "A manifest that cannot be read.",
    "other_shop": "A backup of another shop, which keeps its backups here too. It is left alone.",
    "foreign": "Not a backup of this shop's making. It is left alone.",
}


class ArchivedBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that is kept. `size_bytes` and `sha256` are of the file that comes out; `stored_bytes` were new in the
    archive when it was added: pages that were there already are stored once."""

    id: str
    filename: str
    created_at: Annotated[datetime, Meta(description="What was committed later is not in it.")]
    finished_at: datetime
    size_bytes: int
    stored_bytes: int
    sha256: str
    page_count: int
    schema_revision: str
    row_counts: dict[str, int]
    method: str
    storage: Annotated[Literal["file", "pages"], Meta(description="One file, or pages that are shared with others.")]
    app_version: str
    origin: Origin
    made_by: str | None
    encrypted: bool
    key_fingerprint: str | None
    opens: Annotated[bool, Meta(description="Whether the shop's present key is the one it was made with.")]
    verified_at: Annotated[datetime | None, Meta(description="When what is stored was last read back and was whole.")]
    proven: Annotated[bool, Meta(description="The newest drill ran a shop on it.")]
    proven_at: datetime | None
    proof: Proof | None
    note: str
    problem: Annotated[Trouble | None, Meta(description="What is wrong with it, as far as that is known.")]


class OtherFile(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that lies in an archive. It is shown, and harms nothing."""

    kind: OtherKind
    name: str
    id: Annotated[str | None, Meta(description="Of the backup of which it is a part: by that it can be deleted.")]
    size_bytes: int
    what: str
    problem: Trouble | None


class ArchiveInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One archive, the newest backup first; or why it cannot be looked at."""

    exporter: str
    title: str
    location: str
    off_site: Annotated[bool, Meta(description="It is not on this machine.")]
    set_up: Annotated[bool, Meta(description="It knows where to put backups. Otherwise there is nothing to list.")]
    backups: list[ArchivedBackup]
    others: list[OtherFile]
    stored_bytes: Annotated[int, Meta(description="What all of it takes there.")]
    error: Trouble | None


def told_archive(listing: ArchiveListing, todays_key: str | None) -> ArchiveInfo:
    """:param todays_key: the fingerprint of the shop's present key, None for a shop that is not encrypted."""
    return ArchiveInfo(
        exporter=listing.exporter,
        title=listing.title,
        location=listing.location,
        off_site=listing.off_site,
        set_up=listing.set_up,
        backups=_backups(listing.entries, todays_key),
        others=[
            OtherFile(
                kind=entry.kind,
                name=entry.name,
                id=entry.id,
                size_bytes=entry.size_bytes,
                what=_WORDS[entry.kind],
                problem=entry.problem,
            )
            for entry in listing.entries
            if entry.kind != "backup"
        ],
        stored_bytes=sum(entry.stored_bytes for entry in listing.entries),
        error=listing.error,
    )


def told_backup(manifest: Manifest, todays_key: str | None, problem: Trouble | None = None) -> ArchivedBackup:
    fields = {
        name: getattr(manifest, name)
        for name in ArchivedBackup.__struct_fields__
        if name not in ("opens", "problem", "filename", "proven")
    }
    return ArchivedBackup(
        **fields,
        filename=manifest.filename,
        proven=manifest.proven,
        opens=manifest.key_fingerprint == todays_key,
        problem=problem,
    )


def _backups(entries: Sequence[Entry], todays_key: str | None) -> list[ArchivedBackup]:
    return [
        told_backup(entry.manifest, todays_key, entry.problem)
        for entry in entries
        if entry.kind == "backup" and entry.manifest is not None
    ]
