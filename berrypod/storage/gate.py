"""The gate: which processes have the file open, and who has it alone.

Several processes use one file (uvicorn's workers, the command line). Each holds a shared kernel lock on a file beside
the database for as long as it has connections open. Whoever must have the database alone (an upgrade of the schema;
later a restore, a change of key) takes the same lock exclusively. The kernel's lock is the truth: a process that dies
lets go of it, so nothing stale can lock the shop out.

The lock file is empty and stays: removing it would let two processes lock two different files of one name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from berrypod.errors import DatabaseLocked
from berrypod.storage.files import PRIVATE_FILE, translate_os_error

_POLL_SECONDS = 0.02


class Gate:
    """One process's hold on the gate of one database. A hold is per instance: flock belongs to the open file."""

    def __init__(self, database_path: Path) -> None:
        database_path = database_path.resolve()  # A link to the database must not have a gate of its own.
        self.path = database_path.with_name(database_path.name + "-lock")
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def enter(self, *, timeout: float = 5.0) -> None:
        """Hold the gate together with others. Call before the first connection is opened.

        :param timeout: seconds to wait for one that has the file alone.
        :raises DatabaseLocked: it did not let go in time.
        """
        if self._descriptor is None:
            self._descriptor = self._lock(fcntl.LOCK_SH, timeout)

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

    def _lock(self, kind: int, timeout: float) -> int:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise translate_os_error(error, self.path.parent) from error
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
