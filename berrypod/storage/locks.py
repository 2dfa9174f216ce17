"""Kernel locks between the processes of a shop. A process that dies lets go of them.

The files hold nothing, or a note of who has the lock (`noted`). They stay: removing one would let two processes lock
two different files of one name.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from berrypod.storage.files import PRIVATE_FILE, translate_os_error

_LOOK_SECONDS: Final = 0.05

# Of a note: each takes the place of the one before it.
_NOTE_BYTES: Final = 4096

_TRY_AGAIN_SECONDS: Final = 0.001


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Have the lock on `path`. Waits for whoever has it, and so blocks: for what takes milliseconds, in a thread.

    :raises StorageError: the file cannot be made.
    """
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def one_of_all(
    path: Path, *, look_seconds: float = 0.1, waiting: Callable[[], None] | None = None
) -> AsyncGenerator[None]:
    """Have the lock on `path` for as long as the block runs: of all processes that want it one has it.

    :param look_seconds: how long it may be free before it is noticed.
    :param waiting: called once if it is not free.
    :raises StorageError: the file cannot be made.
    """
    descriptor = _open(path)
    try:
        while not _lock(descriptor):
            if waiting is not None:
                waiting()
                waiting = None
            await asyncio.sleep(look_seconds)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def within(path: Path, *, alone: bool, seconds: float) -> AsyncGenerator[None]:
    """Have the lock on `path`: alone, or together with others who share it.

    :param seconds: how long to wait for those who have it.
    :raises TimeoutError: they did not let go.
    :raises StorageError: the file cannot be made.
    """
    descriptor, deadline = _open(path), monotonic() + seconds
    try:
        while not _lock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
            if monotonic() >= deadline:
                raise TimeoutError
            await asyncio.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


class Taken(Exception):
    """Somebody has the lock. `note` is what they say of it; in the instant in which they take it, nothing, or what the
    one before them has said."""

    def __init__(self, note: bytes) -> None:
        self.note = note


@contextmanager
def noted(path: Path, note: bytes, *, seconds: float = 0.0) -> Generator[Callable[[bytes], None]]:
    """Have the lock on `path` now, with a note in it for whoever wants it as well. What is yielded writes another one.

    :param seconds: to try again for: `note_of_holder` has the lock for an instant when it looks. Blocks for as long.
    :raises Taken: somebody has it.
    :raises StorageError: the file cannot be made, or written.
    """
    descriptor, deadline = _open(path), monotonic() + seconds
    try:
        while not _lock(descriptor):
            if monotonic() >= deadline:
                raise Taken(_read(descriptor))
            time.sleep(_TRY_AGAIN_SECONDS)

        def write(note: bytes) -> None:
            try:
                os.pwrite(descriptor, note.ljust(_NOTE_BYTES), 0)
            except OSError as error:
                raise translate_os_error(error, path.parent) from error

        write(note)
        yield write
    finally:
        os.close(descriptor)


def note_of_holder(path: Path) -> bytes | None:
    """The note of whoever has the lock on `path`; None if nobody has. Takes microseconds."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _read(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, _NOTE_BYTES, 0).rstrip()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


def _lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
