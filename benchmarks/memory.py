"""The memory of a process and of all that it started."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_LOOK_SECONDS = 0.05
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Watched:
    """`peak` is the most that was seen since `begin`, in bytes."""

    def __init__(self, process: int) -> None:
        self._process = process
        self.peak = 0

    def begin(self) -> None:
        self.peak = self.now()

    def look(self) -> None:
        self.peak = max(self.peak, self.now())

    def now(self) -> int:
        """Resident bytes of the whole family."""
        return sum(map(_resident, _family(self._process)))


@contextmanager
def watching(process: int) -> Generator[Watched]:
    """Look at a process and its descendants every 50 ms, for as long as the block runs."""
    watched, ended = Watched(process), threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK_SECONDS):
            watched.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield watched
    finally:
        ended.set()
        thread.join()


def _family(process: int) -> list[int]:
    found, waiting = list[int](), [process]
    while waiting:
        found.append(parent := waiting.pop())
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                born = map(int, children.read_text().split())
                # Until a child has begun its own program, it is its parent once more, with the same memory.
                waiting.extend(child for child in born if _command(child) != _command(parent))
            except OSError:  # it has just ended
                continue
    return found


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
