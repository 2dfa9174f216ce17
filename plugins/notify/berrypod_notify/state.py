"""What must be known after a restart: what stands, what was told of it, what waits to be sent, and what failed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from berrypod.declarations import Condition, Notification, NotificationKind, Severity
from berrypod.records import Trouble

SENT_KEPT: Final = 50

Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Key: TypeAlias = tuple[str, str]
"""A part and the code of a condition of it."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, as it is kept."""

    code: str
    severity: Severity
    title: str
    text: str
    what_to_do: str
    path: str = ""

    @classmethod
    def of(cls, condition: Condition) -> Words:
        return msgspec.convert(condition, cls, from_attributes=True)

    def condition(self) -> Condition:
        return Condition(
            code=self.code,
            severity=self.severity,
            title=self.title,
            text=self.text,
            what_to_do=self.what_to_do,
            path=self.path,
        )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that was there at the last look; or is missing, for `gone` looks since `missed_at`.

    `told` counts how often it was told since `since`; 0: nobody knows of it yet. `told_severity`: as what.

    `over_at`: its end was told then, and it is remembered for a while. `unsteady`: it came back while it was.
    """

    part: str
    words: Words
    since: Time
    looks: int = 1
    gone: int = 0
    missed_at: Time | None = None
    over_at: Time | None = None
    unsteady: bool = False
    told: int = 0
    told_at: Time | None = None
    told_severity: Severity | None = None

    @property
    def key(self) -> Key:
        return (self.part, self.words.code)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell, to whoever is to be told."""

    kind: NotificationKind
    part: str
    words: Words
    since: Time
    at: Time

    @property
    def key(self) -> Key:
        return (self.part, self.words.code)

    def notification(self, shop: str) -> Notification:
        return Notification(
            kind=self.kind, part=self.part, condition=self.words.condition(), since=self.since, at=self.at, shop=shop
        )


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """News that `notifier` has not sent yet."""

    notifier: str
    news: News


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A notifier has failed `attempts` times in a row, and is tried again at `next_at`."""

    since: Time
    attempts: int
    next_at: Time
    trouble: Trouble


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that was handed over."""

    at: Time
    notifier: str
    kind: NotificationKind
    part: str
    code: str
    title: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the last test of a notifier."""

    at: Time
    by: str | None
    trouble: Trouble | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `shop` is the shop's name as it was last read: its file may be what is not well."""

    looked_at: Time | None = None
    shop: str = ""
    standing: tuple[Standing, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    failing: dict[str, Failing] = {}
    sent: tuple[Sent, ...] = ()
    tried: dict[str, Tried] = {}
    unreadable: Trouble | None = None
