"""The shop's file under another key, in a new file, while others go on writing to it.

A read transaction that began when the whole log was in the file keeps everybody from folding more of the log into it:
so the file stands still, and is written anew page by page, and what changes meanwhile is in the log, frame by frame
with the pages' numbers. Catching up writes the newest version of each of those pages. It is repeated, and the last time
done when nobody can write any more.

For a process of its own: it opens the file and its shared memory beside SQLite, and must not close them while it has
connections (POSIX would drop their locks).
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseBusy, DatabaseDamaged, StorageError
from berrypod.storage.connection import open_connection
from berrypod.storage.faults import reach
from berrypod.storage.files import PRIVATE_FILE, fsync_folder, require_space
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.log import FRAME_HEADER_BYTES, HEADER_BYTES, log_path
from berrypod.storage.reencryption import Reencryption
from berrypod.storage.wal_index import LogState, read_log_state

# What is always left to the shop.
SPARE_BYTES = 64_000_000

_CACHE_KIBIBYTES = 1_024
_FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES

# Bigger steps, written out at once, would keep customers' orders waiting for the disk.
_STEP_PAGES = 512

# Writers wait for as long as the whole log is folded, and that needs a moment without readers.
_FOLDING_SECONDS = 0.2
_FOLDING_TRIES = 40
_FOLDING_PAUSE_SECONDS = 0.25

# What is left for when requests wait takes a few milliseconds.
_LEVEL_PAGES = 256
_PASSES = 30

Tell = Callable[[float], None]


class CannotKeepUp(StorageError):
    code = "key_rotation_outrun"
    status = 503
    title = "The shop writes more than can be written anew meanwhile"
    default_hint = "Nothing was changed. Try again when the shop is quieter, or with the server stopped."


@dataclass(frozen=True)
class Bounds:
    """`log_bytes`: how long the log may grow. `seconds`: how long it may all take."""

    log_bytes: int = 2_000_000_000
    seconds: float = 3600.0


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
    _closing: ExitStack = field(default_factory=ExitStack, init=False)
    _files: list[int] = field(default_factory=list[int], init=False)
    _unproven: set[int] = field(default_factory=set[int], init=False)
    _caught_up: int = field(default=0, init=False)

    def begin(self) -> None:
        """Have the file stand still.

        :raises DatabaseBusy: somebody else reads for long (a backup), and the log cannot be folded.
        """
        self._until = time.monotonic() + self.bounds.seconds
        self._pages_of = Reencryption(self.old, self.new)
        # Before the first connection, and closed after the last: see above.
        self._main = self._open(self.path, os.O_RDONLY)
        self._reader = self._connect()
        self._shm = self._open(self.path.with_name(self.path.name + "-shm"), os.O_RDONLY)
        folder, writer = self._connect(), self._connect()
        try:
            state = self._stand_still(folder, writer)
        finally:
            writer.close()
            folder.close()
        self._log = self._open(log_path(self.path), os.O_RDONLY)
        # Of a log without a frame it is not said how big the database is: as big as the file.
        pages = state.pages or os.fstat(self._main).st_size // PAGE_BYTES
        self._seen = _Seen(state.salts, state.frames, pages)
        self._mark = self._main_mark()
        require_space(self.path.parent, pages * PAGE_BYTES + SPARE_BYTES)
        self._new = self._open(self.target, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        reach("rewriting.begun")

    def copy(self, tell: Tell) -> None:
        """Write each page anew. 85 MB take a second.

        :raises DatabaseDamaged: a page is not as it was written. It is named.
        """
        pages = self._seen.pages
        os.ftruncate(self._new, pages * PAGE_BYTES)
        for first in range(1, pages + 1, _STEP_PAGES):
            count = min(_STEP_PAGES, pages + 1 - first)
            block = os.pread(self._main, count * PAGE_BYTES, (first - 1) * PAGE_BYTES)
            if len(block) != count * PAGE_BYTES:
                raise DatabaseDamaged("The shop's file is shorter than it says")
            anew = b"".join(
                self._pages_of.page(block[at * PAGE_BYTES : (at + 1) * PAGE_BYTES], first + at) for at in range(count)
            )
            _write(self._new, anew, (first - 1) * PAGE_BYTES)
            os.fdatasync(self._new)
            reach("rewriting.copying")
            self._require_bounds(read_log_state(self._shm))
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
        state = read_log_state(self._shm)
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
        self._closing.close()

    def close_files(self) -> None:
        """After the last connection of this process was closed. Its end does it as well."""
        while self._files:
            os.close(self._files.pop())

    # --- inside ---

    def _stand_still(self, folder: dbapi2.Connection, writer: dbapi2.Connection) -> LogState:
        for _ in range(_FOLDING_TRIES):
            _fold(folder)
            writer.execute("BEGIN IMMEDIATE")
            try:
                until = time.monotonic() + _FOLDING_SECONDS
                while not (folded := _fold(folder)) and time.monotonic() < until:
                    time.sleep(0.001)
                if folded:
                    self._reader.execute("BEGIN")
                    self._reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
                    state = read_log_state(self._shm)
                    if state.folded == state.frames:
                        return state
                    self._reader.execute("ROLLBACK")
            finally:
                writer.execute("ROLLBACK")
            time.sleep(_FOLDING_PAUSE_SECONDS)
        raise DatabaseBusy(
            "Something reads the shop's file for long", hint="Wait until the backup that runs has ended, and try again."
        )

    def _advance(self) -> int:
        """Bring the new file to where the log is now. Returns how many pages were written."""
        state = read_log_state(self._shm)
        self._require_bounds(state)
        seen = self._seen
        if state.salts != seen.salts:
            # Once, by the first writer: when all of the log is in the file, it begins it anew.
            if seen.begun:
                raise StorageError("The log was begun anew though it must not be", hint="Nothing was changed.")
            seen.salts, seen.frames = state.salts, 0
        pages = state.pages or seen.pages
        newest = {number: frame for frame, number in self._frames(seen.frames, state.frames)}
        written = 0
        # In the file's order, which is the faster one to write.
        for number, frame in sorted(newest.items()):
            if number > pages:
                continue
            start = HEADER_BYTES + frame * _FRAME_BYTES + FRAME_HEADER_BYTES
            page = os.pread(self._log, PAGE_BYTES, start)
            _write(self._new, self._pages_of.page(page, number), (number - 1) * PAGE_BYTES)
            self._unproven.add(number)
            written += 1
        if newest:
            seen.begun = True
            os.ftruncate(self._new, pages * PAGE_BYTES)
        seen.frames, seen.pages = state.frames, pages
        self._caught_up += written
        reach("rewriting.advanced")
        return written

    def _frames(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """The frames (counted from 0) and the pages they hold."""
        for frame in range(first, end):
            header = os.pread(self._log, FRAME_HEADER_BYTES, HEADER_BYTES + frame * _FRAME_BYTES)
            if len(header) != FRAME_HEADER_BYTES or header[8:16] != self._seen.salts:
                raise StorageError(f"Frame {frame + 1} of the log is of another log", hint="Nothing was changed.")
            yield frame, struct.unpack(">I", header[:4])[0]

    def _require_bounds(self, state: LogState) -> None:
        if state.frames * _FRAME_BYTES > self.bounds.log_bytes:
            raise CannotKeepUp(f"The log has grown to {state.frames * _FRAME_BYTES // 1_000_000} MB meanwhile")
        if time.monotonic() > self._until:
            raise CannotKeepUp(f"It took longer than {self.bounds.seconds:.0f} seconds")
        require_space(self.path.parent, SPARE_BYTES // 2)

    def _require_still(self, state: LogState) -> None:
        """What cannot be, with the gate held; but a shop depends on it.

        :raises StorageError: it is not so.
        """
        now = self.path.stat()
        own = os.fstat(self._main)
        if (
            self._main_mark() != self._mark
            or (now.st_dev, now.st_ino) != (own.st_dev, own.st_ino)
            or read_log_state(self._shm) != state
        ):
            raise StorageError("The shop's file changed in the last moment", hint="Nothing was done. Try again.")

    def _main_mark(self) -> tuple[int, int]:
        status = os.fstat(self._main)
        return status.st_size, status.st_mtime_ns

    def _level(self, last: int) -> Level:
        return Level(pages=self._seen.pages, caught_up=self._caught_up, last=last)

    def _connect(self) -> dbapi2.Connection:
        connection = open_connection(self.path, self.old, cache_kibibytes=_CACHE_KIBIBYTES)
        self._closing.callback(connection.close)
        return connection

    def _open(self, path: Path, flags: int) -> int:
        self._files.append(os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE))
        return self._files[-1]


def _fold(connection: dbapi2.Connection) -> bool:
    """Fold the log into the file. True if all of it is there."""
    busy, frames, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and frames == folded


def _write(descriptor: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
