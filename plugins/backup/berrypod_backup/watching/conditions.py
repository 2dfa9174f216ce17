"""What is not as it should be about backups: from what was seen, without a look at anything else.

Codes are stable. What belongs to one archive ends with the name of its exporter: `archive_damaged.keep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from berrypod.declarations import Condition
from berrypod.storage.files import people_size
from berrypod_backup.drill.records import DrillRecord
from berrypod_backup.watching.limits import DEFAULT_LIMITS, Limits
from berrypod_backup.watching.looking import Disk, Seen, backups_in

_PAGE: Final = "/admin/backup"
_LONGEST_CODE: Final = 64
_LONGEST_TITLE: Final = 80
_LONGEST_TEXT: Final = 900


def conditions(seen: Seen, limits: Limits = DEFAULT_LIMITS) -> list[Condition]:
    """All that is not well, the worst first."""
    found = [
        *_overdue(seen, limits),
        *_failed(seen),
        *_damaged(seen),
        *_drills_failed(seen),
        *_full(seen, limits),
        *_unproven(seen, limits),
        *_off_site(seen, limits),
        *_unreachable(seen),
    ]
    return sorted(found, key=lambda condition: condition.severity != "bad")


def _overdue(seen: Seen, limits: Limits) -> Iterator[Condition]:
    schedule = seen.schedule
    if schedule is not None and schedule.enabled:
        if schedule.overdue_since is not None:
            yield _bad(
                "backup_overdue",
                "A backup is overdue",
                f"One was due on {_at(schedule.overdue_since)}, and {_missing(seen) or 'there is none since'}.",
                "Look on the page whether one is being made or has failed. Does the server run, and has the disk room?",
            )
        return
    newest = newest_at(seen)
    if newest is None:
        yield _warn(
            "backup_overdue",
            "There is no backup",
            "If this machine breaks, the shop is lost.",
            "Make a backup now, and set a schedule, so that nobody has to think of it.",
        )
    elif seen.at - newest > limits.without_schedule:
        yield _bad(
            "backup_overdue",
            f"The last backup is {_days(seen.at - newest)} old",
            f"It was made on {_at(newest)}. What was ordered since would be lost. No schedule is set.",
            "Make a backup now, and set a schedule, so that nobody has to think of it.",
        )


def _failed(seen: Seen) -> Iterator[Condition]:
    schedule = seen.schedule
    if schedule is None or not schedule.enabled or not schedule.given_up:
        return
    outcome = schedule.last_failure
    trouble = outcome.trouble if outcome is not None else None
    yield _bad(
        "backup_failed",
        "The last scheduled backup failed",
        f"{trouble.message.rstrip('.')}. The backup {_missing(seen)}." if trouble else "The page has the reason.",
        trouble.hint if trouble else "Look at the page, and start a backup by hand.",
    )


def _missing(seen: Seen) -> str:
    """In which archives the scheduled backup that failed last is missing: the others have theirs."""
    failure = seen.schedule.last_failure if seen.schedule and seen.schedule.failing else None
    if failure is None:
        return ""
    titles = {archive.exporter: archive.title for archive in seen.listings}
    return "is missing in " + ", ".join(f"“{titles.get(name, name)}”" for name in failure.exporters)


def _damaged(seen: Seen) -> Iterator[Condition]:
    """What a look or a verification has found in an archive."""
    for archive in seen.archives:
        bad = [
            entry
            for entry in archive.entries
            if entry.kind in ("file_missing", "manifest_unreadable") or (entry.kind == "backup" and entry.problem)
        ]
        if bad:
            problem = bad[0].problem
            yield _bad(
                _code("archive_damaged", archive.exporter),
                f"{_counted(len(bad), 'backup')} in {archive.title} cannot be relied on",
                f"{bad[0].name}: {problem.message if problem else 'a part of it is missing'}.",
                problem.hint if problem else "Make a new backup now, and look after the disk that it lies on.",
            )


def _drills_failed(seen: Seen) -> Iterator[Condition]:
    kept = {one.exporter: {entry.id for entry in one.entries} for one in seen.archives if one.error is None}
    for record in newest_drills(seen.drills):
        # One that was deleted since troubles nobody.
        there = record.exporter not in kept or record.copy_id in kept[record.exporter]
        if there and record.state == "failed" and record.error is not None:
            drill = record.kind == "drill"
            yield _bad(
                _code("drill_failed" if drill else "check_failed", record.exporter),
                f"The last {record.kind} of what {record.exporter} keeps failed",
                f"The backup {record.copy_id} is not {'proven' if drill else 'whole'}: {record.error.message}",
                record.error.hint,
            )


def _full(seen: Seen, limits: Limits) -> Iterator[Condition]:
    """The next backup must fit: where it is made, and where it is kept. One disk is told of once."""
    if seen.expected_bytes is None:
        return
    told: set[int] = set()
    needed = seen.expected_bytes + limits.spare_bytes
    for disk in seen.disks:
        if disk.device in told or disk.free_bytes >= seen.expected_bytes * limits.roomy + limits.spare_bytes:
            continue
        told.add(disk.device)
        fits = disk.free_bytes >= needed
        text = (
            f"{people_size(disk.free_bytes)} are free on the disk of {disk.path}, and a backup needs "
            f"{people_size(needed)} there (the shop has {people_size(seen.expected_bytes)})."
        )
        what_to_do = "Delete old backups, keep fewer of them, or give the disk more room."
        if fits:
            yield _warn(_disk_code(disk), "The disk is nearly full", text, what_to_do)
        else:
            yield _bad(_disk_code(disk), "The next backup does not fit on the disk", text, what_to_do)


def _unproven(seen: Seen, limits: Limits) -> Iterator[Condition]:
    backups = [backup for archive in seen.archives for backup in backups_in(archive)]
    if not backups:
        return
    proven = [backup.proven_at for backup in backups if backup.proven_at is not None and backup.proven]
    what_to_do = "Have the newest one proven: on its line of the page, or by `berrypod backup drill`."
    if not proven:
        if seen.at - min(backup.created_at for backup in backups) > limits.first_proof:
            yield _warn(
                "backup_unproven",
                "No backup was ever proven",
                "Whether a shop can be run on one of them, nobody has tried.",
                what_to_do,
            )
    elif seen.at - max(proven) > limits.unproven:
        yield _warn(
            "backup_unproven",
            f"The last drill that succeeded was {_days(seen.at - max(proven))} ago",
            f"That was on {_at(max(proven))}. Nobody has tried a newer backup since.",
            what_to_do,
        )


def _off_site(seen: Seen, limits: Limits) -> Iterator[Condition]:
    """Whatever takes the machine takes the backups on it as well."""
    off_site = [archive for archive in seen.archives if archive.off_site]
    if not off_site:
        if seen.production:
            yield _warn(
                "off_site_missing",
                "No backup is kept off this machine",
                "A broken disk, a fire or a thief takes the shop and its backups at once. None of the exporters that "
                "keep backups elsewhere is set up.",
                "Set one up (S3, say); or download a backup now and again, and keep it elsewhere.",
            )
        return
    newest = max((backup.created_at for archive in off_site for backup in backups_in(archive)), default=None)
    reached = any(archive.error is None for archive in off_site)
    if reached and (newest is None or seen.at - newest > limits.off_site):
        yield _warn(
            "off_site_missing",
            "No backup off this machine is recent",
            f"The newest one is of {_at(newest)}." if newest else "There is none there yet.",
            f"Have the schedule send backups there, too: {', '.join(archive.title for archive in off_site)}.",
        )


def _unreachable(seen: Seen) -> Iterator[Condition]:
    for archive in seen.archives:
        if archive.error is not None:
            yield _warn(
                _code("archive_unreachable", archive.exporter),
                f"{archive.title} cannot be looked at",
                archive.error.message,
                archive.error.hint,
            )


# --- what others ask as well ---


def newest_at(seen: Seen) -> datetime | None:
    """When the newest backup was made, wherever it is."""
    kept = [backup.created_at for archive in seen.archives for backup in backups_in(archive)]
    return max([*kept, *([seen.last.at] if seen.last else [])], default=None)


def newest_drills(drills: Iterable[DrillRecord]) -> list[DrillRecord]:
    """The newest drill of each exporter that told anything, and the newest check."""
    found: dict[tuple[str, str], DrillRecord] = {}
    for record in drills:
        if record.state in ("proven", "whole", "failed"):
            found.setdefault((record.exporter, record.kind), record)
    return list(found.values())


# --- words ---


def _bad(code: str, title: str, text: str, what_to_do: str) -> Condition:
    return _condition("bad", code, title, text, what_to_do)


def _warn(code: str, title: str, text: str, what_to_do: str) -> Condition:
    return _condition("warn", code, title, text, what_to_do)


def _condition(severity: Literal["warn", "bad"], code: str, title: str, text: str, what_to_do: str) -> Condition:
    """Errors of third parties are quoted in it, and have any length."""
    return Condition(
        code=code,
        severity=severity,
        title=title[:_LONGEST_TITLE],
        text=text[:_LONGEST_TEXT],
        what_to_do=what_to_do[:_LONGEST_TEXT],
        path=_PAGE,
    )


def _code(stem: str, exporter: str) -> str:
    return f"{stem}.{exporter}"[:_LONGEST_CODE].rstrip("._-")


def _disk_code(disk: Disk) -> str:
    return "disk_nearly_full" if disk.exporter is None else _code("disk_nearly_full", disk.exporter)


def _at(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _days(past: timedelta) -> str:
    return "1 day" if past.days == 1 else f"{past.days} days"


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
