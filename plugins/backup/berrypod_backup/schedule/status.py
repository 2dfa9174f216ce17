"""How the schedule gets on, for whoever asks: a page, a program, an alarm, a metric."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.errors import Invalid
from berrypod_backup.schedule import following
from berrypod_backup.schedule.settings import SavedSchedule
from berrypod_backup.schedule.state import Outcome, ScheduleState


class ScheduleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`last_failure` may be older than `last_success`: `failing` says which of them counts."""

    enabled: bool
    next_at: Annotated[datetime | None, Meta(description="When the next backup begins that is due.")]
    running_since: Annotated[datetime | None, Meta(description="When the backup began that is being made.")]
    retry_at: Annotated[datetime | None, Meta(description="When one that failed is tried again.")]
    last_due: Annotated[datetime | None, Meta(description="The latest due time that was begun.")]
    last_success: Outcome | None
    last_failure: Outcome | None
    failing: Annotated[bool, Meta(description="The latest try failed.")]
    given_up: Annotated[bool, Meta(description="It failed, and so did all further tries of it.")]
    overdue_since: Annotated[
        datetime | None, Meta(description="A due time, an hour ago or more, since which no backup was made.")
    ]


def status_of(state: ScheduleState | None, saved: SavedSchedule, now: datetime, shop: str) -> ScheduleStatus:
    """:param shop: as in `following`."""
    pending = state.pending if state and saved.settings.enabled else None
    success, failure = (state.last_success, state.last_failure) if state else (None, None)
    dues = [one.due for one in (pending, success, failure) if one is not None]
    try:
        next_at, overdue_since = following.next_at(state, saved, now, shop), following.overdue_since(state, saved, now)
    except Invalid:  # times of another machine, with zones that this one does not know: nothing is made, so it is told
        next_at, overdue_since = None, saved.since
    failing = failure is not None and (success is None or failure.at > success.at)
    # The first that fails has all its tries before anybody is alarmed. Where the next is due before they are used up,
    # that one has failed, too.
    tried_again = pending is not None and state is not None and pending.due == state.failing_due
    return ScheduleStatus(
        enabled=saved.settings.enabled,
        next_at=next_at,
        running_since=pending.begun_at if pending else None,
        retry_at=pending.not_before if pending else None,
        last_due=max(dues, default=None),
        last_success=success,
        last_failure=failure,
        failing=failing,
        given_up=failing and not tried_again,
        overdue_since=overdue_since,
    )
