"""What is done with kept backups: looked at, noted, read back, fetched, deleted; for whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest
from berrypod.context import PluginContext
from berrypod.errors import Conflict, Invalid
from berrypod.events import KeptBackupDeleted
from berrypod.kept import Kept
from berrypod_backup.archived import ArchivedBackup, ArchiveInfo, told_archive, told_backup
from berrypod_backup.archives import LIST_SECONDS, Archives
from berrypod_backup.faults import BackupUnknown
from berrypod_backup.todays_key import TodaysKey

_LONGEST_NOTE: Final = 500
_NOTE_SECONDS: Final = 30.0
_DELETE_SECONDS: Final = 600.0


class KeptBackups:
    """One per app."""

    def __init__(self, context: PluginContext) -> None:
        self.context = context
        self._archives = Archives(context)
        self._todays_key = TodaysKey(context.database)

    async def archives(self) -> list[ArchiveInfo]:
        """All archives with what lies in them. One that fails is listed with its error."""
        key = await self._todays_key.fingerprint()
        return [told_archive(listing, key) for listing in await self._archives.listings()]

    async def archive(self, exporter: str) -> ArchiveInfo:
        """One archive, or why it cannot be looked at. :raises BackupUnknown: there is no such archive."""
        listing = await self._archives.listing(self._archives.declared(exporter))
        return told_archive(listing, await self._todays_key.fingerprint())

    async def get(self, exporter: str, backup_id: str) -> ArchivedBackup:
        """:raises BackupUnknown: (or CopyUnknown) there is none.
        :raises ExporterFailed: the archive does not answer."""
        entry = await self._archives.call(
            self._archives.declared(exporter), lambda archive: archive.entry(backup_id), seconds=LIST_SECONDS
        )
        if entry.manifest is None:
            raise BackupUnknown(f"{entry.name} in {exporter} is no backup with a manifest")
        return told_backup(entry.manifest, await self._todays_key.fingerprint(), entry.problem)

    async def find(self, backup_id: str, exporter: str | None = None) -> tuple[str, Manifest]:
        """The archive that has a backup of this id, and its manifest.

        :raises BackupUnknown: none has.
        :raises Conflict: several have, and none is named.
        """
        name, entry = await self._find(backup_id, exporter, lambda entry: entry.kind == "backup")
        assert entry.manifest is not None, "a backup has one"
        return name, entry.manifest

    async def find_whatever_is_left(self, backup_id: str, exporter: str | None = None) -> tuple[str, Entry]:
        """As `find`, for whoever wants to be rid of it: it need not be whole, or be one of this shop."""
        return await self._find(backup_id, exporter, lambda _: True)

    async def _find(self, backup_id: str, exporter: str | None, fits: Callable[[Entry], bool]) -> tuple[str, Entry]:
        listings = [each for each in await self._archives.listings() if exporter in (None, each.exporter)]
        found = [
            (each.exporter, entry)
            for each in listings
            for entry in each.entries
            if entry.id is not None and entry.id == backup_id and fits(entry)
        ]
        if not found:
            unseen = [f"{each.title} could not be looked at: {each.error.message}" for each in listings if each.error]
            raise BackupUnknown(
                f"No archive has a backup {backup_id[:40]!r}",
                hint=" ".join(["`berrypod backup list` shows what there is.", *unseen]),
            )
        if len(found) > 1:
            names = " or ".join(name for name, _ in found)
            raise Conflict(f"Several archives have the backup {backup_id}", hint=f"Say which: --exporter {names}.")
        return found[0]

    async def note(
        self, exporter: str, backup_id: str, note: str, *, by: str | None, address: str | None = None
    ) -> ArchivedBackup:
        """Write a note beside a backup, in place of the former one.

        :raises Invalid: it is too long.
        :raises BackupUnknown: (and as `get`) there is no such backup.
        """
        text = " ".join(note.split())
        if len(text) > _LONGEST_NOTE:
            raise Invalid("The note is too long", fields={"note": f"At most {_LONGEST_NOTE} characters."})
        manifest = await self._archives.call(
            self._archives.declared(exporter),
            lambda archive: archive.update(backup_id, lambda manifest: msgspec.structs.replace(manifest, note=text)),
            seconds=_NOTE_SECONDS,
        )
        return told_backup(manifest, await self._todays_key.fingerprint())

    async def verify(self, exporter: str, backup_id: str) -> ArchivedBackup:
        """Read back what is stored, to its last byte. Takes about a second for 250 MB, and longer from afar.

        :raises StorageError: (or BackupError) it is not whole; the message names what is damaged or missing.
        """
        declared = self._archives.declared(exporter)
        manifest = await self._archives.call(
            declared,
            lambda archive: archive.verify(backup_id, self.context.database.settings.secret_key_db),
            seconds=declared.declaration.timeout_seconds,
        )
        return told_backup(manifest, await self._todays_key.fingerprint())

    async def fetch(self, exporter: str, backup_id: str, target: Path) -> None:
        """Write the backup as one ordinary file: whole, or not at all.

        :raises Conflict: `target` exists.
        """
        if await asyncio.to_thread(target.exists):
            raise Conflict(f"There is a file already: {target}", hint="It was left alone. Choose another name.")
        declared = self._archives.declared(exporter)
        await self._archives.call(
            declared, lambda archive: archive.fetch(backup_id, target), seconds=declared.declaration.timeout_seconds
        )

    async def delete(self, exporter: str, backup_id: str, *, by: str | None, address: str | None = None) -> None:
        """Remove a backup for good, and what it shared with no other: whatever there is of one, in an archive; a copy,
        of an exporter that has none.

        :raises BackupUnknown: (or CopyUnknown) there is none.
        """
        if exporter not in {one.declaration.name for one in self._archives.all}:
            await Kept(self.context.plugins, BackupUnknown).delete(exporter, backup_id, by=by, address=address)
            return
        await self._archives.call(
            self._archives.declared(exporter), lambda archive: archive.delete(backup_id), seconds=_DELETE_SECONDS
        )
        self.context.emit(KeptBackupDeleted(exporter=exporter, copy_id=backup_id, actor=by, address=address))
