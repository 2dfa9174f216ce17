"""What waits to be sent, for each notifier: of one condition one thing at most, and nothing that has become old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from berrypod_notify.health import failed_code
from berrypod_notify.names import PART
from berrypod_notify.state import News, Waiting


def queued(waiting: Sequence[Waiting], news: Iterable[News], notifiers: Sequence[str]) -> tuple[Waiting, ...]:
    """What waits after `news` for these notifiers. What waited for others is dropped: they are not set up any more."""
    queue = [one for one in waiting if one.notifier in notifiers]
    for fresh in news:
        for notifier in notifiers:
            # That a notifier fails is told by the others: itself it could tell it only when that is over.
            if (fresh.part, fresh.words.code) != (PART, failed_code(notifier)):
                queue = _with(queue, notifier, fresh)
    return tuple(queue)


def _with(queue: list[Waiting], notifier: str, fresh: News) -> list[Waiting]:
    older = next((one for one in queue if one.notifier == notifier and one.news.key == fresh.key), None)
    if older is None:
        return [*queue, Waiting(notifier=notifier, news=fresh)]
    merged = _merged(older.news, fresh)
    if merged is None:
        return [one for one in queue if one is not older]
    return [replace(one, news=merged) if one is older else one for one in queue]


def _merged(older: News, fresh: News) -> News | None:
    """One thing to tell in place of two, to somebody who has heard of neither. None: nothing any more."""
    if older.kind == "alarm":
        # Its beginning was never told.
        return None if fresh.kind == "recovered" else replace(fresh, kind="alarm")
    return fresh
