"""The records of restores on disk, and the folders of what is staged (`berrypod.records`).

What is staged belongs to no process: it may be applied by any, and outlives the one that staged it. While a process
works on it (takes, inspects, re-keys or applies it), it holds a claim. What is staged at a terminal goes with the
command.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from berrypod.records import Records, Trouble
from berrypod.storage.files import claimed, is_claimed
from berrypod.storage.swap_outcomes import Outcome, outcomes
from berrypod_restore.records import AT_TERMINAL, RestoreRecord, Result

CANDIDATE: Final = "candidate.db"

_ENDED: Final = Trouble(
    code="restore_interrupted",
    message="The process that worked on it ended before it was done.",
    hint="The shop was not touched, and nothing is left over. Stage the file again.",
)
_UNCHANGED: Final = Trouble(
    code="restore_interrupted",
    message="The process that replaced the database ended before the files were exchanged.",
    hint="The shop runs on the database that it had, and nothing is left over. Begin again if you still want it.",
)
_RETURNED: Final = Trouble(
    code="restore_interrupted",
    message="The process that replaced the database ended on the way. The new file did not open, so the former one is "
    "back.",
    hint="The shop runs on the database that it had. Stage the file again, or take an earlier backup.",
)
_REPLACED: Final = Trouble(
    code="restore_interrupted",
    message="The process that replaced the database ended on the way. What it had begun was finished: the new database "
    "is in use.",
    hint="The former one is kept: an undo puts it back.",
)


class Store(Records[RestoreRecord]):
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path], database: Path, now: Callable[[], datetime]) -> None:
        super().__init__(folder, RestoreRecord)
        self._database = database
        self._now = now

    @property
    def turn_file(self) -> Path:
        """Locked by whoever replaces the database."""
        return self.work_path("turn")

    def candidate(self, restore_id: str) -> Path:
        """The staged file."""
        return self.data_folder(restore_id) / CANDIDATE

    def own(self, restore_id: str) -> AbstractContextManager[None]:
        """Hold it for as long as somebody at a terminal wants what is staged."""
        return claimed(self._owner(restore_id))

    def is_abandoned(self, record: RestoreRecord) -> bool:
        """True for what was staged at a terminal by a command that was ended from outside: nobody else asks for it."""
        return record.source in AT_TERMINAL and not is_claimed(self._owner(record.id))

    def _owner(self, restore_id: str) -> Path:
        return self.data_folder(restore_id) / "owner"

    def get(self, record_id: str) -> RestoreRecord | None:
        record = super().get(record_id)
        if record is not None and record.state == "uploading":
            # How much is there, everybody sees by the size of the file.
            with suppress(FileNotFoundError):
                size = self.candidate(record_id).stat().st_size
                share = min(size / record.expected_bytes, 1.0) if record.expected_bytes else 0.0
                return msgspec.structs.replace(record, received_bytes=size, progress=share)
        return record

    def delete_if(self, record_id: str, over: Callable[[RestoreRecord], bool]) -> bool:
        """As `delete`, of a record of which `over` is true. Alone with it: nobody begins to apply it in between."""
        with self._locked():
            record = self._read(record_id)
            if record is None or not over(record):
                return False
            self._path(record_id).unlink(missing_ok=True)
        self.remove_data(record_id)
        return True

    def orphaned(self, record: RestoreRecord) -> RestoreRecord:
        if record.state != "applying":
            return msgspec.structs.replace(record, state="interrupted", error=_ENDED, mark=None)
        outcome = self.outcome_of(record.id)
        if outcome is None or outcome.result == "unchanged":
            return self._interrupted(record, "unchanged", _UNCHANGED)
        if outcome.result == "returned":
            return self._interrupted(record, "returned", _RETURNED)
        former = Path(outcome.former).stem if outcome.former else None
        return msgspec.structs.replace(
            self._interrupted(record, "replaced", _REPLACED),
            # Its id is what follows the stem of the database's own name.
            former=former.removeprefix(f"{self._database.stem}-") if former else None,
        )

    def settled(self, record: RestoreRecord) -> RestoreRecord:
        if record.active:
            return msgspec.structs.replace(self.orphaned(record), finished_at=self._now())
        if record.staged and not self.candidate(record.id).exists():
            return msgspec.structs.replace(record, state="interrupted", error=_ENDED, mark=None)
        return record

    def keeps_data(self, record: RestoreRecord) -> bool:
        return record.staged and not record.active

    def is_expired(self, record: RestoreRecord) -> bool:
        return record.expires_at is not None and record.expires_at <= self._now()

    def is_remembered(self, record: RestoreRecord) -> bool:
        return record.active or record.staged

    def outcome_of(self, restore_id: str) -> Outcome | None:
        """What became of its swap; None if it came to none."""
        return next((one for one in outcomes(self._database) if one.id == restore_id), None)

    def result_of(self, restore_id: str) -> Result | None:
        outcome = self.outcome_of(restore_id)
        return outcome and outcome.result

    @staticmethod
    def _interrupted(record: RestoreRecord, outcome: Result, trouble: Trouble) -> RestoreRecord:
        return msgspec.structs.replace(
            record, state="interrupted", outcome=outcome, former=None, error=trouble, mark=None
        )
