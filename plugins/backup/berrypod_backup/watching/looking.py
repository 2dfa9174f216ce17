"""All that can be known of backups now. Cheap enough to be asked every minute: archives are listed once in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from berrypod.archive.manifest import Manifest
from berrypod.archive.threads import apart
from berrypod.context import PluginContext
from berrypod.errors import Invalid, StorageError
from berrypod.storage.files import free_bytes
from berrypod.storage.snapshot import expected_bytes
from berrypod_backup.archives import ArchiveListing, Archives, archive_of
from berrypod_backup.drill.records import DrillRecord
from berrypod_backup.drill.service import Drill
from berrypod_backup.last import LastBackup, recall
from berrypod_backup.schedule.state import Outcome
from berrypod_backup.watching.tallies import Tallies, Tally

# A look at a folder reads its names; one at a bucket is paid for, and takes a second.
_NEAR_SECONDS: Final = 5.0
_FAR_SECONDS: Final = 60.0


class ScheduleState(Protocol):
    """What is known of the schedule: `berrypod_backup.schedule.status.ScheduleStatus`, as far as it is watched."""

    @property
    def enabled(self) -> bool: ...
    @property
    def next_at(self) -> datetime | None: ...
    @property
    def last_success(self) -> Outcome | None: ...
    @property
    def last_failure(self) -> Outcome | None: ...
    @property
    def failing(self) -> bool: ...
    @property
    def given_up(self) -> bool: ...
    @property
    def overdue_since(self) -> datetime | None: ...


ScheduleFunction = Callable[[], Awaitable[ScheduleState]]


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A place on this machine that backups need room in. `exporter` is None for the shop's own disk."""

    exporter: str | None
    path: Path
    free_bytes: int
    device: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found. `last` and `expected_bytes` are None where the shop's file cannot be read at present."""

    at: datetime
    production: bool
    listings: Sequence[ArchiveListing]
    last: LastBackup | None
    expected_bytes: int | None
    schedule: ScheduleState | None
    drills: Sequence[DrillRecord]
    tallies: Mapping[str, Tally]
    disks: Sequence[Disk]

    @property
    def archives(self) -> list[ArchiveListing]:
        """Those that are in use: one that nobody has named a place for is none."""
        return [one for one in self.listings if one.set_up]


class Looking:
    """One per app."""

    def __init__(
        self, context: PluginContext, archives: Archives, drill: Drill, schedule: ScheduleFunction | None = None
    ) -> None:
        self._context = context
        self._archives = archives
        self._drill = drill
        self._schedule = schedule
        self._listed: dict[str, tuple[float, ArchiveListing]] = {}
        self._listing = asyncio.Lock()
        self.tallies = Tallies(context.work_folder)

    async def look(self) -> Seen:
        """Everything, now."""
        last, expected = await self._of_the_shop()
        return Seen(
            at=self._context.now(),
            production=self._context.settings.production,
            listings=await self.listings(),
            last=last,
            expected_bytes=expected,
            schedule=await self._scheduled(),
            drills=await self._drill.all(),
            tallies=await asyncio.to_thread(self.tallies.all),
            # In a thread of its own: a disk of the network that hangs would take all of asyncio's, one at each look.
            disks=await apart(lambda _: self._disks()),
        )

    async def listings(self) -> list[ArchiveListing]:
        """What lies in all archives; of far ones, what lay there a minute ago."""
        async with self._listing:  # Whoever comes meanwhile has the answer of the first.
            return list(await asyncio.gather(*(self._listing_of(name) for name in self._names())))

    def _names(self) -> list[str]:
        return [one.declaration.name for one in self._archives.all]

    async def _listing_of(self, exporter: str) -> ArchiveListing:
        declared = self._archives.declared(exporter)
        known = self._listed.get(exporter)
        kept_seconds = _FAR_SECONDS if declared.declaration.off_site else _NEAR_SECONDS
        if known is not None and monotonic() - known[0] < kept_seconds:
            return known[1]
        listing = await self._archives.listing(declared)
        self._listed[exporter] = (monotonic(), listing)
        return listing

    async def _of_the_shop(self) -> tuple[LastBackup | None, int | None]:
        database = self._context.database
        try:
            return await recall(database), await expected_bytes(database)
        except StorageError:  # it is being replaced, or cannot be opened: others tell of that
            return None, None

    async def _scheduled(self) -> ScheduleState | None:
        if self._schedule is None:
            return None
        try:
            return await self._schedule()
        except (StorageError, Invalid):  # as above; or its zone is one that this machine does not know
            return None

    def _disks(self) -> list[Disk]:
        found = [_disk(None, self._context.database.path.parent)]
        for declared in self._archives.all:
            place = archive_of(declared).storage.local_path("probe")
            if place is not None:
                found.append(_disk(declared.declaration.name, place.parent))
        return [disk for disk in found if disk is not None]


def _disk(exporter: str | None, folder: Path) -> Disk | None:
    """The disk of a folder that may not be there yet."""
    existing = next((each for each in (folder, *folder.parents) if each.is_dir()), None)
    if existing is None:
        return None
    return Disk(exporter=exporter, path=folder, free_bytes=free_bytes(existing), device=existing.stat().st_dev)


def backups_in(listing: ArchiveListing) -> list[Manifest]:
    """The whole backups of an archive, the newest first."""
    return [
        entry.manifest
        for entry in listing.entries
        if entry.kind == "backup" and entry.manifest is not None and entry.problem is None
    ]
