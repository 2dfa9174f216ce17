"""Kernel locks between the processes of a shop, on files that hold nothing. A process that dies lets go of them."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from berrypod.storage.files import PRIVATE_FILE, translate_os_error


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


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
