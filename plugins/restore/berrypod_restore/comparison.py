"""The shop as it is now beside a file that is to replace it: what would be lost, what would come back.

Seconds, and flat memory, for 500,000 orders on either side. It works, with less to say, where the shop's own file
cannot be opened or is damaged: then a restore is needed most.
"""

from __future__ import annotations

import heapq
from contextlib import closing
from typing import Final, Generic, TypeVar

import msgspec
from sqlcipher3 import dbapi2

from berrypod.shop.settings import CURRENCY, SET_BY_PEOPLE
from berrypod.storage import schema
from berrypod.storage.verification import count_rows
from berrypod_restore.differences import (
    ITEMS_SHOWN,
    Comparison,
    FileFacts,
    Losses,
    Side,
    TableDifference,
)
from berrypod_restore.facts import FIRST_AND_LAST_CHANGE
from berrypod_restore.kinds import AT, COMPARED, Compared, amount
from berrypod_restore.pairing import pairs
from berrypod_restore.reading import CurrentUnreadable, Row, Source, reading_candidate, reading_current
from berrypod_restore.showing import shown, time_of, within_reach
from berrypod_restore.state import UNREADABLE, matches, quick_state, state_token, token_of

__all__ = ["Comparison", "compare", "matches", "quick_state", "state_token"]

T = TypeVar("T")

# What is carried over from the shop as it is, or of no interest.
_NOT_COMPARED: Final = frozenset(["admin_sessions", "login_attempts", schema.VERSION_TABLE])

_TITLES: Final = {
    "orders": "Orders",
    "order_items": "Lines of orders",
    "products": "Products",
    "product_variants": "Variants of products",
    "images": "Pictures",
    "product_images": "Pictures of products",
    "newsletter_subscribers": "Newsletter subscribers",
    "settings": "Settings",
    "admins": "Admins",
    "api_tokens": "API tokens",
}


def compare(
    current: dbapi2.Connection | None,
    candidate: dbapi2.Connection,
    *,
    current_file: FileFacts | None = None,
    candidate_file: FileFacts | None = None,
    current_error: str | None = None,
) -> Comparison:
    """Compare two open files. Blocks: call it by `Database.run_in_thread`, which can interrupt it.

    Each side is read in one transaction; what is written to the shop meanwhile is not seen, and `state` tells that it
    was not. A shop whose file turns out to be damaged is compared as one that cannot be opened.

    :param current: the shop; None if its file cannot be opened, and `current_error` says why.
    :param current_file: what is known of that file besides its content.
    :raises DatabaseDamaged: the candidate cannot be read to its end.
    """
    state = UNREADABLE
    with reading_candidate(candidate) as theirs:
        if current is not None:
            try:
                with reading_current(current) as ours:
                    # First: after a damaged page nothing more can be read on this connection. Whoever looks again, on
                    # another one, finds this same state, wherever the damage is.
                    state = token_of(ours)
                    return _both(ours, theirs, current_file, candidate_file, state)
            except CurrentUnreadable as error:
                current_error = error.message
        return _alone(theirs, candidate_file, current_error or "The shop's file cannot be opened", state)


def _both(
    ours: Source, theirs: Source, current_file: FileFacts | None, candidate_file: FileFacts | None, state: str
) -> Comparison:
    found = [_differences(ours, theirs, compared) for compared in COMPARED.values()]
    return Comparison(
        current=_side(ours, current_file),
        candidate=_side(theirs, candidate_file),
        tables=_tables(ours.asked(_rows), theirs.asked(_rows)),
        lost=tuple(lost for lost, _ in found),
        returning=tuple(returning for _, returning in found),
        state=state,
    )


def _alone(theirs: Source, candidate_file: FileFacts | None, error: str, state: str) -> Comparison:
    return Comparison(
        current=None,
        candidate=_side(theirs, candidate_file),
        tables=_tables(None, theirs.asked(_rows)),
        lost=(),
        returning=(),
        state=state,
        current_error=error,
    )


