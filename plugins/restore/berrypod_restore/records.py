"""What is known of a restore, or of an undo: one record each, as it lies on disk and as others are told.

    uploading -> inspecting -> ready -> applying -> applied
                            \\-> refused (-> inspecting, with another key)
    any of the active ones -> failed | interrupted

`ready` and those `refused` ones that another key may open wait, whichever process staged them, until somebody applies
or discards them, or `expires_at`. One that was applied in vain, and has lost nothing by it (the shop had changed, or
was busy), is `ready` again with the `error` that says why. `interrupted`: the process that worked on it has ended;
what became of the database is in `outcome`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.records import Trouble
from berrypod.storage.files import FileMark
from berrypod_restore.guarding import GuardResult
from berrypod_restore.inspection import Candidate
from berrypod_restore.verdicts import Verdict

Operation = Literal["restore", "undo"]
State = Literal["uploading", "inspecting", "ready", "refused", "applying", "applied", "failed", "interrupted"]
Source = Literal["upload", "api", "kept", "file", "archive", "former"]

AT_TERMINAL: Final = frozenset[Source]({"file", "archive"})
"""Staged by a command, for as long as that runs."""

Result = Literal["replaced", "unchanged", "returned"]

ACTIVE: Final = frozenset[State]({"uploading", "inspecting", "applying"})

APPLYING_STAGES: Final = ("waiting", "closing", "replacing", "checking", "opening", "done")
"""The stages of `applying`, in their order."""

CONFIRMATION: Final = "Replace current database"
"""The words that must be typed."""


class RestoreRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One restore, or one undo. `by` names who began it, as events do; `address` is where from.

    `sha256` is of the file as it came. `stage` and `progress` (0 to 1) are of the present state. `former` is the id of
    the database that was replaced; `put_back` that of the one that an undo put in its place. `arrived_since` are the
    numbers of orders that came between the confirmation and the swap: they are in the former database alone.
    `closed_seconds` is for how long requests had to wait. `mark` is of the bytes that were verified.
    """

    id: str
    operation: Operation = "restore"
    state: State
    created_at: datetime
    by: str | None = None
    address: str | None = None
    filename: str | None = None
    source: Source = "upload"
    received_bytes: int = 0
    expected_bytes: int | None = None
    sha256: str | None = None
    rekeyed: bool = False
    verdict: Verdict | None = None
    candidate: Candidate | None = None
    guards: tuple[GuardResult, ...] = ()
    mark: FileMark | None = None
    stage: str = ""
    progress: Annotated[float, Meta(ge=0, le=1)] = 0.0
    error: Trouble | None = None
    outcome: Result | None = None
    former: str | None = None
    put_back: str | None = None
    arrived_since: tuple[str, ...] = ()
    expires_at: datetime | None = None
    finished_at: datetime | None = None
    closed_seconds: float | None = None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def wants_key(self) -> bool:
        """A key that somebody enters may make it ready."""
        return self.state == "refused" and self.verdict is not None and self.verdict.wants_key

    @property
    def wants_encryption(self) -> bool:
        """It is a shop that anybody can read; encrypted with this shop's key it may be ready."""
        return self.state == "refused" and self.verdict is not None and self.verdict.code == "plain"

    @property
    def staged(self) -> bool:
        """Its file is there, and takes space."""
        return self.state in ("uploading", "inspecting", "ready") or self.wants_key or self.wants_encryption

    @property
    def warnings(self) -> tuple[GuardResult, ...]:
        return tuple(one for one in self.guards if one.answer == "warn")


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """A database that was replaced, and is kept: by what, by whom, and when. `newest_at` is its newest change.

    `openable` is False for one that could not be opened, or read, when it was replaced. `followed_by` stands for what
    took its place, as it was then: as long as the shop is that, an undo loses nothing.
    """

    id: str
    filename: str
    size_bytes: int
    replaced_at: datetime
    by: str | None = None
    why: Operation | None = None
    restore_id: str | None = None
    newest_at: datetime | None = None
    openable: bool = True
    followed_by: str | None = None
