"""Events of restores, from the first byte of a backup that is to become the shop to the day on which the former
database is removed.

    RestoreStaged - RestoreInspected - RestoreRefused
                                     - RestoreDiscarded
                                     - RestoreStarted - RestoreStageReached ... - RestoreFinished
                                                                                - RestoreUndone (an undo)
                                                                                - RestoreFailed
                                                                                - RestoreInterrupted

`restore_id` is the same in all events of one restore, or of one undo. `sha256` (hex) and `size_bytes` are of the file
as it was staged, before it was re-keyed or migrated: those that the admin's own copy has. They are None where an event
knows no file: an undo stages none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from berrypod.events.base import Event

Operation = Literal["restore", "undo"]


@dataclass(frozen=True, kw_only=True)
class RestoreStaged(Event):
    """All bytes are here and on the disk; nobody has looked at them yet.

    `source` says where they came from: `upload`, `api`, `kept` (a copy that an exporter keeps), `file` (named on the
    command line).
    """

    name: ClassVar[str] = "restore.staged"

    restore_id: str
    sha256: str
    size_bytes: int
    source: str


@dataclass(frozen=True, kw_only=True)
class RestoreInspected(Event):
    """`verdict` is its code, `valid` or what is wrong with the file. A file that was re-keyed is inspected again."""

    name: ClassVar[str] = "restore.inspected"

    restore_id: str
    sha256: str
    size_bytes: int
    verdict: str
    acceptable: bool


@dataclass(frozen=True, kw_only=True)
class RestoreRefused(Event):
    """The file cannot become the shop's database as it is. `code` is of the verdict, or of what the guard answered.

    `plugin` and `guard` name who refused it; None for the verdict of the inspection.
    """

    name: ClassVar[str] = "restore.refused"

    restore_id: str
    code: str
    error: str
    hint: str | None = None
    plugin: str | None = None
    guard: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreDiscarded(Event):
    """The staged file is gone: an admin did not want it, or it waited too long (then without an actor)."""

    name: ClassVar[str] = "restore.discarded"

    restore_id: str
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreStarted(Event):
    """It was confirmed, and is being done."""

    name: ClassVar[str] = "restore.started"

    restore_id: str
    operation: Operation = "restore"
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreStageReached(Event):
    """`stage` is one of `waiting`, `closing`, `replacing`, `checking`, `opening`, `done`."""

    name: ClassVar[str] = "restore.stage_reached"

    restore_id: str
    stage: str
    operation: Operation = "restore"


@dataclass(frozen=True, kw_only=True)
class RestoreFinished(Event):
    """The shop runs on the restored file.

    `seconds` is the whole, of which the shop was closed for `closed_seconds`. `former` is the id of the database that
    it left, for an undo. `arrived_since` counts orders that came between the confirmation and the swap: they are in
    the former database alone.
    """

    name: ClassVar[str] = "restore.finished"

    restore_id: str
    seconds: float
    closed_seconds: float
    sha256: str | None = None
    size_bytes: int | None = None
    former: str | None = None
    arrived_since: int = 0


@dataclass(frozen=True, kw_only=True)
class RestoreFailed(Event):
    """It was begun and did not succeed. `code` is stable, `error` and `hint` are for people.

    `former_current`: the shop runs on the database that it had before, as if nothing had been asked.
    """

    name: ClassVar[str] = "restore.failed"

    restore_id: str
    code: str
    error: str
    hint: str | None = None
    former_current: bool = True
    operation: Operation = "restore"
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreInterrupted(Event):
    """The process that was doing it died, which was found out at the next start.

    `outcome` says on what the shop runs: `replaced` (the new database), `unchanged` (the former one: it had not come
    to the swap), `returned` (the former one, which was put back). `stage` is the last one that was reached.
    """

    name: ClassVar[str] = "restore.interrupted"

    restore_id: str
    outcome: Literal["replaced", "unchanged", "returned"]
    stage: str | None = None
    operation: Operation = "restore"
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreUndone(Event):
    """A former database is the shop's again.

    `former` is the id of the one that was put back, `left` that of the one that it took the place of, which is kept in
    turn. For the other fields see `RestoreFinished`.
    """

    name: ClassVar[str] = "restore.undone"

    restore_id: str
    former: str
    seconds: float
    closed_seconds: float
    left: str | None = None
    arrived_since: int = 0


@dataclass(frozen=True, kw_only=True)
class FormerDatabaseRemoved(Event):
    """`former` is its id. `reason`: `pruned` (newer ones are kept, without an actor) or `deleted` (by an admin)."""

    name: ClassVar[str] = "restore.former_removed"

    former: str
    size_bytes: int
    reason: Literal["pruned", "deleted"]
