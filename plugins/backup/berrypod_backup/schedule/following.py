"""From the clock, the settings and what was noted: whether a backup is due, and what its outcome means. No I/O here.

A time that was missed, because the machine was off or asleep, is served once, late, however many were missed. A clock
that jumps back is believed: times count from where it stands now, and what it shows a second time is served once more
at the most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from berrypod.records import Trouble
from berrypod_backup.schedule.settings import SavedSchedule, ScheduleSettings, times_of
from berrypod_backup.schedule.state import Outcome, Pending, ScheduleState
from berrypod_backup.schedule.times import Times

LONGEST_WAIT: Final = timedelta(hours=1)

# A time counts as missed when its backup is not there so long after it: time for a big one, and for a few attempts.
GRACE: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of one try: exporters whose backup is there, and why it is not with the others.

    `final`: there is no point in another try.
    """

    backup_id: str | None = None
    made: tuple[str, ...] = ()
    failed: Mapping[str, Trouble]
    final: bool = False


def lateness(settings: ScheduleSettings, times: Times, due: datetime, shop: str) -> timedelta:
    """How late a backup begins: the same however often, and by whatever process, it is asked for.

    Never more than half of the way to the next one.
    """
    following = times.after(due)
    most = min(settings.jitter_seconds, (following - due).total_seconds() / 2 if following else 3600)
    digest = hashlib.sha256(f"{shop} {due.timestamp()}".encode()).digest()
    return timedelta(seconds=int(most * int.from_bytes(digest[:4]) / 2**32))


def followed(before: ScheduleState | None, saved: SavedSchedule, now: datetime, *, shop: str) -> ScheduleState:
    """The state as it is now: with what has become due as `pending`.

    :param shop: tells shops apart: those of one machine do not all begin in the same second.
    """
    state = _counted(before, saved, now)
    settings = saved.settings
    if not settings.enabled:
        return replace(state, pending=None)
    times = times_of(settings)
    due = times.latest(now)
    if due is None or due <= state.counted or now < due + lateness(settings, times, due, shop):
        return state
    return replace(state, counted=due, pending=Pending(due=due, exporters=tuple(dict.fromkeys(settings.exporters))))


def _counted(before: ScheduleState | None, saved: SavedSchedule, now: datetime) -> ScheduleState:
    """The state under these settings and this clock."""
    if before is None or before.since != saved.since:
        since = saved.since or now
        before = before or ScheduleState(counted=now)
        return replace(before, since=saved.since, counted=min(since, now), pending=None)
    pending = before.pending
    if pending and pending.not_before and pending.not_before > now + LONGEST_WAIT:
        pending = replace(pending, not_before=now)
    return replace(before, counted=min(before.counted, now), pending=pending)


def is_turn(pending: Pending, now: datetime) -> bool:
    """True if it is to be tried now."""
    return pending.not_before is None or now >= pending.not_before


def begun(state: ScheduleState, pending: Pending, now: datetime) -> ScheduleState:
    """As a try begins. Noted before it does: whoever finds it so knows that there may be a backup."""
    return replace(state, pending=replace(pending, attempts=pending.attempts + 1, begun_at=now, not_before=None))


def ended(state: ScheduleState, attempt: Attempt, settings: ScheduleSettings, now: datetime) -> ScheduleState:
    """As a try has ended."""
    pending = state.pending
    assert pending is not None, "a try that has ended was begun"
    outcome = Outcome(
        due=pending.due,
        at=now,
        attempts=pending.attempts,
        exporters=tuple(attempt.failed) or attempt.made,
        backup_id=attempt.backup_id,
        trouble=next(iter(attempt.failed.values()), None),
    )
    if outcome.trouble is None:
        return replace(state, pending=None, last_success=outcome, failing_due=None)
    state = replace(state, last_failure=outcome, failing_due=state.failing_due or pending.due)
    if attempt.final or pending.attempts > settings.retries:
        return replace(state, pending=None)
    wait = min(timedelta(seconds=settings.retry_seconds * 2 ** (pending.attempts - 1)), LONGEST_WAIT)
    again = replace(pending, exporters=tuple(attempt.failed), begun_at=None, not_before=now + wait)
    return replace(state, pending=again)


def remarked(state: ScheduleState, remarks: Sequence[Trouble]) -> ScheduleState:
    """With what went wrong after the backup was made."""
    failed, made = state.last_failure, state.last_success
    if made and (failed is None or made.at >= failed.at):
        return replace(state, last_success=replace(made, remarks=tuple(remarks)))
    return replace(state, last_failure=failed and replace(failed, remarks=tuple(remarks)))


def overdue_since(state: ScheduleState | None, saved: SavedSchedule, now: datetime) -> datetime | None:
    """The first due time whose backup should be there by now, and is not."""
    if not saved.settings.enabled or saved.since is None:
        return None
    made = state.last_success.due if state and state.last_success else saved.since
    # One of the future was made while the clock was wrong.
    expected = times_of(saved.settings).after(min(max(made, saved.since), now))
    late = GRACE + timedelta(seconds=saved.settings.jitter_seconds)
    return expected if expected and now > expected + late else None


def next_at(state: ScheduleState | None, saved: SavedSchedule, now: datetime, shop: str) -> datetime | None:
    """When the next backup begins; `now` if one that was missed is about to. None if none will."""
    settings = saved.settings
    if not settings.enabled:
        return None
    times = times_of(settings)
    latest = times.latest(now)
    if latest and latest > _counted(state, saved, now).counted:
        return max(now, latest + lateness(settings, times, latest, shop))
    following = times.after(now)
    return following and following + lateness(settings, times, following, shop)
