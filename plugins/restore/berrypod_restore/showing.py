"""Values of a file from elsewhere, made fit for a page, a terminal and a spreadsheet."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

LONGEST_SHOWN: Final = 120

# Control characters move a terminal's cursor; those that change the direction of writing make a page say other things
# than what is stored.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)

_LARGEST_SUM: Final = 2**63 - 1


def text_of(value: object) -> str:
    """A value as text, whatever was stored. What is no UTF-8 is replaced."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def shown(value: object, longest: int = LONGEST_SHOWN) -> str:
    """One line of text, cut where it is too long."""
    line = " ".join(_INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text_of(value)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def time_of(value: object) -> datetime | None:
    """A stored time, which is in UTC; None for what is none."""
    try:
        time = datetime.fromisoformat(text_of(value))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(value: object) -> int:
    """A stored amount. Another program may have written text or fractions into the column: they count as nothing."""
    return value if isinstance(value, int) and abs(value) <= _LARGEST_SUM else 0


def within_reach(number: int) -> int:
    """A sum that JSON's readers can take."""
    return max(-_LARGEST_SUM, min(number, _LARGEST_SUM))
