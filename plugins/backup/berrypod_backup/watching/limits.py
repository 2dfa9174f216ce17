"""From when on something about backups is not as it should be. All in one place, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from berrypod.storage.snapshot import SPARE_BYTES


@dataclass(frozen=True, kw_only=True)
class Limits:
    """See the fields."""

    without_schedule: timedelta = timedelta(days=7)
    """Without a schedule somebody makes backups by hand: a week is what the page and the doctor bear, too."""

    unproven: timedelta = timedelta(days=14)
    """Since the last proof. A weekly drill may fail once, and be looked at, before anybody is told."""

    first_proof: timedelta = timedelta(days=1)
    """A first backup that was never proven. A drill comes after it, at the latest in the next night."""

    off_site: timedelta = timedelta(days=7)
    """Since the newest backup elsewhere: as `without_schedule`."""

    spare_bytes: int = SPARE_BYTES
    """What is left to the shop while a backup is made; a backup refuses to begin below it."""

    roomy: float = 2.0
    """Free space is scarce when it is less than this many backups: the next one fits, and the one after it may not."""


DEFAULT_LIMITS = Limits()
