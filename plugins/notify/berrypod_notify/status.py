"""What there is to know of the alarms, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from berrypod.declarations import Condition
from berrypod.records import Trouble
from berrypod_notify.settings import Targets
from berrypod_notify.state import Failing, Sent, Standing, Tried, Waiting


@dataclass(frozen=True, kw_only=True)
class Present:
    """A condition of this moment. `standing` is what the watch knows of it; None if it has not seen it yet."""

    part: str
    part_title: str
    condition: Condition
    standing: Standing | None


@dataclass(frozen=True, kw_only=True)
class NotifierStatus:
    """A notifier. `set_up` is None if it could not say. `to`, of those of this plugin, is where they send to."""

    name: str
    title: str
    plugin: str
    set_up: bool | None
    to: str
    given: bool
    failing: Failing | None
    tried: Tried | None


@dataclass(frozen=True, kw_only=True)
class Status:
    """All that there is to know. `watched`: some process has looked lately."""

    watched: bool
    looked_at: datetime | None
    present: tuple[Present, ...]
    notifiers: tuple[NotifierStatus, ...]
    waiting: tuple[Waiting, ...]
    sent: tuple[Sent, ...]
    targets: Targets
    unreadable: Trouble | None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of a test."""

    notifier: str
    title: str
    trouble: Trouble | None
