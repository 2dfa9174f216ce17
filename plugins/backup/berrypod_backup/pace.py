"""How long and how often, in one record: tests hand in a quick one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`keep` is how long files wait to be fetched; `look_seconds` how soon a deletion by another process is seen;
    `sweep_seconds` how often the leftovers of dead processes are looked for, beside the start."""

    keep: timedelta = timedelta(hours=1)
    look_seconds: float = 0.5
    sweep_seconds: float = 300.0

    held_at_most: int = 4
    """Backups that are being made or wait to be fetched, each of which takes as much space as the shop; and, counted
    apart, those that are being made for archives alone, which take as much while they are made at the most."""
