"""The shop's file under another key, in a new file, while others go on writing to it.

The file stands still (`standstill`), and is written anew page by page; and what changes meanwhile is in the log, frame
by frame with the pages' numbers. Catching up writes the newest version of each of those pages. It is repeated, and the
last time done when nobody can write any more.

For a process of its own, as the standstill is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from berrypod.errors import DatabaseDamaged, StorageError
from berrypod.storage.faults import reach
from berrypod.storage.files import PRIVATE_FILE, fsync_folder, require_space
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.log import frames, page_of
from berrypod.storage.raw_copy import write_at
from berrypod.storage.reencryption import Reencryption
from berrypod.storage.standstill import SPARE_BYTES, Bounds, Standstill
from berrypod.storage.wal_index import LogState, read_log_state

# Bigger steps, written out at once, would keep customers' orders waiting for the disk.
_STEP_PAGES = 512

# What is left for when requests wait takes a few milliseconds.
_LEVEL_PAGES = 256
_PASSES = 30

Tell = Callable[[float], None]


class CannotKeepUp(StorageError):
    code = "key_rotation_outrun"
    status = 503
    title = "The shop writes more than can be written anew meanwhile"
    default_hint = "Nothing was changed. Try again when the shop is quieter, or with the server stopped."


@dataclass
class _Seen:
    """How far the log is in the new file: so many frames of the one with these salts."""

    salts: bytes
    frames: int
    pages: int
    begun: bool = False


@dataclass(frozen=True)
class Level:
    """`pages` is the size of the database, `caught_up` how many pages were written anew so far."""

    pages: int
    caught_up: int
    last: int


@dataclass
class Rewriting:
    """`begin`, `copy`, `catch_up` as often as wanted, `finish`, `close`."""

    path: Path
    old: DatabaseKey = field(repr=False)
    target: Path
    new: DatabaseKey = field(repr=False)
    bounds: Bounds = field(default_factory=Bounds)
    _new: int = field(default=-1, init=False)
    _unproven: set[int] = field(default_factory=set[int], init=False)
    _caught_up: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._still = Standstill(self.path, self.old, self.bounds, CannotKeepUp)

    def begin(self) -> None:
        """Have the file stand still.

        :raises DatabaseBusy: somebody else reads for long (a backup), and the log cannot be folded.
        """
        self._pages_of = Reencryption(self.old, self.new)
        self._still.begin()
        state, pages = self._still.state, self._still.pages
        self._seen = _Seen(state.salts, state.frames, pages)
        self._mark = self._main_mark()
        require_space(self.path.parent, pages * PAGE_BYTES + SPARE_BYTES)
        self._new = os.open(self.target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        reach("rewriting.begun")

    def copy(self, tell: Tell) -> None:
        """Write each page anew. 85 MB take a second.

        :raises DatabaseDamaged: a page is not as it was written. It is named.
        """
        pages = self._seen.pages
        os.ftruncate(self._new, pages * PAGE_BYTES)
        for first in range(1, pages + 1, _STEP_PAGES):
            count = min(_STEP_PAGES, pages + 1 - first)
            block = os.pread(self._still.main, count * PAGE_BYTES, (first - 1) * PAGE_BYTES)
            if len(block) != count * PAGE_BYTES:
                raise DatabaseDamaged("The shop's file is shorter than it says")
            anew = b"".join(
                self._pages_of.page(block[at * PAGE_BYTES : (at + 1) * PAGE_BYTES], first + at) for at in range(count)
            )
            write_at(self._new, anew, (first - 1) * PAGE_BYTES)
            os.fdatasync(self._new)
            reach("rewriting.copying")
            self._still.require_bounds()
            tell(min((first + count) / pages, 1.0))
        reach("rewriting.copied")

    def catch_up(self, tell: Tell) -> Level:
        """Write anew what has changed since, until next to nothing is left; and have it on the disk.

        :raises CannotKeepUp: the shop writes faster than that, or for too long.
        """
        for number in range(_PASSES):
            done = self._advance()
            tell((number + 1) / _PASSES)
            if done <= _LEVEL_PAGES:
                break
        else:
            raise CannotKeepUp
        os.fsync(self._new)
        reach("rewriting.level")
        return self._level(done)

    def proven(self) -> None:
        """What is in the new file now was verified: `finish` looks at what comes after."""
        self._unproven.clear()

    def finish(self) -> Level:
        """The last pages, when nobody has the file open any more; each is read again. Then `close`.

        :raises StorageError: the file did not stand still, or what was written is not what lies there.
        """
        state = read_log_state(self._still.shm)
        done = self._advance()
        os.fsync(self._new)
        fsync_folder(self.target.parent)
        reach("rewriting.last")
        for number in sorted(self._unproven):
            page = os.pread(self._new, PAGE_BYTES, (number - 1) * PAGE_BYTES)
            if number <= self._seen.pages and not self._pages_of.came_out(page, number):
                raise StorageError(
                    f"Page {number} of the new file is not as it was written", hint="Look after the disk: `dmesg`."
                )
        self._require_still(state)
        return self._level(done)

    def close(self) -> None:
        """End the transaction, and close the connections. What was copied without `finish` is of no use."""
        self._still.close()

    def close_files(self) -> None:
        """After the last connection of this process was closed. Its end does it as well."""
        self._still.close_files()
        if self._new >= 0:
            os.close(self._new)
            self._new = -1

    # --- inside ---

    def _advance(self) -> int:
        """Bring the new file to where the log is now. Returns how many pages were written."""
        state = read_log_state(self._still.shm)
        self._still.require_bounds(state)
        seen = self._seen
        if state.salts != seen.salts:
            # Once, by the first writer: when all of the log is in the file, it begins it anew.
            if seen.begun:
                raise StorageError("The log was begun anew though it must not be", hint="Nothing was changed.")
            seen.salts, seen.frames = state.salts, 0
        pages = state.pages or seen.pages
        newest = {number: frame for frame, number in frames(self._still.log, seen.salts, seen.frames, state.frames)}
        written = 0
        # In the file's order, which is the faster one to write.
        for number, frame in sorted(newest.items()):
            if number > pages:
                continue
            page = self._pages_of.page(page_of(self._still.log, frame), number)
            write_at(self._new, page, (number - 1) * PAGE_BYTES)
            self._unproven.add(number)
            written += 1
        if newest:
            seen.begun = True
            os.ftruncate(self._new, pages * PAGE_BYTES)
        seen.frames, seen.pages = state.frames, pages
        self._caught_up += written
        reach("rewriting.advanced")
        return written

    def _require_still(self, state: LogState) -> None:
        """What cannot be, with the gate held; but a shop depends on it.

        :raises StorageError: it is not so.
        """
        now = self.path.stat()
        own = os.fstat(self._still.main)
        if (
            self._main_mark() != self._mark
            or (now.st_dev, now.st_ino) != (own.st_dev, own.st_ino)
            or read_log_state(self._still.shm) != state
        ):
            raise StorageError("The shop's file changed in the last moment", hint="Nothing was done. Try again.")

    def _main_mark(self) -> tuple[int, int]:
        status = os.fstat(self._still.main)
        return status.st_size, status.st_mtime_ns

    def _level(self, last: int) -> Level:
        return Level(pages=self._seen.pages, caught_up=self._caught_up, last=last)
