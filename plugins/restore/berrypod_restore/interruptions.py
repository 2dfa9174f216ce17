"""A restore whose process ended before it was done: told by the one that is stopped, or found out by another."""

from __future__ import annotations

from berrypod.events import Event, RestoreInterrupted
from berrypod_restore.records import RestoreRecord


def interrupted(before: RestoreRecord, after: RestoreRecord) -> Event | None:
    """The event for a record whose process has died; None for one of which there is nothing to tell."""
    if after.state != "interrupted" or before.state == "interrupted":
        return None
    return RestoreInterrupted(
        restore_id=after.id,
        outcome=after.outcome or "unchanged",
        stage=before.stage or before.state,
        operation=after.operation,
        sha256=after.sha256,
        size_bytes=after.received_bytes or None,
        actor=after.by,
        address=after.address,
    )
