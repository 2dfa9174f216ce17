"""Which backups of one archive stay and which go: a function of what lies there, the settings and the time.

What no setting overrides, because whoever needs a backup one day relies on it:

- the newest backup stays, and the newest that a drill has proven; if that one's last drill has failed since, or some of
  it is missing by now, also the newest proven one without such a flaw;
- what cannot be understood stays: files without a manifest, manifests without a file or of a later version, foreign
  files. So do backups of another shop in the same place; and what is dated in the future: a clock was wrong, and nobody
  knows how old it is;
- backups that a person made, or that were made before a restore, stay unless the settings say otherwise, and take no
  other one's place;
- one that is known to be bad, because its drill or its check failed, takes no good one's place: the counts are met
  without it. It goes when it would go if it were good.

A backup that nobody has tried counts as any other: with drills weekly, or never, the counts mean what they say.

If a size is set, the oldest that may go do so until the rest fits. If what must stay does not fit by itself, it stays,
and the plan says by how much it is too much. Backups of pages share them: what is left takes as much as its oldest as a
file, and what each later one added. (What each had added by itself would be too little: the first one added everything,
and most of that stays for the others.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.zones import known_zone

Reason = Literal[
    "newest",
    "proven",
    "last",
    "daily",
    "weekly",
    "monthly",
    "all",
    "manual",
    "before_restore",
    "not_understood",
    "other_shop",
    "future",
    "off",
]
Cause = Literal["superfluous", "size"]

# Clocks of several machines on one archive differ a little.
_TOLERANCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Staying:
    """An entry that stays, with every reason that it has."""

    entry: Entry
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Going:
    """A backup that goes: because no count asks for it, or because all together take too much."""

    entry: Entry
    manifest: Manifest
    cause: Cause


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Both in the order in which the entries were given. `stored_bytes` is about what the backups that stay will take,
    `excess_bytes` by how much that is more than the size that was set.
    """

    stay: tuple[Staying, ...]
    go: tuple[Going, ...]
    stored_bytes: int
    excess_bytes: int = 0


@dataclass(frozen=True)
class _Backup:
    """An entry that is understood."""

    entry: Entry
    manifest: Manifest

    @property
    def order(self) -> tuple[datetime, str]:
        """By age; by name where a clock gave two the same time."""
        return (self.manifest.created_at, self.manifest.id)

    @property
    def bad(self) -> bool:
        """Known to be: its drill or its check failed."""
        proof = self.manifest.proof
        return self.entry.problem is not None or (proof is not None and proof.problem is not None)


_Reasoned: TypeAlias = tuple[Reason, Sequence[_Backup]]


def plan(entries: Sequence[Entry], settings: RetentionSettings, now: datetime) -> Plan:
    """What the settings mean for these entries, which may be in any order.

    :raises Invalid: the settings name a zone that is not known (any more).
    """
    backups = _newest_first(entries)
    reasons = _reasons(entries, backups, settings, now)
    asked_for = [backup for backup in backups if reasons[backup.entry.name]]
    limit = settings.max_bytes if settings.enabled else None
    left = asked_for if limit is None else _fitting(asked_for, limit, reasons)
    wanted, staying = {one.entry.name for one in asked_for}, {one.entry.name for one in left}
    going = {
        one.entry.name: Going(
            entry=one.entry, manifest=one.manifest, cause="size" if one.entry.name in wanted else "superfluous"
        )
        for one in backups
        if one.entry.name not in staying
    }
    stored = stored_bytes([backup.entry for backup in left])
    return Plan(
        stay=tuple(
            Staying(entry=entry, reasons=tuple(dict.fromkeys(reasons[entry.name])))
            for entry in entries
            if entry.name not in going
        ),
        go=tuple(going[entry.name] for entry in entries if entry.name in going),
        stored_bytes=stored,
        excess_bytes=max(0, stored - limit) if limit is not None else 0,
    )


def _reasons(
    entries: Sequence[Entry], backups: Sequence[_Backup], settings: RetentionSettings, now: datetime
) -> dict[str, list[Reason]]:
    """For each entry, by its name, why it stays. Without any it is superfluous."""
    if not settings.enabled:
        return {entry.name: ["off"] for entry in entries}
    understood = {backup.entry.name for backup in backups}
    reasons: dict[str, list[Reason]] = {
        entry.name: [] if entry.name in understood else [_not_ours(entry)] for entry in entries
    }
    datable = [backup for backup in backups if backup.manifest.created_at <= now + _TOLERANCE]
    for backup in backups[: len(backups) - len(datable)]:  # the newest first
        reasons[backup.entry.name].append("future")
    for backup in backups:
        origin = backup.manifest.origin
        if origin != "schedule" and not settings.governs(origin):
            reasons[backup.entry.name].append(origin)
    for reason, found in (*_always(datable), *_asked_for(datable, settings)):
        for backup in found:
            reasons[backup.entry.name].append(reason)
    return reasons


