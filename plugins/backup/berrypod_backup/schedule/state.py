"""What has become of the times that were due. On disk, as whoever goes on with them may be another process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from berrypod.decoding import decoder
from berrypod.records import Trouble
from berrypod.storage.files import make_private_folder, sweep, write_durably

log = logging.getLogger("berrypod.backup")

_FOLDER: Final = "schedule"

_Time = Annotated[datetime, Meta(tz=True)]


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A due time that is being served. `exporters` are those whose backup is still to be made.

    `begun_at` is when the present attempt began; without one, the next begins at `not_before`.
    """

    due: _Time
    exporters: tuple[str, ...]
    attempts: int = 0
    begun_at: _Time | None = None
    not_before: _Time | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a due time at `at`, in so many attempts. `backup_id` of the last one; `trouble` if it failed.

    `remarks` are of what comes after a backup that was made: old ones that could not be removed, a drill that failed.
    """

    due: _Time
    at: _Time
    attempts: int
    exporters: tuple[str, ...]
    backup_id: str | None = None
    trouble: Trouble | None = None
    remarks: tuple[Trouble, ...] = ()


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """Due times up to `counted` are dealt with, or are `pending`; `since` is that of the settings which this is of.

    `failing_due` is the first due time that has failed since the last success.
    `drilled_at` is when the schedule last had a new backup tried, whether it was proven by that or not.
    """

    since: _Time | None = None
    counted: _Time
    pending: Pending | None = None
    last_success: Outcome | None = None
    last_failure: Outcome | None = None
    failing_due: _Time | None = None
    drilled_at: _Time | None = None


_decoder = decoder(ScheduleState)


class States:
    """The state of one shop. One process writes it, all may read. Both block for some milliseconds."""

    def __init__(self, work_folder: Callable[[], Path]) -> None:
        """`work_folder` is asked at each use: its disk may not be there at start."""
        self._work_folder = work_folder

    @property
    def lock_path(self) -> Path:
        """Locked by the process that looks at the clock."""
        return self._folder / "leader"

    def read(self) -> ScheduleState | None:
        """None if nothing is known: then times count from now, or from when the schedule was saved."""
        try:
            return _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            log.warning("%s makes no sense (%s): times that were missed are not known", self._path, error)
            return None

    def write(self, state: ScheduleState) -> None:
        """:raises StorageError: the disk refuses; what was there before is still there."""
        write_durably(self._path, msgspec.json.encode(state))

    def sweep(self) -> None:
        """Remove what a process left that died while writing."""
        sweep(self._folder)

    @property
    def _folder(self) -> Path:
        return make_private_folder(self._work_folder() / _FOLDER)

    @property
    def _path(self) -> Path:
        return self._folder / "state.json"
