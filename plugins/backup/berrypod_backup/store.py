"""The records on disk, and the folders of what waits to be fetched. Several processes share them.

    jobs/<id>.json     a record, written durably
    data/<id>/         the snapshot and what exporters made of it, claimed by the process that works on it
    data/<id>.claim    its claim: as long as the process lives, nobody sweeps the folder

A record that is not there is a backup that nobody wants: whoever works on it stops.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import msgspec

from berrypod.storage.files import PRIVATE_FILE, claimed, is_claimed, make_private_folder, sweep, write_durably
from berrypod_backup.records import INTERRUPTED, BackupRecord, is_id

SNAPSHOT_NAME = "snapshot.db"

# Finished ones beyond these are forgotten.
_RECORDS_KEPT = 50


class Store:
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        """`folder` is asked at each use: the work folder may be on a disk that is not there at start."""
        self._folder = folder

    @property
    def _jobs(self) -> Path:
        return make_private_folder(self._folder() / "jobs")

    @property
    def _data(self) -> Path:
        return make_private_folder(self._folder() / "data")

    @property
    def turn_file(self) -> Path:
        """Locked by whoever makes a snapshot."""
        return make_private_folder(self._folder()) / "turn"

    def data_folder(self, backup_id: str) -> Path:
        return self._data / backup_id

    def claim(self, backup_id: str) -> AbstractContextManager[None]:
        """Hold it while working on the backup, and for as long as its files may be fetched."""
        return claimed(self.data_folder(backup_id))

    def add(self, record: BackupRecord) -> None:
        """Write a new record. Its folder must be claimed already, or it would look interrupted."""
        with self._locked():
            self._write(record)

    def get(self, backup_id: str) -> BackupRecord | None:
        """The record, as `interrupted` if the process that worked on it has ended."""
        if not is_id(backup_id):
            return None
        record = self._read(self._jobs / f"{backup_id}.json")
        if record is None or not record.active or is_claimed(self.data_folder(backup_id)):
            return record
        # It may have been finished between the two looks.
        record = self._read(self._jobs / f"{backup_id}.json")
        return record and _as_told(record)

    def all(self) -> list[BackupRecord]:
        """All records, the newest first."""
        ids = sorted((path.stem for path in self._jobs.glob("*.json") if is_id(path.stem)), reverse=True)
        return [record for backup_id in ids if (record := self.get(backup_id))]

    def exists(self, backup_id: str) -> bool:
        return (self._jobs / f"{backup_id}.json").exists()

    def update(self, backup_id: str, change: Callable[[BackupRecord], BackupRecord]) -> BackupRecord | None:
        """Read, change and write a record, alone with it; None if it was deleted."""
        with self._locked():
            record = self._read(self._jobs / f"{backup_id}.json")
            if record is None:
                return None
            changed = change(record)
            if changed != record:
                self._write(changed)
            return changed

    def delete(self, backup_id: str) -> bool:
        """Forget a backup and remove its files. False if it was not there."""
        with self._locked():
            known = self.exists(backup_id)
            (self._jobs / f"{backup_id}.json").unlink(missing_ok=True)
        self.remove_data(backup_id)
        return known

    def remove_data(self, backup_id: str) -> None:
        """Remove the files; streams that are under way keep theirs until they end."""
        shutil.rmtree(self.data_folder(backup_id), ignore_errors=True)

    def copied_bytes(self, backup_id: str) -> int:
        """How much of the snapshot is there. The copy has a temporary name until it is whole."""
        for path in self.data_folder(backup_id).glob(f".{SNAPSHOT_NAME}.*.part"):
            with suppress(FileNotFoundError):
                return path.stat().st_size
        return 0

    def sweep(self) -> list[BackupRecord]:
        """Remove what dead processes left, and say so in the records. Returns those that were interrupted."""
        sweep(self._data)
        sweep(self._jobs)
        for folder in self._data.iterdir():
            if folder.is_dir() and not is_claimed(folder):
                shutil.rmtree(folder, ignore_errors=True)
        interrupted = [record for record in self.all() if self._settle(record)]
        self._forget_old()
        return interrupted

    def _settle(self, told: BackupRecord) -> bool:
        """Write down what became of a dead process's backup. True if it was interrupted, and nobody wrote so before."""
        before: list[BackupRecord] = []

        def change(record: BackupRecord) -> BackupRecord:
            before.append(record)
            if record.active and not is_claimed(self.data_folder(record.id)):
                return _as_told(record)
            if record.state == "ready" and not self.data_folder(record.id).is_dir():
                return msgspec.structs.replace(record, state="gone")
            return record

        after = self.update(told.id, change)
        return after is not None and after.state == "interrupted" and before[0].state != "interrupted"

    def _forget_old(self) -> None:
        finished = [record for record in self.all() if not record.active and record.state != "ready"]
        for record in finished[_RECORDS_KEPT:]:
            self.delete(record.id)

    def _write(self, record: BackupRecord) -> None:
        write_durably(self._jobs / f"{record.id}.json", msgspec.json.encode(record))

    def _read(self, path: Path) -> BackupRecord | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=BackupRecord)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None  # a record of another version says nothing to this one

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One writer of records at a time, over all processes. Held for milliseconds."""
        descriptor = os.open(self._jobs / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _as_told(record: BackupRecord) -> BackupRecord:
    return msgspec.structs.replace(record, state="interrupted", error=INTERRUPTED) if record.active else record
