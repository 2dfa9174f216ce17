"""How long the plugin waits for a storage, and in what pieces it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`read_seconds` is for each answer, or piece of one: a big object may take as long as it needs.

    `attempts` are of each request, with pauses in between that double; and of a download that breaks off, from where it
    did. An upload has `parts_at_once` parts of `part_bytes` on their way.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    attempts: int = 4
    part_bytes: int = 16_777_216
    parts_at_once: int = 2
    piece_bytes: int = 1_048_576
    # An upload of several hours is conceivable; one of a day has been left behind.
    unfinished_hours: float = 24.0
