"""Events of what is told to whoever looks after the shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from berrypod.events.base import Event


@dataclass(frozen=True, kw_only=True)
class NotificationSent(Event):
    """A notifier has handed it over. `kind` is `alarm`, `reminder`, `recovered` or `test`; `part`, `condition` and
    `title` say what it was about.
    """

    name: ClassVar[str] = "notification.sent"

    notifier: str
    kind: str
    part: str
    condition: str
    title: str


@dataclass(frozen=True, kw_only=True)
class NotificationFailed(Event):
    """It could not be handed over, and is tried again. Told once for as long as the notifier goes on failing."""

    name: ClassVar[str] = "notification.failed"

    notifier: str
    kind: str
    part: str
    condition: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class NotificationSettingsChanged(Event):
    """Somebody has changed where a notifier sends to, or (`change`: `removed`) that it sends at all."""

    name: ClassVar[str] = "notification.settings_changed"

    notifier: str
    change: str
