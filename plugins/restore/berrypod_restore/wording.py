"""What the page calls the states of a restore: headings, stages, outcomes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from berrypod_restore.records import APPLYING_STAGES, RestoreRecord

NoticeKind = Literal["good", "info", "warn", "bad"]

# Of what is done before an admin decides. A stage that is missing here is told in general words.
INSPECTING_WORDS: Final = {
    "staging": "Writing it to the disk",
    "reading": "Reading every page",
    "checking": "Checking what is in it",
    "rekeying": "Bringing it under the shop's key",
    "preparing": "Getting it ready",
    "guards": "Asking the guards",
}

APPLYING_WORDS: Final = {
    "waiting": "Making sure that nothing has changed",
    "closing": "Requests that are under way end, new ones wait",
    "replacing": "The files are exchanged",
    "checking": "The shop is checked",
    "opening": "The shop opens again",
}

_RESTORE_HEADINGS: Final = {
    "uploading": "Fetching the backup",
    "inspecting": "Looking at the backup",
    "comparing": "Comparing the backup with the shop",
    "ready": "Bring this backup back?",
    "refused": "This backup cannot be brought back",
    "applying": "The shop is being replaced",
    "applied": "The shop runs on the backup",
}

_UNDO_HEADINGS: Final = {
    "applying": "The former shop is being put back",
    "applied": "The former shop is back",
}


def heading(record: RestoreRecord, phase: str) -> str:
    """Of the page."""
    undo = record.operation == "undo"
    if phase == "refused" and record.wants_key:
        return "Another key is needed"
    if phase == "refused" and record.wants_encryption:
        return "This backup is not encrypted"
    if phase in ("failed", "interrupted"):
        if record.outcome == "replaced":
            return "The former shop is back" if undo else "The shop runs on the backup"
        if was_applied_in_vain(record):
            return "The former shop was not put back" if undo else "The shop was not replaced"
        return "The backup could not be looked at" if phase == "failed" else "The check was interrupted"
    headings = _UNDO_HEADINGS if undo else _RESTORE_HEADINGS
    return headings.get(phase) or _RESTORE_HEADINGS[phase]


def was_applied_in_vain(record: RestoreRecord) -> bool:
    """It had been confirmed, and the shop runs on what it ran on before."""
    confirmed = record.operation == "undo" or record.stage in APPLYING_STAGES
    return record.outcome in ("unchanged", "returned") or (confirmed and record.outcome is None)


def doing(record: RestoreRecord) -> str:
    """What is under way, in a few words."""
    if record.state == "uploading":
        return "Fetching it"
    if record.state == "applying":
        return APPLYING_WORDS.get(record.stage, "Replacing the shop")
    return INSPECTING_WORDS.get(record.stage, "Looking at it")


def ended(record: RestoreRecord) -> tuple[str, str, NoticeKind]:
    """How it ended, for the panel: title, text, kind of the notice."""
    title, kind = _ended(record)
    late = len(record.arrived_since)
    return (
        title,
        " ".join(
            filter(
                None,
                [
                    f"{record.filename}." if record.filename else "",
                    record.error.message if record.error else "",
                    "" if not late else "One order came too late." if late == 1 else f"{late} orders came too late.",
                ],
            )
        ),
        "warn" if late and kind == "good" else kind,
    )


def _ended(record: RestoreRecord) -> tuple[str, NoticeKind]:
    undo = record.operation == "undo"
    if record.state == "applied":
        return "The former shop was put back" if undo else "A backup was brought back", "good"
    if record.outcome == "replaced":
        what = "the former database" if undo else "the backup"
        return f"Interrupted, and finished at the next start: the shop runs on {what}", "warn"
    if record.outcome == "returned":
        return "The new file did not pass the check: the shop as it was returned by itself", "bad"
    if was_applied_in_vain(record):
        what = "The former shop was not put back" if undo else "A backup was not brought back"
        return f"{what}: the shop is as it was", "warn"
    return "A backup could not be looked at", "warn"


def age(moment: datetime, now: datetime) -> str:
    """`3 hours ago`."""
    passed = now - moment
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = int(passed / length)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
