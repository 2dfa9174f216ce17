"""One replacement at a time, over all processes; the other is told who is at it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from berrypod.decoding import decoder
from berrypod.storage.locks import Taken, noted
from berrypod_restore.faults import RestoreRunning
from berrypod_restore.records import Operation

_VERBS = {"restore": "is being restored", "undo": "is being put back"}


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at it."""

    restore_id: str
    operation: Operation
    by: str | None
    since: datetime


_decoder = decoder(Holder)


@contextmanager
def turn(path: Path, holder: Holder) -> Generator[None]:
    """Have the lock on `path`. A process that dies lets go of it.

    :raises RestoreRunning: somebody has it. It is told at once.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(noted(path, msgspec.json.encode(holder)))
        except Taken as taken:
            raise _running(taken.note) from None
        yield


def _running(note: bytes) -> RestoreRunning:
    try:
        holder = _decoder.decode(note)
    except msgspec.MsgspecError:  # It is locked first and written an instant later.
        return RestoreRunning("Somebody has just begun to replace the database")
    who = f" by {_in_words(holder.by)}" if holder.by else ""
    return RestoreRunning(
        f"A database {_VERBS[holder.operation]} already, since {holder.since:%H:%M:%S} UTC{who}",
        operation=holder.operation,
        by=holder.by,
        since=holder.since.isoformat(timespec="seconds"),
        restore_id=holder.restore_id,
    )


def _in_words(by: str) -> str:
    kind, _, name = by.partition(":")
    match kind:
        case "admin":
            return name
        case "token":
            return f"a program (token {name})"
        case _:
            return "the command line"
