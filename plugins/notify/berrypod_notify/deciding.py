"""What is news. Values in, values out: no clock, no disk, nobody told.

    new        told when it stands at the second look, so that a flicker is no alarm; at once if it is bad
    goes on    told again at a growing pace; and at once when a warning has become bad
    over       told when it was missing at two looks, and only if its beginning was told
    unsteady   back within an hour of its end: its next end is told when it was away for an hour
    unknown    of a part that does not answer nothing is over: it stands as it did

While nobody is to be told, nothing counts as told: whoever is set up later hears of what stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from berrypod.declarations import NotificationKind
from berrypod.health import HealthReport
from berrypod_notify.state import Key, News, Standing, Words

LOOKS: Final = 2
"""How often a condition must be seen, or missed, to count."""

STEADY: Final = timedelta(hours=1)
"""How long what comes and goes must be away to be over: a network that fails every few minutes were hundreds of mails
a day otherwise."""


def decide(
    standing: Sequence[Standing],
    report: HealthReport,
    now: datetime,
    *,
    remind_hours: Sequence[float],
    anybody: bool,
) -> tuple[tuple[Standing, ...], tuple[News, ...]]:
    """What stands after a look, and what of it is to be told.

    :param anybody: whether there is anybody to tell.
    """
    before = {one.key: one for one in standing}
    stand: list[Standing] = []
    news: list[News] = []
    for key, words in _found(report).items():
        now_stands = _seen(before.pop(key, None), key[0], words, now)
        kind = _kind(now_stands, now, remind_hours) if anybody else None
        if kind is not None:
            news.append(_news(kind, now_stands, now))
            now_stands = replace(
                now_stands, told=now_stands.told + 1, told_at=now, told_severity=now_stands.words.severity
            )
        stand.append(now_stands)
    states = {part.name: part.state for part in report.parts}
    for missed in _missed(before.values(), states, now):
        if not _is_over(missed, now):
            stand.append(missed)
        elif anybody:
            news.append(_news("recovered", missed, now))
            stand.append(Standing(part=missed.part, words=missed.words, since=missed.since, over_at=now))
    return tuple(stand), tuple(news)


def _found(report: HealthReport) -> dict[Key, Words]:
    return {(part.name, condition.code): Words.of(condition) for part in report.parts for condition in part.conditions}


def _seen(before: Standing | None, part: str, words: Words, now: datetime) -> Standing:
    if before is None or before.over_at is not None:
        return Standing(part=part, words=words, since=now, unsteady=before is not None)
    # A clock that was set back must not keep a reminder waiting until it has caught up.
    told_at = min(before.told_at, now) if before.told_at else None
    return replace(
        before,
        words=words,
        looks=before.looks + 1,
        gone=0,
        missed_at=None,
        told_at=told_at,
        since=min(before.since, now),
    )


def _missed(before: Iterable[Standing], states: Mapping[str, str], now: datetime) -> Iterator[Standing]:
    """Those that were not found, one look further; without those of which nobody knew, or whose part has gone."""
    for one in before:
        state = states.get(one.part)
        if one.over_at is not None:
            over_at = min(one.over_at, now)
            if state is not None and now - over_at < STEADY:
                yield replace(one, over_at=over_at)
        elif state == "unknown":
            yield one
        elif state is not None and one.told:
            yield replace(one, gone=one.gone + 1, missed_at=min(one.missed_at or now, now))


def _is_over(one: Standing, now: datetime) -> bool:
    """Of one that was missed, whether its end is to be told."""
    if one.gone < LOOKS or one.missed_at is None:
        return False
    return not one.unsteady or now - one.missed_at >= STEADY


def _kind(one: Standing, now: datetime, remind_hours: Sequence[float]) -> NotificationKind | None:
    """As what it is to be told now, if at all."""
    if one.told_at is None:
        return "alarm" if one.words.severity == "bad" or one.looks >= LOOKS else None
    if one.words.severity == "bad" and one.told_severity == "warn":
        return "alarm"
    pause = remind_hours[min(one.told, len(remind_hours)) - 1]
    return "reminder" if now - one.told_at >= timedelta(hours=pause) else None


def _news(kind: NotificationKind, one: Standing, now: datetime) -> News:
    return News(kind=kind, part=one.part, words=one.words, since=one.since, at=now)
