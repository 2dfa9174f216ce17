"""The times at which a backup is due, by cronsim; on the clock of a zone, across changes of summer time.

As Debian's cron has it: a time that the clock jumps over in spring is served at the end of the jump, one that comes
twice in autumn is served once; steps (`*/2`) simply go on. (APScheduler's triggers serve such a time in autumn twice
or more, and count a week from Monday as 0, which is not how people write cron.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from berrypod.errors import Invalid

# More than any zone's clock was ever set by in one night.
_AMBIGUOUS: Final = timedelta(hours=3)


class NeverDue(Invalid):
    """A cron expression that makes no sense. The message is the library's."""

    code = "never_due"
    title = "The cron expression makes no sense"
    default_hint = "Give five fields: minute, hour, day of the month, month, day of the week; such as 0 3 * * *."


class Times(ABC):
    """All moments are in UTC, to the second."""

    @abstractmethod
    def onwards(self, moment: datetime) -> Iterator[datetime]:
        """The due times after `moment`, in order. They may come to an end."""

    @abstractmethod
    def latest(self, moment: datetime) -> datetime | None:
        """The last due time that is not after `moment`."""

    def after(self, moment: datetime) -> datetime | None:
        """The first due time after `moment`."""
        return next(self.onwards(moment), None)

    def next(self, moment: datetime, count: int) -> list[datetime]:
        """The first `count` due times after `moment`."""
        return list(islice(self.onwards(moment), count))


class Steps(Times):
    """Every so many seconds since 1970."""

    def __init__(self, seconds: int) -> None:
        self._seconds = max(seconds, 1)

    def onwards(self, moment: datetime) -> Iterator[datetime]:
        step = self._count(moment)
        while True:
            step += 1
            yield self._at(step)

    def latest(self, moment: datetime) -> datetime | None:
        return self._at(self._count(moment))

    def _count(self, moment: datetime) -> int:
        return int(moment.timestamp() // self._seconds)

    def _at(self, step: int) -> datetime:
        return datetime.fromtimestamp(step * self._seconds, UTC)


class Cron(Times):
    """A cron expression of five fields on the clock of a zone."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        """:raises NeverDue: it makes no sense, or there is no such day."""
        self._expression = expression
        self._zone = zone
        self._from(datetime(2026, 1, 1, tzinfo=UTC))

    def onwards(self, moment: datetime) -> Iterator[datetime]:
        # The library forgets in which of two equal hours it begins, and would answer with a time before it.
        return (due for due in self._from(moment - _AMBIGUOUS) if due > moment)

    def latest(self, moment: datetime) -> datetime | None:
        # Backwards it is not told to be as exact on such nights as forwards: it only says where to begin.
        before = self._local(moment - _AMBIGUOUS)
        begin = next(CronSim(self._expression, before, reverse=True), before).astimezone(UTC)
        latest = None
        for due in self._from(begin - _AMBIGUOUS):
            if due > moment:
                break
            latest = due
        return latest

    def _from(self, moment: datetime) -> Iterator[datetime]:
        try:
            iterator = CronSim(self._expression, self._local(moment))
        except CronSimError as error:
            raise NeverDue(str(error)) from None
        return (due.astimezone(UTC) for due in iterator)

    def _local(self, moment: datetime) -> datetime:
        return moment.replace(microsecond=0).astimezone(self._zone)
