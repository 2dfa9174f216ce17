"""Restores as the API and the page tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from berrypod.records import Trouble
from berrypod_restore.differences import Comparison
from berrypod_restore.guarding import GuardResult
from berrypod_restore.inspection import Candidate
from berrypod_restore.records import CONFIRMATION, Former, Operation, RestoreRecord, Result, Source, State
from berrypod_restore.verdicts import Verdict


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """One restore or undo. What is `ready` has a `comparison`, and `expect`, which stands for it."""

    id: str
    operation: Operation
    state: State
    stage: Annotated[
        str, Meta(description="Of `applying`: waiting, closing, replacing, checking, opening, done. Of others: words.")
    ]
    progress: Annotated[float, Meta(description="Of the present state, 0 to 1.")]
    created_at: datetime
    by: Annotated[str | None, Meta(description="`admin:<e-mail>`, `token:<prefix>` or `cli`.")]
    source: Annotated[Source, Meta(description="Where the file came from.")]
    filename: str | None
    received_bytes: int
    expected_bytes: int | None
    sha256: Annotated[str | None, Meta(description="Of the file as it came, in hex.")]
    rekeyed: Annotated[bool, Meta(description="It was brought under this shop's key.")]
    verdict: Annotated[Verdict | None, Meta(description="What the file is, in words; `code` is for programs.")]
    candidate: Annotated[Candidate | None, Meta(description="What is in the file, if it could be read.")]
    guards: Annotated[list[GuardResult], Meta(description="What the guards of plugins say.")]
    comparison: Annotated[Comparison | None, Meta(description="With the shop as it is now; of what is `ready`.")]
    expect: Annotated[
        str | None, Meta(description="Send it with `apply`. It stands for the file and for what was compared.")
    ]
    confirm: Annotated[str, Meta(description="The words to send with `apply`.")]
    error: Annotated[Trouble | None, Meta(description="Why it failed; or, of what is `ready`, why it is again.")]
    outcome: Annotated[
        Result | None,
        Meta(description="On what the shop runs: `replaced`, the new file; `unchanged` or `returned`, the former one."),
    ]
    former: Annotated[str | None, Meta(description="The database that was replaced: undo takes this.")]
    put_back: Annotated[str | None, Meta(description="The former database that an undo put back.")]
    arrived_since: Annotated[
        list[str], Meta(description="Orders that came between confirmation and swap: the former database has them.")
    ]
    closed_seconds: Annotated[float | None, Meta(description="For how long requests waited.")]
    expires_at: Annotated[datetime | None, Meta(description="When a file that nobody restores is removed.")]
    finished_at: datetime | None


class RestoreList(msgspec.Struct, frozen=True, kw_only=True):
    """The latest restores and undos, the newest first."""

    items: list[Restore]


class FormerList(msgspec.Struct, frozen=True, kw_only=True):
    """The databases that were replaced and are kept, the newest first."""

    items: list[Former]


class ApplyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The confirmation. It holds for the file and the shop that `expect` stands for."""

    confirm: Annotated[str, Meta(max_length=200, description=f"`{CONFIRMATION}`", examples=[CONFIRMATION])]
    expect: Annotated[str, Meta(max_length=200, description="As GET told it.")]
    accept_newer: Annotated[
        bool,
        Meta(description="Go on though the shop has changed since: orders keep coming, and are listed afterwards."),
    ] = False


class UndoRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to put back. `expect` is needed where something would be lost: 409 `would_lose` tells it."""

    former: Annotated[
        Annotated[str, Meta(max_length=64)] | None, Meta(description="Its id; without it the newest.")
    ] = None
    expect: Annotated[str, Meta(max_length=200)] | None = None
    accept_newer: Annotated[bool, Meta(description="Go on though the shop has changed since.")] = False


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key with which the file was made. It is used once, and neither stored nor logged."""

    key: Annotated[
        Annotated[str, Meta(max_length=10_000)] | None,
        Meta(description="null: the file is not encrypted, and this shop's is."),
    ]

    def __repr__(self) -> str:
        return "KeyRequest(***)"


def told(record: RestoreRecord, comparison: Comparison | None = None, expect: str | None = None) -> Restore:
    """A record, with the comparison and what stands for it, where they were asked for."""
    return Restore(
        id=record.id,
        operation=record.operation,
        state=record.state,
        stage=record.stage,
        progress=round(record.progress, 4),
        created_at=record.created_at,
        by=record.by,
        source=record.source,
        filename=record.filename,
        received_bytes=record.received_bytes,
        expected_bytes=record.expected_bytes,
        sha256=record.sha256,
        rekeyed=record.rekeyed,
        verdict=record.verdict,
        candidate=record.candidate,
        guards=list(record.guards),
        comparison=comparison,
        expect=expect,
        confirm=CONFIRMATION,
        error=record.error,
        outcome=record.outcome,
        former=record.former,
        put_back=record.put_back,
        arrived_since=list(record.arrived_since),
        closed_seconds=record.closed_seconds,
        expires_at=record.expires_at,
        finished_at=record.finished_at,
    )
