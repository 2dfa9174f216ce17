"""The shop's file, standing still, while others go on writing to it.

A read transaction that began when the whole log was in the file keeps everybody from folding more of the log into it:
so the file stands still, and may be read page by page. Where somebody else reads for long, not all of the log can be
folded. What is missing in the file is in the log then, in frames that are not written over while the transaction lasts;
and others may fold those, and no later ones, meanwhile. So a page that has one is read from there.

Measured: writers wait 1 to 5 ms for it. While it lasts, the log grows: hence the bounds.

For a process of its own: it opens the file and its shared memory beside SQLite, and must not close them while it has
connections (POSIX would drop their locks).
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseBusy, StorageError
from berrypod.storage.connection import open_connection
from berrypod.storage.files import require_space
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import FRAME_BYTES, log_path
from berrypod.storage.wal_index import LogState, read_log_state

# What is always left to the shop.
SPARE_BYTES = 64_000_000

_CACHE_KIBIBYTES = 512

# Writers wait for as long as the last of the log is folded, and that needs a moment without readers of before.
_FOLDING_SECONDS = 0.2
_FOLDING_TRIES = 40
_FOLDING_PAUSE_SECONDS = 0.25

# Who takes the file as it is need not wait for readers that are slow.
_SHORT_FOLDING_SECONDS = 0.1

# Most of the log is folded before, while nobody waits: until so little is left that it takes a few milliseconds.
_LITTLE_FRAMES = 500
_FIRST_FOLDINGS = 3


@dataclass(frozen=True)
class Bounds:
    """`log_bytes`: how long the log may grow. `seconds`: how long it may all take."""

    log_bytes: int = 2_000_000_000
    seconds: float = 3600.0


class Standstill:
    """`begin`, read, `close`, and `close_files`.

    `main`, `log` and `shm` are descriptors of the file, its log and its shared memory. `reader` is the connection that
    is in the read transaction. `state` is how far the log was when that began, at `begun_at` (seconds since 1970);
    `pages` and `page_bytes` are how big the database was. `held_seconds` is how long writers were kept waiting.
    """

    def __init__(self, path: Path, key: DatabaseKey | None, bounds: Bounds, outrun: type[StorageError]) -> None:
        """:param outrun: raised when `bounds` are."""
        self.path, self._key, self._bounds, self._outrun = path, key, bounds, outrun
        self._closing = ExitStack()
        self._files: list[int] = []
        self.held_seconds = 0.0

    def begin(self, *, folded: bool = True) -> None:
        """Have the file stand still.

        :param folded: all of the log must be in it. Otherwise, what the file lacks is in the log's frames from
            `state.folded` to `state.frames`.
        :raises DatabaseBusy: somebody else reads for long (a backup), and the log cannot be folded.
        """
        self._until = time.monotonic() + self._bounds.seconds
        # Before the first connection, and closed after the last: see above.
        self.main = self._open(self.path)
        self.reader = self._connect()
        self.shm = self._open(self.path.with_name(self.path.name + "-shm"))
        folder, writer = self._connect(), self._connect()
        try:
            self.state = self._stand_still(folder, writer, folded=folded)
        finally:
            writer.close()
            folder.close()
        self.log = self._open(log_path(self.path))
        self.pages = int(self.reader.execute("PRAGMA page_count").fetchone()[0])
        self.page_bytes = int(self.reader.execute("PRAGMA page_size").fetchone()[0])

    def require_bounds(self, state: LogState | None = None) -> None:
        """Check that it may go on, by the log's state as it is now.

        :raises StorageError: what `outrun` is, if it may not.
        :raises DiskFull: next to nothing is left for the shop.
        """
        log_bytes = (state or read_log_state(self.shm)).frames * FRAME_BYTES
        if log_bytes > self._bounds.log_bytes:
            raise self._outrun(f"The log has grown to {log_bytes // 1_000_000} MB meanwhile")
        if time.monotonic() > self._until:
            raise self._outrun(f"It took longer than {self._bounds.seconds:.0f} seconds")
        require_space(self.path.parent, SPARE_BYTES // 2)

    def close(self) -> None:
        """End the transaction, and close the connections."""
        self._closing.close()

    def close_files(self) -> None:
        """After the last connection of this process was closed. Its end does it as well."""
        while self._files:
            os.close(self._files.pop())

    def _stand_still(self, folder: dbapi2.Connection, writer: dbapi2.Connection, *, folded: bool) -> LogState:
        for _ in range(_FOLDING_TRIES if folded else 1):
            for _ in range(_FIRST_FOLDINGS):
                if _unfolded(folder) <= _LITTLE_FRAMES:
                    break
            if state := self._try(folder, writer, folded=folded):
                return state
            time.sleep(_FOLDING_PAUSE_SECONDS)
        raise DatabaseBusy(
            "Something reads the shop's file for long", hint="Wait until the backup that runs has ended, and try again."
        )

    def _try(self, folder: dbapi2.Connection, writer: dbapi2.Connection, *, folded: bool) -> LogState | None:
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        try:
            until = begun + (_FOLDING_SECONDS if folded else _SHORT_FOLDING_SECONDS)
            while _unfolded(folder) and time.monotonic() < until:
                time.sleep(0.001)
            self.reader.execute("BEGIN")
            self.reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            state = read_log_state(self.shm)
            if state.folded == state.frames or not folded:
                self.begun_at = time.time()
                return state
            self.reader.execute("ROLLBACK")
            return None
        finally:
            writer.execute("ROLLBACK")
            self.held_seconds = max(self.held_seconds, time.monotonic() - begun)

    def _connect(self) -> dbapi2.Connection:
        connection = open_connection(self.path, self._key, cache_kibibytes=_CACHE_KIBIBYTES)
        self._closing.callback(connection.close)
        return connection

    def _open(self, path: Path) -> int:
        self._files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        return self._files[-1]


def _unfolded(connection: dbapi2.Connection) -> int:
    """Fold the log into the file, as far as readers let it. Returns how many frames are left, if it is known."""
    busy, frames, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return max(frames - folded, 1 if busy else 0)
