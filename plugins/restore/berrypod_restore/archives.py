"""A backup in an archive that is named by its address, for a machine that may have nothing but that and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from berrypod.archive.archive import Archive, Entry
from berrypod.archive.manifest import Manifest
from berrypod.errors import NotFound
from berrypod_restore.faults import RestoreError

NEWEST: Final = "newest"


class ArchiveEmpty(NotFound):
    code = "archive_empty"
    title = "There is no backup"
    default_hint = (
        "Check the address: the bucket or folder, and what comes after it. A shop shows the address of its archive on "
        "/admin/backup."
    )


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that can be had from an archive, or one that cannot, with the `problem` that it has."""

    id: str
    created_at: datetime
    size_bytes: int
    sha256: str
    method: str
    encrypted: bool
    key_fingerprint: str | None
    proven_at: datetime | None
    problem: str | None
    hint: str | None


async def backups_in(archive: Archive) -> list[ArchivedFile]:
    """The backups, the newest first."""
    return [
        ArchivedFile(
            id=manifest.id,
            created_at=manifest.created_at,
            size_bytes=manifest.size_bytes,
            sha256=manifest.sha256,
            method=manifest.method,
            encrypted=manifest.encrypted,
            key_fingerprint=manifest.key_fingerprint,
            proven_at=manifest.proven_at,
            problem=entry.problem.message if entry.problem else None,
            hint=entry.problem.hint if entry.problem else None,
        )
        for entry, manifest in _backups(await archive.entries())
    ]


async def chosen(archive: Archive, wanted: str) -> Manifest:
    """The backup to bring back: one by its id, or the newest.

    The newest is never another than the newest: that one has lost something is for somebody to know, and to decide.

    :raises ArchiveEmpty: there is none at all.
    :raises NotFound: there is none of this id.
    :raises RestoreError: it cannot be had whole.
    """
    found = _backups(await archive.entries())
    if not found:
        raise ArchiveEmpty(f"There is no backup in {archive.location}")
    for entry, manifest in found if wanted != NEWEST else found[:1]:
        if wanted in (NEWEST, manifest.id):
            _require_whole(entry, manifest, found)
            return manifest
    raise NotFound(
        f"There is no backup {wanted[:64]!r} in {archive.location}",
        hint=f"The newest is {found[0][1].id}; `--list` shows all.",
    )


def _backups(entries: Sequence[Entry]) -> list[tuple[Entry, Manifest]]:
    """Those that have a manifest, whole or not."""
    return [(entry, entry.manifest) for entry in entries if entry.manifest is not None and entry.kind != "foreign"]


def _require_whole(entry: Entry, manifest: Manifest, all_of_them: Sequence[tuple[Entry, Manifest]]) -> None:
    if entry.problem is None:
        return
    whole = next((other.id for one, other in all_of_them if one.problem is None), None)
    raise RestoreError(
        f"The backup {manifest.id} cannot be had whole: {entry.problem.message}",
        hint=f"The newest that seems whole is {whole}: `--backup {whole}`." if whole else entry.problem.hint,
    )
