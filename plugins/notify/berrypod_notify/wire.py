"""What the API and the commands tell, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.declarations import NotificationKind, Severity
from berrypod.records import Trouble
from berrypod_notify.state import Sent, Waiting
from berrypod_notify.status import NotifierStatus, Present, Status, Trial


class PresentItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be, now."""

    part: str
    code: str
    severity: Severity
    title: str
    text: str
    what_to_do: str
    path: str
    since: Annotated[datetime | None, Meta(description="When it was first seen; null if that was this moment.")]
    told: Annotated[int, Meta(description="How often it was told since.")]

    @classmethod
    def of(cls, present: Present) -> PresentItem:
        condition, standing = present.condition, present.standing
        return cls(
            part=present.part,
            code=condition.code,
            severity=condition.severity,
            title=condition.title,
            text=condition.text,
            what_to_do=condition.what_to_do,
            path=condition.path,
            since=standing.since if standing else None,
            told=standing.told if standing else 0,
        )


class NotifierItem(msgspec.Struct, frozen=True, kw_only=True):
    """A way to tell somebody."""

    name: str
    title: str
    plugin: str
    set_up: Annotated[bool | None, Meta(description="Whether it knows where to send to; null if it could not say.")]
    to: Annotated[str, Meta(description="Where it sends to, as far as that is no secret.")]
    failing_since: datetime | None
    next_attempt_at: datetime | None
    error: Trouble | None

    @classmethod
    def of(cls, status: NotifierStatus) -> NotifierItem:
        failing = status.failing
        return cls(
            name=status.name,
            title=status.title,
            plugin=status.plugin,
            set_up=status.set_up,
            to=status.to,
            failing_since=failing.since if failing else None,
            next_attempt_at=failing.next_at if failing else None,
            error=failing.trouble if failing else None,
        )


class WaitingItem(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that is not sent yet."""

    notifier: str
    kind: NotificationKind
    part: str
    code: str
    title: str

    @classmethod
    def of(cls, waiting: Waiting) -> WaitingItem:
        news = waiting.news
        return cls(
            notifier=waiting.notifier, kind=news.kind, part=news.part, code=news.words.code, title=news.words.title
        )


class AlarmsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is not well, who is told of it, and what was sent."""

    watched: Annotated[bool, Meta(description="Whether some process of the shop has looked lately.")]
    looked_at: datetime | None
    conditions: list[PresentItem]
    notifiers: list[NotifierItem]
    waiting: list[WaitingItem]
    sent: Annotated[list[Sent], Meta(description="The newest first; 50 are kept.")]

    @classmethod
    def of(cls, status: Status) -> AlarmsAnswer:
        return cls(
            watched=status.watched,
            looked_at=status.looked_at,
            conditions=[PresentItem.of(one) for one in status.present],
            notifiers=[NotifierItem.of(one) for one in status.notifiers],
            waiting=[WaitingItem.of(one) for one in status.waiting],
            sent=list(status.sent),
        )


class TrialItem(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test. `sent`: it was handed over; whether it was read, nobody can know."""

    notifier: str
    sent: bool
    error: Trouble | None = None

    @classmethod
    def of(cls, test: Trial) -> TrialItem:
        return cls(notifier=test.notifier, sent=test.trouble is None, error=test.trouble)


class TrialAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each notifier that was tried."""

    results: list[TrialItem]


class TrialWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which notifier to try; null for all that are set up."""

    notifier: Annotated[str, Meta(max_length=64)] | None = None