def _differences(ours: Source, theirs: Source, compared: Compared) -> tuple[Losses, Losses]:
    """What the shop alone has, with what both have and differs; and what the file alone has."""
    lost, returning, changed = _Sum(compared), _Sum(compared), _Newest[tuple[Row, Row]]()
    with closing(pairs(ours, theirs, compared)) as met:
        for our, their in met:
            if our is None:
                assert their is not None
                returning.add(their)
            elif their is None:
                lost.add(our)
            elif compared.differ(our, their):
                changed.add(our[AT], (our, their))
    items = tuple(compared.changed_item(*pair) for pair in changed.newest())
    return msgspec.structs.replace(lost.told(), changed=changed.count, changed_items=items), returning.told()


class _Newest(Generic[T]):
    """Counts, and keeps the newest of what it is given."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[tuple[bytes, int, T]] = []

    def add(self, at: object, item: T) -> None:
        self.count += 1
        # Times are stored as text that sorts. The number: of two of the same time the later one, and never the items
        # themselves are compared.
        entry = (at if isinstance(at, bytes) else b"", self.count, item)
        if len(self._kept) < ITEMS_SHOWN:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    def newest(self) -> list[T]:
        return [item for _, _, item in sorted(self._kept, key=lambda entry: entry[:2], reverse=True)]


class _Sum:
    """What is lost, or what comes back, of one kind."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        self._rows = _Newest[Row]()
        self._values: dict[object, int] = {}

    def add(self, row: Row) -> None:
        self._rows.add(row[AT], row)
        if money := self._compared.money(row):
            currency, value_minor = money
            self._values[currency] = self._values.get(currency, 0) + value_minor

    def told(self) -> Losses:
        items = tuple(map(self._compared.lost_item, self._rows.newest()))
        largest_first = sorted(self._values.items(), key=lambda value: -value[1])
        return Losses(
            kind=self._compared.kind,
            count=self._rows.count,
            newest_at=items[0].at if items else None,
            values=tuple(amount(currency, within_reach(value)) for currency, value in largest_first),
            items=items,
        )


def _side(source: Source, file: FileFacts | None) -> Side:
    """What is known of one of the two; of the file as it is on the disk, unless it is said how it came."""
    facts = msgspec.structs.asdict(file or FileFacts())
    pages, page_size = (source.row(f"PRAGMA {name}") for name in ("page_count", "page_size"))
    if facts["size_bytes"] is None and pages and page_size:
        facts["size_bytes"] = int(pages[0]) * int(page_size[0])
    if facts["schema_revision"] is None:
        facts["schema_revision"] = source.asked(schema.revision_of)
    oldest, newest = source.row(FIRST_AND_LAST_CHANGE) or (None, None)
    name, currency = (source.setting(key) for key in ("shop.name", CURRENCY))
    return Side(**facts, shop_name=shown(name), currency=currency, oldest_at=time_of(oldest), newest_at=time_of(newest))


def _rows(connection: dbapi2.Connection) -> dict[str, int]:
    """Of each table; of the settings those alone that are compared: a backup that is taken first is no difference."""
    counts = count_rows(connection)
    if "settings" in counts:
        statement = f"SELECT count(*) FROM settings WHERE {SET_BY_PEOPLE}"  # noqa: S608 - a constant
        counts["settings"] = int(connection.execute(statement).fetchone()[0])
    return counts


def _tables(current: dict[str, int] | None, candidate: dict[str, int]) -> tuple[TableDifference, ...]:
    """Each table that either has: those that have a title first, in its order."""
    names = [*_TITLES, *sorted({*(current or {}), *candidate} - {*_TITLES} - _NOT_COMPARED)]
    return tuple(
        TableDifference(
            name=name,
            title=_TITLES.get(name, shown(name)),
            current=ours,
            candidate=theirs,
            difference=None if ours is None else theirs - ours,
        )
        for name in names
        for ours, theirs in [(None if current is None else current.get(name, 0), candidate.get(name, 0))]
    )
