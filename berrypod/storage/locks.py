"""Kernel locks between the processes of a shop, on files that hold nothing. A process that dies lets go of them."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from berrypod.storage.files import PRIVATE_FILE, translate_os_error

_LOOK_SECONDS: Final = 0.05


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
async def one_of_all(path: Path, *, look_seconds: float) -> AsyncGenerator[None]:
    """Have the lock on `path` for as long as the block runs: of all processes that want it one has it.

    :param look_seconds: how long it may be free before it is noticed.
    :raises StorageError: the file cannot be made.
    """
    descriptor = _open(path)
    try:
        while not _lock(descriptor):  # noqa: ASYNC110 - another process's, of which no event of ours can tell
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
