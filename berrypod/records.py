"""What a plugin knows of its long jobs, on the disk, so that any process of the shop answers for any of them.

    jobs/<id>.json     a record, written durably
    data/<id>/         the files of the job, claimed by the process that works on them
    data/<id>.claim    its claim: as long as the process lives, nobody sweeps the folder

A record that is not there is a job that nobody wants: whoever works on it stops. One that is under way, with a claim
that nobody holds, is one whose process died: told by the kernel's lock, not by a clock.
"""

from __future__ import annotations

import re
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from berrypod.decoding import decoder
from berrypod.errors import BerrypodError
from berrypod.storage.files import (
    claimed,
    is_claimed,
    make_private_folder,
    sweep,
    translate_os_error,
    write_durably,
)
from berrypod.storage.locks import locked

_ID: Final = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")

# Finished ones beyond these are forgotten.
_KEPT: Final = 50


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why something failed: a stable code, words, and what to do."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: BerrypodError) -> Trouble:
        return cls(code=error.code, message=error.message, hint=error.hint)


def new_id(now: datetime) -> str:
    """Sorted by time, and not to be guessed."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def is_id(text: str) -> bool:
    """True if `text` can be the id of a record; nothing else becomes part of a path."""
    return _ID.fullmatch(text) is not None


class Record(Protocol):
    """A msgspec.Struct. `active` while somebody works on it."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime: ...

    @property
    def active(self) -> bool: ...


R = TypeVar("R", bound=Record)


class Records(ABC, Generic[R]):
    """Records of one kind, and their files. All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path], kind: type[R]) -> None:
        """`folder` is asked at each use: the work folder may be on a disk that is not there at start."""
        self._folder = folder
        self._decoder = decoder(kind)

    # --- what the kinds differ in ---

    @abstractmethod
    def orphaned(self, record: R) -> R:
        """An active record as it is told when its process has died."""

    def settled(self, record: R) -> R:
        """As `orphaned` for an active record; of any other what it is now that it is looked at with its files."""
        return self.orphaned(record) if record.active else record

    def keeps_data(self, record: R) -> bool:
        """True if the record's files stay though no process works on them."""
        return False

    def is_remembered(self, record: R) -> bool:
        """False for a record that is forgotten when there are many newer ones."""
        return record.active

    # --- records ---

    def claim(self, record_id: str) -> AbstractContextManager[None]:
        """Hold it while working on the record and its files."""
        return claimed(self.data_folder(record_id))

    def is_worked_on(self, record_id: str) -> bool:
        """True while some living process holds the claim."""
        return is_claimed(self.data_folder(record_id))

    def add(self, record: R, *, unless: Callable[[Sequence[R]], BerrypodError | None] | None = None) -> None:
        """Write a new record. Its folder must be claimed already, or it would look like one of a dead process.

        :param unless: looks at all records, alone with them; the error that it returns is raised instead.
        """
        with self._locked():
            if unless and (error := unless(self.all())):
                raise error
            self._write(record)

    def get(self, record_id: str) -> R | None:
        """The record, as `orphaned` if the process that worked on it has ended."""
        if not is_id(record_id):
            return None
        record = self._read(record_id)
        if record is None or not record.active or self.is_worked_on(record_id):
            return record
        # It may have been finished between the two looks.
        record = self._read(record_id)
        return self.orphaned(record) if record and record.active else record

    def all(self) -> list[R]:
        """All records, the newest first."""
        found = [record for path in self._jobs.glob("*.json") if (record := self.get(path.stem))]
        # Ids tell the second alone.
        return sorted(found, key=lambda record: (record.created_at, record.id), reverse=True)

    def exists(self, record_id: str) -> bool:
        return is_id(record_id) and self._path(record_id).exists()

    def update(self, record_id: str, change: Callable[[R], R]) -> R | None:
        """Read, change and write a record, alone with it; None if it was deleted. What `change` raises passes."""
        with self._locked():
            record = self._read(record_id)
            if record is None:
                return None
            changed = change(record)
            if changed != record:
                self._write(changed)
            return changed

    def delete(self, record_id: str) -> bool:
        """Forget a record and remove its files. False if it was not there."""
        with self._locked():
            known = self.exists(record_id)
            self._path(record_id).unlink(missing_ok=True)
        self.remove_data(record_id)
        return known

    # --- files ---

    def work_path(self, name: str) -> Path:
        """A file that all records share: a lock, say."""
        return make_private_folder(self._folder()) / name

    def data_folder(self, record_id: str) -> Path:
        return self._data / record_id

    def remove_data(self, record_id: str) -> None:
        """Remove the files; streams that are under way keep theirs until they end."""
        shutil.rmtree(self.data_folder(record_id), ignore_errors=True)

    def sweep(self) -> list[tuple[R, R]]:
        """Remove what dead processes left, and say so in the records. Returns those that changed: before, and after."""
        kept = {record.id for record in self.all() if self.keeps_data(record)}
        sweep(self._jobs)
        for path in sweep(self._data):
            kept.discard(path.name)
        for folder in self._data.iterdir():
            if folder.is_dir() and folder.name not in kept and not is_claimed(folder):
                shutil.rmtree(folder, ignore_errors=True)
        changed = [pair for record in self.all() if (pair := self._settle(record.id))]
        self._forget_old()
        return changed

    def _settle(self, record_id: str) -> tuple[R, R] | None:
        before: list[R] = []

        def change(record: R) -> R:
            before.append(record)
            return record if record.active and self.is_worked_on(record.id) else self.settled(record)

        after = self.update(record_id, change)
        return (before[0], after) if after is not None and after != before[0] else None

    def _forget_old(self) -> None:
        finished = [record for record in self.all() if not self.is_remembered(record)]
        for record in finished[_KEPT:]:
            self.delete(record.id)

    # --- inside ---

    @property
    def _jobs(self) -> Path:
        return make_private_folder(self._folder() / "jobs")

    @property
    def _data(self) -> Path:
        return make_private_folder(self._folder() / "data")

    def _path(self, record_id: str) -> Path:
        return self._jobs / f"{record_id}.json"

    def _write(self, record: R) -> None:
        write_durably(self._path(record.id), msgspec.json.encode(record))

    def _read(self, record_id: str) -> R | None:
        try:
            return self._decoder.decode(self._path(record_id).read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            return None  # a record of another version says nothing to this one

    def _locked(self) -> AbstractContextManager[None]:
        return alone(self._jobs / "lock")


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Change what lies beside `lock` alone, over all processes: held for milliseconds, and blocks for as long.

    :raises StorageError: the disk refuses what is done here.
    """
    try:
        with locked(lock):
            yield
    except OSError as error:
        raise translate_os_error(error, lock.parent) from error
