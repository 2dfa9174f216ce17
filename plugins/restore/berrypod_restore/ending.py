"""How a replacement ends: told to everybody, and cleaned up after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from berrypod.cancelling import in_thread
from berrypod.errors import BerrypodError
from berrypod.events import Event, RestoreFailed, RestoreFinished, RestoreUndone
from berrypod.records import Trouble
from berrypod.storage.faults import reach
from berrypod.storage.files import file_mark
from berrypod_restore.formers import Formers
from berrypod_restore.records import RestoreRecord
from berrypod_restore.workroom import Workroom


@dataclass(frozen=True, kw_only=True)
class Done:
    """How it went. `former` is the id of the database that was replaced, None if there was none before.

    `seconds` is the whole, of which requests had to wait for `closed_seconds`. `trouble`: the new database is in its
    place, but this process cannot open it for now.
    """

    former: str | None
    closed_seconds: float
    seconds: float
    arrived_since: tuple[str, ...]
    trouble: Trouble | None


class Ending:
    """Observers are told before the record says so: as soon as it does, everybody sees it."""

    def __init__(self, workroom: Workroom, formers: Formers) -> None:
        self._workroom = workroom
        self._formers = formers

    async def done(self, record: RestoreRecord, done: Done) -> None:
        """The shop runs on the new file."""
        reach("restore.replaced")
        self._workroom.emit(_finished(record, done))
        finished_at = self._workroom.context.now()

        def change(found: RestoreRecord) -> RestoreRecord:
            return msgspec.structs.replace(
                found,
                state="applied",
                stage="done",
                progress=1.0,
                outcome="replaced",
                former=done.former,
                arrived_since=done.arrived_since,
                closed_seconds=round(done.closed_seconds, 4),
                finished_at=finished_at,
                expires_at=None,
                mark=None,
                error=done.trouble,
            )

        await self._workroom.update(record.id, change)
        reach("restore.told")
        await in_thread(lambda: self._clean_up(record))
        reach("restore.cleaned_up")

    async def in_vain(self, record: RestoreRecord, error: BerrypodError) -> None:
        """The shop runs on the file that it had. If the staged one is as it was, there can be another try."""
        result = self._workroom.store.result_of(record.id) or "unchanged"
        self._workroom.emit(
            RestoreFailed(
                restore_id=record.id,
                code=error.code,
                error=error.message,
                hint=error.hint,
                operation=record.operation,
                sha256=record.sha256,
                size_bytes=record.received_bytes or None,
                actor=record.by,
                address=record.address,
            )
        )
        if record.operation == "undo" or result != "unchanged" or not await in_thread(lambda: self._is_intact(record)):
            await self._workroom.fail(record.id, error, outcome=result)
            return
        trouble = Trouble.of(error)
        await self._workroom.update(
            record.id,
            lambda found: msgspec.structs.replace(found, state="ready", stage="", progress=1.0, error=trouble),
        )

    def _clean_up(self, record: RestoreRecord) -> None:
        self._workroom.store.remove_data(record.id)
        if record.put_back and not self._formers.path_of(record.put_back).exists():
            self._formers.forget_facts(record.put_back)
        self._formers.prune(self._workroom.formers_kept)

    def _is_intact(self, record: RestoreRecord) -> bool:
        path: Path = self._workroom.store.candidate(record.id)
        return path.exists() and file_mark(path) == record.mark


def _finished(record: RestoreRecord, done: Done) -> Event:
    if record.operation == "undo":
        return RestoreUndone(
            restore_id=record.id,
            former=record.put_back or "",
            left=done.former,
            seconds=done.seconds,
            closed_seconds=done.closed_seconds,
            arrived_since=len(done.arrived_since),
            actor=record.by,
            address=record.address,
        )
    return RestoreFinished(
        restore_id=record.id,
        sha256=record.sha256,
        size_bytes=record.received_bytes,
        seconds=done.seconds,
        closed_seconds=done.closed_seconds,
        former=done.former,
        arrived_since=len(done.arrived_since),
        actor=record.by,
        address=record.address,
    )
