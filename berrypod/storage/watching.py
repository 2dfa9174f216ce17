"""Watching a file grow that SQLite writes: how far it is, and that it goes to the disk step by step."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

_LOOK_SECONDS = 0.1

# All of it at the end would make each order's commit wait behind it.
_STEP_BYTES = 8_000_000


def in_loop(progress: Callable[[float], None]) -> Callable[[float], None]:
    """Lets a thread call a function of the event loop that runs here."""
    loop = asyncio.get_running_loop()

    def tell(share: float) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody wants to know.
            loop.call_soon_threadsafe(progress, share)

    return tell


class Watcher:
    """Looks how the file grows, tells of it, and brings it to the disk step by step.

    :param descriptor: of the file. Whoever writes it leaves syncing to this.
    :param expected: how big it will be, in bytes, about.
    :param tell: called in a thread with the share (0 to 1) that is written.
    """

    def __init__(self, descriptor: int, expected: int, tell: Callable[[float], None]) -> None:
        self._descriptor = descriptor
        self._expected = expected
        self._tell = tell
        self._ended = threading.Event()
        self._error: OSError | None = None

    @contextmanager
    def watching(self) -> Generator[None]:
        """:raises OSError: the disk refused what was written."""
        thread = threading.Thread(target=self._run, name="berrypod-snapshot", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
        # The kernel tells of a failed write once: the sync at the end would know nothing of it.
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        synced, ended = 0, False
        try:
            while not ended:
                ended = self._ended.wait(_LOOK_SECONDS)  # One more look then: how far it came, however quick it was.
                size = os.fstat(self._descriptor).st_size
                self._tell(min(size / max(self._expected, 1), 1.0))
                if size - synced >= _STEP_BYTES:
                    os.fdatasync(self._descriptor)
                    synced = size
        except OSError as error:
            self._error = error
