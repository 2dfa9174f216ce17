"""Failed sign-ins that are too many to list.

Anybody can fail to sign in, thousands of times a minute: listing each would fill the log until what happened before is
rotated away. So a number of them is listed an hour, and the others are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from berrypod.audit.entries import line_of, make_line
from berrypod.events import AdminSignInFailed, Event

LISTED: Final = 100
WINDOW: Final = timedelta(hours=1)

# In the place of a reason.
REST_IS_COUNTED: Final = "rest_is_counted"
COUNTED: Final = "counted"


@dataclass
class Flood:
    """The count of one process. Not safe for threads: the caller holds a lock."""

    listed: int = LISTED
    _begun: datetime | None = None
    _told: int = 0
    _more: int = 0

    def lines(self, event: Event, now: datetime) -> bytes:
        """What to write for an event: a line; or two, or none, where failed sign-ins are too many."""
        before = self.overdue(now)
        if not isinstance(event, AdminSignInFailed):
            return before + line_of(event)
        self._begun = self._begun or now
        if self._told < self.listed:
            self._told += 1
            return before + line_of(event)
        self._more += 1
        return before + (_line(now, REST_IS_COUNTED) if self._more == 1 else b"")

    def overdue(self, now: datetime, *, at_once: bool = False) -> bytes:
        """A line that tells the count, when the hour is over (or `at_once`)."""
        if self._begun is None or (now - self._begun < WINDOW and not at_once):
            return b""
        more, self._begun, self._told, self._more = self._more, None, 0, 0
        return _line(now, COUNTED, times=more) if more else b""


def _line(at: datetime, reason: str, **details: int) -> bytes:
    return make_line(AdminSignInFailed.name, at=at, actor=None, address=None, reason=reason, **details)
