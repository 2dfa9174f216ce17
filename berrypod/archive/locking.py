"""Who works on an archive, over all processes: kernel locks on files, which a process that dies lets go of."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final, Literal

from berrypod.archive.faults import ArchiveBusy
from berrypod.storage.files import PRIVATE_FILE, translate_os_error

Mode = Literal["shared", "alone"]

_LOOK_SECONDS: Final = 0.05
_KINDS: Final = {"shared": fcntl.LOCK_SH, "alone": fcntl.LOCK_EX}


@asynccontextmanager
async def locked(path: Path, mode: Mode, *, seconds: float) -> AsyncGenerator[None]:
    """Have the lock on `path`: together with others who share it, or alone.

    :param seconds: how long to wait for those who have it.
    :raises ArchiveBusy: they did not let go in time.
    :raises FolderNotWritable: the lock's file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        deadline = monotonic() + seconds
        while not _lock(descriptor, _KINDS[mode]):
            if monotonic() >= deadline:
                raise ArchiveBusy(f"Something else is at work on these backups, and has not ended within {seconds:g} s")
            await asyncio.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
