"""The plan of each archive: shown, or carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from berrypod.archive.faults import CopyUnknown
from berrypod.archive.manifest import Manifest
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared
from berrypod.errors import BerrypodError
from berrypod.events import BackupRetentionChanged
from berrypod.records import Trouble
from berrypod.storage.files import make_private_folder
from berrypod.storage.locks import one_of_all
from berrypod.stored import Stored
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archives import ArchiveListing, Archives
from berrypod_backup.faults import BackupUnknown
from berrypod_backup.retention.plan import Going, Plan, plan
from berrypod_backup.retention.settings import DEFAULT, KEY, RetentionSettings, require_sound


@dataclass(frozen=True, kw_only=True)
class ArchivePlan:
    """What the settings mean for one archive; or why that cannot be said."""

    exporter: str
    title: str
    location: str
    plan: Plan | None = None
    error: Trouble | None = None


@dataclass(frozen=True, kw_only=True)
class NotDeleted:
    """A backup that should be gone, and is not."""

    manifest: Manifest
    trouble: Trouble


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was done in one archive. `planned` is what was to be done there."""

    planned: ArchivePlan
    deleted: tuple[Manifest, ...] = ()
    failed: tuple[NotDeleted, ...] = field(default=())

    @property
    def troubles(self) -> list[Trouble]:
        """What went wrong."""
        found = [one.trouble for one in self.failed]
        return [self.planned.error, *found] if self.planned.error else found


class Retention:
    """One per app."""

    def __init__(self, context: PluginContext, archives: Archives, kept: KeptBackups) -> None:
        self.context = context
        self._archives = archives
        self._kept = kept
        self._stored = Stored(context.database, KEY, RetentionSettings, DEFAULT)

    async def settings(self) -> RetentionSettings:
        return await self._stored.get()

    async def save(self, settings: RetentionSettings, *, by: str | None, address: str | None = None) -> None:
        """Deletes nothing by itself: the next backup of the schedule does, or `prune`.

        :raises Invalid: something is wrong with them.
        """
        require_sound(settings)
        before = await self._stored.get()
        await self._stored.put(settings)
        if settings != before:
            self.context.emit(BackupRetentionChanged(enabled=settings.enabled, actor=by, address=address))

    async def preview(self, settings: RetentionSettings | None = None) -> list[ArchivePlan]:
        """What would go now, archive by archive, under these settings; without any, under those that are saved.

        :raises Invalid: something is wrong with them.
        """
        if settings is None:
            settings = await self.settings()
        else:
            require_sound(settings)
        listings = await self._archives.listings()
        return [self._planned(listing, settings) for listing in listings if listing.set_up]

    async def prune(
        self, *, by: str | None, address: str | None = None, exporters: Sequence[str] | None = None
    ) -> list[Pruned]:
        """Delete what the saved settings let go: in these archives, or in all. One that fails stops no other.

        One process at a time: two would plan by the same list, and each fail with what the other has deleted.
        """
        path = await asyncio.to_thread(self._turn_file)
        async with one_of_all(path):
            settings = await self.settings()
            wanted = [one for one in self._archives.all if exporters is None or one.declaration.name in exporters]
            pruned = await asyncio.gather(*(self._prune(one, settings, by, address) for one in wanted))
            return [one for one in pruned if one is not None]

    def _planned(self, listing: ArchiveListing, settings: RetentionSettings) -> ArchivePlan:
        return ArchivePlan(
            exporter=listing.exporter,
            title=listing.title,
            location=listing.location,
            plan=None if listing.error else plan(listing.entries, settings, self.context.now()),
            error=listing.error,
        )

    async def _prune(
        self, exporter: Declared[BackupExporter], settings: RetentionSettings, by: str | None, address: str | None
    ) -> Pruned | None:
        """Returns None for an archive that is not set up."""
        listing = await self._archives.listing(exporter)
        if not listing.set_up:
            return None
        planned = self._planned(listing, settings)
        deleted: list[Manifest] = []
        failed: list[NotDeleted] = []
        # The oldest first: whatever stops this half-way, what is left is what is wanted most.
        for going in reversed(planned.plan.go if planned.plan else ()):
            # Looked at again: if somebody has just deleted the newest proven one, another has to stay.
            now = self._planned(await self._archives.listing(exporter), settings)
            if now.plan is not None and going.manifest.id not in {one.manifest.id for one in now.plan.go}:
                continue
            trouble = now.error or await self._delete(planned.exporter, going, by, address)
            if trouble is None:
                deleted.append(going.manifest)
            else:
                failed.append(NotDeleted(manifest=going.manifest, trouble=trouble))
        return Pruned(planned=planned, deleted=tuple(deleted), failed=tuple(failed))

    async def _delete(self, exporter: str, going: Going, by: str | None, address: str | None) -> Trouble | None:
        """Returns why it could not be deleted."""
        try:
            await self._kept.delete(exporter, going.manifest.id, by=by, address=address)
        except (BackupUnknown, CopyUnknown):
            return None  # somebody else has just deleted it
        except BerrypodError as error:
            return Trouble.of(error)
        return None

    def _turn_file(self) -> Path:
        return make_private_folder(self.context.work_folder()) / "prune"
