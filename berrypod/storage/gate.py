"""The gate: which processes have the file open, and who has it alone.

Several processes use one file (uvicorn's workers, the command line). Each holds a shared kernel lock on a file beside
the database for as long as it has connections open. Whoever must have the database alone (an upgrade of the schema, a
restore, a change of key) takes the same lock exclusively. The kernel's lock is the truth: a process that dies
lets go of it, so nothing stale can lock the shop out.

Servers do not leave by themselves. Whoever wants them to announces it, by a lock on a second file, at which they look
now and then (`maintenance.py`): they finish what they are at, leave, and come back when the announcement has ended.

The lock files stay: removing one would let two processes lock two different files of one name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from berrypod.decoding import decoder
from berrypod.errors import DatabaseLocked
from berrypod.storage.files import PRIVATE_FILE, translate_os_error
from berrypod.storage.locks import Taken, note_of_holder, noted

_POLL_SECONDS = 0.005

# Processes that look at an announcement lock it for an instant: that is no announcement of theirs.
_ANNOUNCING_SECONDS = 0.5


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Who is about to have the file alone, and for what ("restore"). `since` is in UTC, `process` is its id."""

    operation: str
    since: datetime
    process: int


_decoder = decoder(Announcement)


class Gate:
    """One process's hold on the gate of one database. A hold is per instance: flock belongs to the open file."""

    def __init__(self, database_path: Path) -> None:
        database_path = database_path.resolve()  # A link to the database must not have a gate of its own.
        self.path = database_path.with_name(database_path.name + "-lock")
        self.announcement_path = database_path.with_name(database_path.name + "-announcement")
        self._descriptor: int | None = None
        self._announcing = False

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def enter(self, *, timeout: float = 5.0) -> None:
        """Hold the gate together with others. Call before the first connection is opened.

        :param timeout: seconds to wait for one that has the file alone, or has announced that it wants to.
        :raises DatabaseLocked: it did not let go in time.
        """
        if self._descriptor is None:
            deadline = time.monotonic() + timeout
            while not self._announcing and self.announced() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)  # Whoever slips in now is one more for which the other has to wait.
            self._descriptor = self._lock(fcntl.LOCK_SH, max(deadline - time.monotonic(), 0))

    def leave(self) -> None:
        """Let go. Call after the last connection is closed."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def alone(self, *, timeout: float = 5.0) -> Generator[None]:
        """Have the file alone while the block runs; this instance must not hold the gate already.

        :raises DatabaseLocked: others did not let go in time. Nothing has changed then.
        """
        if self._descriptor is not None:
            raise AssertionError("leave() the gate first: a process would wait for itself")
        self._descriptor = self._lock(fcntl.LOCK_EX, timeout)
        try:
            yield
        finally:
            self.leave()

    @contextmanager
    def announce(self, operation: str) -> Generator[Announcement]:
        """Ask all processes to leave, until the block ends. One at a time, over all processes.

        :raises DatabaseLocked: another process has announced something. It is told at once.
        """
        announcement = Announcement(operation=operation, since=datetime.now(UTC), process=os.getpid())
        with ExitStack() as stack:
            try:
                note = msgspec.json.encode(announcement)
                stack.enter_context(noted(self.announcement_path, note, seconds=_ANNOUNCING_SECONDS))
            except Taken as taken:
                raise _taken(_decoded(taken.note)) from None
            self._announcing = True
            stack.callback(setattr, self, "_announcing", False)
            yield announcement

    def announced(self) -> Announcement | None:
        """What another process has announced, or this one. Takes microseconds.

        One that has died has announced nothing: the kernel took its lock.
        """
        note = note_of_holder(self.announcement_path)
        return None if note is None else _decoded(note)

    def _open(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise translate_os_error(error, path.parent) from error

    def _lock(self, kind: int, timeout: float) -> int:
        descriptor = self._open(self.path)
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise DatabaseLocked(
                        f"{self.path.name} is held by another process, which did not let go within {timeout:g} s"
                        if kind == fcntl.LOCK_SH
                        else f"Other processes have the database open and did not close it within {timeout:g} s",
                        hint="Stop this shop's other Berrypod processes, or wait until they end, and try again.",
                    ) from None
                time.sleep(_POLL_SECONDS)
            except BaseException:
                os.close(descriptor)
                raise
            else:
                return descriptor


def _decoded(note: bytes) -> Announcement:
    """The announcement, or an unnamed one: it is locked first and written an instant later."""
    with suppress(msgspec.MsgspecError):
        return _decoder.decode(note)
    return Announcement(operation="maintenance", since=datetime.now(UTC), process=0)


def _taken(announcement: Announcement) -> DatabaseLocked:
    return DatabaseLocked(
        f"Another process is at it already ({announcement.operation}, since "
        f"{announcement.since:%H:%M:%S} UTC, process {announcement.process})",
        hint="Wait until it has finished, look what became of it, and try again.",
    )
