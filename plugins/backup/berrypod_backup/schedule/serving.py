"""One backup that is due: made, then old ones removed, then the new one proven."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from berrypod.archive.manifest import Proof
from berrypod.errors import BerrypodError
from berrypod.records import Trouble
from berrypod_backup.archives import Archives
from berrypod_backup.faults import BackupUnknown
from berrypod_backup.records import INTERRUPTED, BackupRecord
from berrypod_backup.retention.applying import Retention
from berrypod_backup.schedule.following import Attempt
from berrypod_backup.schedule.settings import DrillWhen, ScheduleSettings
from berrypod_backup.schedule.state import Pending
from berrypod_backup.service import Backups
from berrypod_backup.zones import known_zone

log = logging.getLogger("berrypod.backup")

ACTOR: Final = "schedule"

DrillFunction: TypeAlias = Callable[[str, str, str], Awaitable[Proof]]
"""Proves a kept backup: the exporter, the backup's id, and for whom it is done."""

# The record is made by the same clock, and keeps microseconds as the note of the attempt does.
_SAME_MOMENT: Final = timedelta(seconds=1)

CANCELLED: Final = Trouble(
    code="backup_cancelled",
    message="The backup was cancelled while it was being made.",
    hint="The next one is made when it is due; or make one now.",
)


@dataclass(frozen=True)
class Serving:
    """What the steps are made by. Without `drill` no backup is proven."""

    backups: Backups
    archives: Archives
    retention: Retention
    drill: DrillFunction | None = None

    async def make(self, settings: ScheduleSettings, pending: Pending) -> Attempt:
        """Make the backup for those archives that have none of this due time yet."""
        there = [one.declaration.name for one in self.archives.all]
        missing = {name: _missing(name, there) for name in pending.exporters if name not in there}
        names = [name for name in pending.exporters if name in there]
        if not names:
            return Attempt(failed=missing)
        try:
            record = await self.backups.start(names, ACTOR, origin="schedule", method=settings.method)
            record = await self.backups.ended(record.id)
        except BackupUnknown:
            return Attempt(failed={**missing, **dict.fromkeys(names, CANCELLED)}, final=True)
        except BerrypodError as error:
            return Attempt(failed={**missing, **dict.fromkeys(names, Trouble.of(error))})
        return _judged(record, names, missing)

    async def found(self, pending: Pending) -> Attempt:
        """What came of a try whose process ended in the middle of it: it may have made the backup all the same."""
        assert pending.begun_at is not None, "asked of a try that was begun"
        since = pending.begun_at - _SAME_MOMENT
        for record in await self.backups.all():
            if record.origin == "schedule" and record.created_at >= since:
                try:
                    return _judged(await self.backups.ended(record.id), pending.exporters, {})
                except BackupUnknown:
                    break
        return Attempt(failed=dict.fromkeys(pending.exporters, INTERRUPTED))

    async def tidy(self, made: Sequence[str]) -> list[Trouble]:
        """Remove what the retention lets go: from archives alone whose new backup is there. Returns what went wrong."""
        try:
            pruned = await self.retention.prune(by=ACTOR, exporters=made)
        except BerrypodError as error:
            return [Trouble.of(error)]
        return [trouble for one in pruned for trouble in one.troubles]

    async def prove(self, attempt: Attempt) -> list[Trouble]:
        """Have the new backups proven, in each archive. Returns what went wrong."""
        remarks: list[Trouble] = []
        for exporter in attempt.made if self.drill and attempt.backup_id else ():
            assert self.drill is not None
            assert attempt.backup_id is not None
            try:
                proof = await self.drill(exporter, attempt.backup_id, ACTOR)
            except BerrypodError as error:
                remarks.append(Trouble.of(error))
            else:
                if proof.problem:
                    remarks.append(Trouble(code="drill_failed", message=proof.problem, hint=proof.hint or ""))
        return remarks


def drill_is_due(when: DrillWhen, zone: str, last: datetime | None, now: datetime) -> bool:
    """`daily` and `weekly`: with the first backup of each day, or week, on the clock of the zone."""
    if when in ("always", "never") or last is None:
        return when != "never"
    local, before = now.astimezone(known_zone(zone)), last.astimezone(known_zone(zone))
    if when == "daily":
        return local.date() != before.date()
    return local.isocalendar()[:2] != before.isocalendar()[:2]


def _judged(record: BackupRecord, names: Sequence[str], missing: dict[str, Trouble]) -> Attempt:
    """A backup that has ended, by exporter."""
    made: list[str] = []
    failed = dict(missing)
    for name in names:
        export = record.export_of(name)
        if export is not None and export.state == "delivered":
            made.append(name)
        else:
            failed[name] = (export and export.error) or record.error or INTERRUPTED
    return Attempt(backup_id=record.id, made=tuple(made), failed=failed)


def _missing(name: str, there: Sequence[str]) -> Trouble:
    return Trouble(
        code="archive_unknown",
        message=f"There is no archive {name!r}; there are: {', '.join(there) or 'none'}.",
        hint="Choose archives that exist on /admin/backup/schedule; /admin/plugins tells why one is missing.",
    )
