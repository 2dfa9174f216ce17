"""What is counted over time: backups and drills that were made, and those that failed. By exporter, on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from berrypod.decoding import decoder
from berrypod.events import BackupDrillFailed, BackupFailed, BackupFinished, BackupProven, Event
from berrypod.records import alone
from berrypod.storage.files import make_private_folder, sweep, write_durably


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Of one exporter, since the work folder exists. Times in UTC; seconds and bytes are of the last success."""

    made: int = 0
    failed: int = 0
    made_at: datetime | None = None
    failed_at: datetime | None = None
    seconds: float | None = None
    size_bytes: int | None = None
    proven: int = 0
    drills_failed: int = 0
    drill_at: datetime | None = None
    drill_seconds: float | None = None


_decoder = decoder(dict[str, Tally])


class Tallies:
    """All methods block for some milliseconds: call them in a thread."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        """`folder` is asked at each use; a folder in it is ours."""
        self._folder = folder

    def all(self) -> Mapping[str, Tally]:
        """By the names of exporters. What cannot be read counts as nothing."""
        try:
            return _decoder.decode(self._path.read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            return {}

    def note(self, event: Event) -> None:
        """Count what happened, if it is to be counted.

        :raises StorageError: it cannot be written.
        """
        if not isinstance(event, BackupFinished | BackupFailed | BackupProven | BackupDrillFailed):
            return
        path = self._path
        with alone(path.with_name("lock")):
            sweep(path.parent)
            tallies = dict(self.all())
            tallies[event.exporter] = counted(tallies.get(event.exporter, Tally()), event)
            write_durably(path, msgspec.json.encode(tallies))

    @property
    def _path(self) -> Path:
        return make_private_folder(self._folder() / "watching") / "tallies.json"


def counted(tally: Tally, event: BackupFinished | BackupFailed | BackupProven | BackupDrillFailed) -> Tally:
    """The tally with one more."""
    changed = msgspec.structs.replace
    match event:
        case BackupFinished():
            return changed(
                tally, made=tally.made + 1, made_at=event.at, seconds=event.seconds, size_bytes=event.size_bytes
            )
        case BackupFailed():
            return changed(tally, failed=tally.failed + 1, failed_at=event.at)
        case BackupProven():
            return changed(tally, proven=tally.proven + 1, drill_at=event.at, drill_seconds=event.seconds)
        case BackupDrillFailed():
            return changed(tally, drills_failed=tally.drills_failed + 1, drill_at=event.at)
