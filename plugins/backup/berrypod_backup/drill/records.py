"""What is known of a drill, or of a check: one record each, as it lies on disk and as others are told.

a drill    queued -> fetching -> checking -> rehearsing -> rendering -> proven
a check    queued -> checking -> whole
any of these -> failed | interrupted

A check reads back what is stored. A drill runs a shop on it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Proof
from berrypod.records import Records, Trouble

Kind = Literal["drill", "check"]
State = Literal["queued", "fetching", "checking", "rehearsing", "rendering", "proven", "whole", "failed", "interrupted"]

ACTIVE: Final = frozenset[State]({"queued", "fetching", "checking", "rehearsing", "rendering"})

# How far a drill is when it enters a state, of 1. Fetching and checking read the whole file; the rest takes seconds.
_BEGUN: Final[dict[State, float]] = {
    "fetching": 0.0,
    "checking": 0.4,
    "rehearsing": 0.6,
    "rendering": 0.9,
    "proven": 1,
    "whole": 1,
}

INTERRUPTED: Final = Trouble(
    code="drill_interrupted",
    message="The drill was ended before it could tell anything: the shop was stopped, or its file was being replaced.",
    hint="Nothing of it is left, and the shop is unharmed. Start it again.",
)


class DrillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One drill of the backup `copy_id` that `exporter` keeps. `started_by` names who did, as events do."""

    id: str
    kind: Kind = "drill"
    state: State
    exporter: str
    copy_id: Annotated[str, Meta(description="Of the backup, as its exporter names it.")]
    created_at: datetime
    started_by: Annotated[str | None, Meta(description="`admin:<e-mail>`, `token:<prefix>`, `cli` or `schedule`.")]
    address: str | None = None
    waits_for_another: Annotated[bool, Meta(description="`queued`, because another drill is under way.")] = False
    expected_bytes: int = 0
    finished_at: datetime | None = None
    proof: Annotated[Proof | None, Meta(description="The outcome, once there is one.")] = None
    error: Annotated[Trouble | None, Meta(description="Why it is not proven, with a stable code.")] = None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class Store(Records[DrillRecord]):
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        super().__init__(folder, DrillRecord)

    @property
    def turn_file(self) -> Path:
        """Locked by whoever does a drill."""
        return self.work_path("turn")

    def orphaned(self, record: DrillRecord) -> DrillRecord:
        return msgspec.structs.replace(record, state="interrupted", error=INTERRUPTED)

    def progress(self, record: DrillRecord) -> float:
        """How far a drill is, 0 to 1. One that has failed is where it was begun: at nothing."""
        begun = _BEGUN.get(record.state, 0.0)
        if record.state != "fetching":
            return begun
        found = sum(path.stat().st_size for path in self.data_folder(record.id).glob("*") if path.is_file())
        return begun + 0.4 * min(found / max(record.expected_bytes, 1), 1.0)
