"""Drills as the API and the command line tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.archive.manifest import Proof
from berrypod.records import Trouble
from berrypod_backup.drill.records import DrillRecord, Kind, State


class DrillInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One drill, or check. `proven`: a shop was run on the backup; `whole`: all that is stored of it was read back;
    `failed`: `error` says why not; `interrupted`: neither."""

    id: str
    kind: Annotated[Kind, Meta(description="A check reads back what is stored; a drill runs a shop on it.")]
    state: State
    progress: Annotated[float, Meta(description="0 to 1.")]
    waits_for_another: Annotated[bool, Meta(description="`queued`, because another drill is under way.")]
    exporter: str
    copy_id: Annotated[str, Meta(description="Of the backup, as its exporter names it.")]
    created_at: datetime
    started_by: Annotated[str | None, Meta(description="`admin:<e-mail>`, `token:<prefix>`, `cli` or `schedule`.")]
    finished_at: datetime | None
    proof: Annotated[Proof | None, Meta(description="The outcome: what was done, and what was wrong.")]
    error: Annotated[Trouble | None, Meta(description="Why it is not proven, with a stable code.")]


class DrillList(msgspec.Struct, frozen=True, kw_only=True):
    """The latest drills, the newest first."""

    items: list[DrillInfo]


def told(record: DrillRecord, progress: float) -> DrillInfo:
    fields = {name: getattr(record, name) for name in DrillInfo.__struct_fields__ if name != "progress"}
    return DrillInfo(**fields, progress=round(progress, 4))
