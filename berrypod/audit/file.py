"""The file of the audit log: appended by several processes, each line whole and durable, and rotated.

A kernel lock is held on the file while it is written, for a millisecond at a time. Each write begins where the former
ended: what a killed process or a full disk left torn spoils no line but its own.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from berrypod.storage.files import PRIVATE_FILE, fsync_folder

_POLL_SECONDS: Final = 0.005

LARGEST_BYTES: Final = 5_000_000
KEPT: Final = 4


class AuditFile:
    """`path`, and the former ones beside it: `.1` is the newest of them."""

    def __init__(
        self, path: Path, *, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT, lock_seconds: float = 3.0
    ) -> None:
        """
        :param largest_bytes: of one file; the next line begins another.
        :param kept: how many former ones are.
        :param lock_seconds: how long to wait for other processes.
        """
        self.path = path
        self._largest_bytes = largest_bytes
        self._kept = kept
        self._lock_seconds = lock_seconds

    def paths(self) -> Sequence[Path]:
        """The files that there may be, the newest first."""
        return (self.path, *(self._former(number) for number in range(1, self._kept + 1)))

    @contextmanager
    def alone(self) -> Generator[AloneFile]:
        """The file, for this process alone while the block runs.

        :raises OSError: it cannot be opened or made, or another process does not let go of it.
        """
        descriptor = self._opened()
        try:
            yield AloneFile(descriptor)
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        deadline = time.monotonic() + self._lock_seconds
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            try:
                self._lock(descriptor, deadline)
                if self._is_current(descriptor):
                    size = os.fstat(descriptor).st_size
                    if size == 0:
                        fsync_folder(self.path.parent)
                    if size < self._largest_bytes:
                        return descriptor
                    self._rotate()
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _lock(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"another process has held {self.path.name} for too long") from None
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _is_current(self, descriptor: int) -> bool:
        """False if another process rotated it before the lock was had."""
        with suppress(FileNotFoundError):
            return self.path.stat().st_ino == os.fstat(descriptor).st_ino
        return False

    def _rotate(self) -> None:
        """The lock on the current file is held: nobody else renames anything."""
        for number in range(self._kept, 0, -1):
            with suppress(FileNotFoundError):
                (self._former(number - 1) if number > 1 else self.path).rename(self._former(number))
        fsync_folder(self.path.parent)

    def _former(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class AloneFile:
    """The file while it is locked."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def append(self, lines: bytes) -> None:
        """Write whole lines, durably.

        :raises OSError: it could not be done (a full disk, say). Nothing of it is in the file then.
        """
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._descriptor, size)
            raise