def _not_ours(entry: Entry) -> Reason:
    return "other_shop" if entry.kind == "other_shop" else "not_understood"


def stored_bytes(entries: Iterable[Entry]) -> int:
    """About what these backups take by themselves, without any others. What is none does not count."""
    return _Stored(reversed(_newest_first(entries))).bytes


def _newest_first(entries: Iterable[Entry]) -> list[_Backup]:
    found = [
        _Backup(entry, entry.manifest) for entry in entries if entry.kind == "backup" and entry.manifest is not None
    ]
    return sorted(found, key=lambda backup: backup.order, reverse=True)


def _always(backups: Sequence[_Backup]) -> Iterable[_Reasoned]:
    """What no setting lets go. Proven is what a drill has proven once: that its last one failed may be the drill's
    fault."""
    yield "newest", backups[:1]
    for is_proven in (_is_proven, _is_proven_and_whole, _was_proven):
        yield "proven", list(filter(is_proven, backups))[:1]


def _is_proven(backup: _Backup) -> bool:
    return backup.manifest.proven


def _is_proven_and_whole(backup: _Backup) -> bool:
    return backup.manifest.proven and backup.entry.problem is None


def _was_proven(backup: _Backup) -> bool:
    return backup.manifest.proven_at is not None


def _asked_for(backups: Sequence[_Backup], settings: RetentionSettings) -> Iterable[_Reasoned]:
    governed = [backup for backup in backups if settings.governs(backup.manifest.origin)]
    if not settings.counts:
        yield "all", governed
        return
    # Twice, so that the bad ones take no good one's place; and each stays for as long as it would if it were good.
    for counted in (governed, [backup for backup in governed if not backup.bad]):
        yield from _counted(counted, settings)


def _counted(backups: Sequence[_Backup], settings: RetentionSettings) -> Iterable[_Reasoned]:
    zone = known_zone(settings.zone)
    yield "last", backups[: settings.last]
    yield "daily", _newest_of_each(backups, settings.daily, _day, zone)
    yield "weekly", _newest_of_each(backups, settings.weekly, _week, zone)
    yield "monthly", _newest_of_each(backups, settings.monthly, _month, zone)


def _newest_of_each(
    backups: Sequence[_Backup], count: int, period: Callable[[datetime], Hashable], zone: ZoneInfo
) -> list[_Backup]:
    """The newest of each of the last `count` periods that have any."""
    found: dict[Hashable, _Backup] = {}
    for backup in backups:
        found.setdefault(period(backup.manifest.created_at.astimezone(zone)), backup)
        if len(found) > count:
            break
    return list(found.values())[:count]


def _day(local: datetime) -> Hashable:
    return local.date()


def _week(local: datetime) -> Hashable:
    return local.isocalendar()[:2]


def _month(local: datetime) -> Hashable:
    return local.year, local.month


_FREE_TO_GO: Final = frozenset[Reason]({"last", "daily", "weekly", "monthly", "all"})


def _fitting(backups: Sequence[_Backup], limit: int, reasons: dict[str, list[Reason]]) -> list[_Backup]:
    """What is left of those that are asked for when the oldest have gone so that the rest fits."""
    stored, gone = _Stored(reversed(backups)), set[str]()
    for backup in reversed(backups):
        if stored.bytes <= limit:
            break
        if _FREE_TO_GO.issuperset(reasons[backup.entry.name]):
            stored.without(backup)
            gone.add(backup.entry.name)
    return [backup for backup in backups if backup.entry.name not in gone]


class _Stored:
    """What backups take together, as some of them go."""

    def __init__(self, oldest_first: Iterable[_Backup]) -> None:
        self._added = 0
        self._pages: list[_Backup] = []
        for backup in oldest_first:
            self._added += backup.entry.stored_bytes
            if backup.manifest.storage == "pages":
                self._pages.append(backup)

    @property
    def bytes(self) -> int:
        if not self._pages:
            return self._added
        oldest = self._pages[0].entry  # all of its pages are needed, whoever brought them
        return self._added + max(oldest.size_bytes - oldest.stored_bytes, 0)

    def without(self, backup: _Backup) -> None:
        self._added -= backup.entry.stored_bytes
        if backup.manifest.storage == "pages":
            self._pages.remove(backup)
