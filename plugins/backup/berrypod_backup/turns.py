"""One snapshot at a time, over all processes: two would take the disk from each other, and from orders."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from berrypod.storage.files import PRIVATE_FILE, translate_os_error

_LOOK_SECONDS = 0.1


@asynccontextmanager
async def turn(
    path: Path, *, waiting: Callable[[], None] | None = None, look_seconds: float = _LOOK_SECONDS
) -> AsyncGenerator[None]:
    """Wait until nobody else has the lock on `path`, and have it. A process that dies lets go of it.

    :param waiting: called once if it is not free.
    :param look_seconds: how long it may be free before it is noticed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        while not _lock(descriptor):
            if waiting is not None:
                waiting()
                waiting = None
            await asyncio.sleep(look_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
