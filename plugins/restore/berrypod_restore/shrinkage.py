"""A guard of our own: warns before a file replaces the shop in which much is missing.

It only warns. Going back to a small backup may be what the admin wants; what must not happen is that they don't know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from berrypod.declarations import Allow, Judgement, RestoreCandidate, RestoreGuard, Warn

SHRINKAGE: Final = "restore.shrinkage"
CODE: Final = "shop_shrinks"

_WATCHED: Final = {
    "orders": "orders",
    "products": "products",
    "newsletter_subscribers": "newsletter subscribers",
    "images": "pictures",
}

# Half of three products is no news; the last one is.
_FEWEST_LOST: Final = 5


def shrinkage_guard() -> RestoreGuard:
    return RestoreGuard(name=SHRINKAGE, title="Nothing much is missing", check=check_shrinkage, order=50)


def check_shrinkage(candidate: RestoreCandidate) -> Judgement:
    """Warns if the shop has at least twice as many orders, products, subscribers or pictures as the file.

    A shop whose file cannot be opened has nothing that could shrink.
    """
    now = candidate.current_row_counts
    if now is None:
        return Allow()
    told = [
        f"{words} shrink by {_percent(now[table], rows)} %: {now[table]:,} now, {rows:,} in the file"
        for table, words in _WATCHED.items()
        if table in now and _shrinks(now[table], rows := _rows(candidate.row_counts, table))
    ]
    if not told:
        return Allow()
    return Warn(
        code=CODE,
        message=_sentence("; ".join(told)),
        hint="Look at the list of what would be lost. If a newer backup exists, restore that one instead.",
    )


def _rows(counts: Mapping[str, int], table: str) -> int:
    return counts.get(table, 0)


def _shrinks(now: int, then: int) -> bool:
    lost = now - then
    return lost > 0 and 2 * lost >= now and (lost >= _FEWEST_LOST or then == 0)


def _percent(now: int, then: int) -> int:
    """Rounded down: 100 % is said of nothing that is left."""
    return 100 * (now - then) // now


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
