"""Whether all is well, from moment to moment; and who is told when it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from berrypod.plugin_host import checks

Severity: TypeAlias = Literal["warn", "bad"]
NotificationKind: TypeAlias = Literal["alarm", "reminder", "recovered", "test"]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

_LONGEST_TITLE = 80
_LONGEST_WORDS = 1000


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that is not as it should be, now. No condition at all: all is well.

    `code` is stable, and tells one condition from another over time. `severity`: `warn`, somebody should look; `bad`,
    something will be lost if nobody does. `title` (80 characters at most) says what it is, `text` how that is known or
    what will come of it, `what_to_do` the next step. `path` is a page of the administration that helps.
    """

    code: str
    severity: Severity
    title: str
    text: str
    what_to_do: str
    path: str = ""

    def __post_init__(self) -> None:
        checks.require_name("Condition: code", self.code)
        what = f"Condition {self.code!r}"
        checks.require(self.severity in SEVERITIES, f"{what}: severity is {self.severity!r}", "Use warn or bad.")
        checks.require_words(what, title=self.title, text=self.text, what_to_do=self.what_to_do)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_length(what, _LONGEST_WORDS, text=self.text, what_to_do=self.what_to_do)
        checks.require_string(what, path=self.path)
        checks.require(
            self.path == "" or (self.path.startswith("/") and not self.path.startswith("//")),
            f"{what}: path is {self.path!r}",
            "Give the path of a page of this shop: /admin/...",
        )


ConditionsFunction: TypeAlias = Callable[[], Awaitable[Iterable[Condition]] | Iterable[Condition]]


@dataclass(frozen=True, kw_only=True)
class HealthPart:
    """A part of the shop that can be well or not: shown on /admin and, without words, in /health.

    `conditions()` answers what is not well. It is asked when somebody looks, and again and again for alarms: keep it
    cheap. One that raises, or takes longer than `timeout_seconds`, counts as a part of which nothing is known.
    """

    name: str
    title: str
    conditions: ConditionsFunction
    timeout_seconds: float = 5.0
    order: int = 100

    def __post_init__(self) -> None:
        what = f"HealthPart {self.name!r}"
        checks.require_name("HealthPart: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, conditions=self.conditions)
        checks.require_seconds(what, self.timeout_seconds)
        checks.require_order(what, self.order)


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What somebody who looks after the shop is told. `shop` is the shop's name, `since` when it began (UTC).

    `kind`: `alarm`, it has begun; `reminder`, it goes on; `recovered`, it is over; `test`, an admin tries whether it
    arrives. It holds nothing of customers.
    """

    kind: NotificationKind
    part: str
    condition: Condition
    since: datetime
    at: datetime
    shop: str

    def __post_init__(self) -> None:
        checks.require_time("Notification: since", self.since)
        checks.require_time("Notification: at", self.at)


SendFunction: TypeAlias = Callable[[Notification], Awaitable[None] | None]
SendTogetherFunction: TypeAlias = Callable[[tuple[Notification, ...]], Awaitable[None] | None]
IsSetUpFunction: TypeAlias = Callable[[], Awaitable[bool] | bool]


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """A way to tell somebody. `send(notification)` returns when it was handed over, and raises when it was not: then it
    is tried again later. One notifier that fails stops no other.

    `send_together(notifications)` sends two or more in one message: those that are told at the same moment. None: each
    is sent by itself.

    `is_set_up()` answers whether it knows yet where to send to: one that does not is left alone. None: it always does.
    """

    name: str
    title: str
    send: SendFunction
    send_together: SendTogetherFunction | None = None
    is_set_up: IsSetUpFunction | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        what = f"Notifier {self.name!r}"
        checks.require_name("Notifier: name", self.name)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, send=self.send)
        if self.send_together is not None:
            checks.require_function(what, send_together=self.send_together)
        if self.is_set_up is not None:
            checks.require_function(what, is_set_up=self.is_set_up)
        checks.require_seconds(what, self.timeout_seconds)
