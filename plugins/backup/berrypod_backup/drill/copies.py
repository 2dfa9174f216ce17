"""Finding what is kept, and fetching it back from where it lies: through archives, or through an exporter's `kept`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest, ManifestUnreadable
from berrypod.declarations import BackupExporter, Declared
from berrypod.errors import BerrypodError, BrokenOff, DatabaseDamaged, NotFound
from berrypod.kept import ExporterFailed, Kept
from berrypod.storage.files import PRIVATE_FILE, translate_os_error
from berrypod_backup.archives import LIST_SECONDS, Archives, archive_of
from berrypod_backup.drill.faults import Unproven
from berrypod_backup.faults import BackupUnknown

# What says that the backup itself cannot be had whole, and not only today.
_OF_THE_BACKUP: Final = (DatabaseDamaged, NotFound, ManifestUnreadable, BackupUnknown)


class NotAsListed(DatabaseDamaged):
    code = "copy_differs"
    title = "What came back is not what was stored"
    default_hint = "Do not rely on it. Make a new backup, and look whether another place has this one."


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A backup that is kept. `manifest` is None for an exporter that has none; `sha256` then, too, if it tells none,
    and `all_ids` are of all copies that such an exporter keeps."""

    exporter: str
    copy_id: str
    location: str
    size_bytes: int
    sha256: str | None
    manifest: Manifest | None
    all_ids: frozenset[str] = frozenset()


class Copies:
    """What all exporters keep."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._plugins = archives.context.plugins

    async def find(self, exporter: str, copy_id: str) -> Copy:
        """:raises BackupUnknown: (or CopyUnknown) there is no such backup.
        :raises BerrypodError: where it lies cannot be looked at.
        """
        declared = self._declared(exporter)
        if declared.declaration.archive is None:
            return await self._find_kept(declared, copy_id)
        manifest = await self._archives.call(declared, lambda archive: archive.manifest(copy_id), seconds=LIST_SECONDS)
        return Copy(
            exporter=exporter,
            copy_id=copy_id,
            location=archive_of(declared).location,
            size_bytes=manifest.size_bytes,
            sha256=manifest.sha256,
            manifest=manifest,
        )

    async def newest(self) -> list[tuple[str, str]]:
        """The newest backup of each archive: its exporter and its id."""
        found = [(listing.exporter, newest_of(listing.entries)) for listing in await self._archives.listings()]
        return [(exporter, manifest.id) for exporter, manifest in found if manifest is not None]

    async def having(self, backup_id: str) -> list[str]:
        """The exporters whose archives have a backup of this id."""
        return [
            listing.exporter
            for listing in await self._archives.listings()
            if any(entry.kind == "backup" and entry.id == backup_id for entry in listing.entries)
        ]

    async def fetch(self, copy: Copy, target: Path) -> None:
        """Write the copy to the new file `target`: the bytes that were stored, as their digest tells.

        :raises Unproven: they cannot be had, or are others.
        """
        declared = self._declared(copy.exporter)
        try:
            if copy.manifest is None:
                await self._fetch_kept(copy, target)
            else:
                await self._archives.call(
                    declared,
                    lambda archive: archive.fetch(copy.copy_id, target),
                    seconds=declared.declaration.timeout_seconds,
                )
        except BerrypodError as error:
            raise Unproven.because(error, conclusive=isinstance(error, _OF_THE_BACKUP)) from error

    async def verify(self, copy: Copy, by: str | None) -> None:
        """Read back what an archive stores of it. What is not whole is proven no more.

        :raises BerrypodError: it is not whole; the message names what is damaged or missing.
        """
        declared = self._declared(copy.exporter)
        passphrase = self._archives.context.database.settings.secret_key_db
        await self._archives.call(
            declared,
            lambda archive: archive.verify(copy.copy_id, passphrase, by=by),
            seconds=declared.declaration.timeout_seconds,
        )

    # --- inside ---

    def _declared(self, exporter: str) -> Declared[BackupExporter]:
        keeping = [one for one in self._plugins.backup_exporters if one.declaration.kept is not None]
        for one in keeping:
            if one.declaration.name == exporter:
                return one
        names = ", ".join(one.declaration.name for one in keeping)
        raise BackupUnknown(f"There is no exporter {exporter[:64]!r} that keeps backups", hint=f"There are: {names}.")

    async def _find_kept(self, declared: Declared[BackupExporter], copy_id: str) -> Copy:
        name = declared.declaration.name
        # One that is not set up is not listed: it keeps nothing.
        listing = next((one for one in await Kept(self._plugins).listings() if one.exporter == name), None)
        if listing is not None and listing.error is not None:
            raise ExporterFailed(listing.error.message, hint=listing.error.hint)
        copies = listing.copies if listing else []
        for one in copies:
            if one.id == copy_id:
                return Copy(
                    exporter=name,
                    copy_id=copy_id,
                    location=declared.declaration.title,
                    size_bytes=one.size_bytes,
                    sha256=one.sha256,
                    manifest=None,
                    all_ids=frozenset(copy.id for copy in copies),
                )
        raise BackupUnknown(
            f"The exporter {name} has no copy {copy_id[:100]!r}", hint="GET /api/backups lists what exporters keep."
        )

    async def _fetch_kept(self, copy: Copy, target: Path) -> None:
        file = await Kept(self._plugins, BackupUnknown).open(copy.exporter, copy.copy_id)
        digest = hashlib.sha256()

        def add(output: Path, piece: bytes) -> None:
            digest.update(piece)
            with output.open("ab") as opened:
                opened.write(piece)

        try:
            await asyncio.to_thread(target.touch, PRIVATE_FILE, exist_ok=False)
            async with aclosing(file.chunks) as chunks:
                async for piece in chunks:
                    await asyncio.to_thread(add, target, piece)
        except BrokenOff as error:
            raise ExporterFailed(str(error)) from error
        except OSError as error:
            raise translate_os_error(error, target.parent) from error
        if copy.sha256 is not None and digest.hexdigest() != copy.sha256:
            raise NotAsListed(f"{file.copy.filename} has other bytes than {copy.exporter} says it should")


def newest_of(entries: Sequence[Entry]) -> Manifest | None:
    """The newest backup among the entries of an archive, which has the newest first."""
    return next((entry.manifest for entry in entries if entry.kind == "backup" and entry.manifest is not None), None)
