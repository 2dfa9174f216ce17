"""How long, how often and how many, in one record: tests hand in a quick one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`keep` is how long a staged file waits to be restored; `look_seconds` how soon what another process does is seen;
    `tell_seconds` how often progress is written down; `sweep_seconds` how often leftovers are looked for, beside the
    start; `gate_seconds` how long other processes have to close the database.
    """

    keep: timedelta = timedelta(hours=24)
    look_seconds: float = 0.2
    tell_seconds: float = 0.4
    sweep_seconds: float = 300.0
    gate_seconds: float = 10.0

    staged_at_most: int = 4
    """Files that wait to be restored. Each takes as much space as a shop."""

    write_bytes: int = 1024 * 1024
    """An upload is written in pieces of this size."""

    sync_bytes: int = 8_000_000
    """It goes to the disk in steps of this size: all of it at the end would make orders wait behind it."""
