"""Who works on an archive, over all processes of this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from berrypod.archive.faults import ArchiveBusy
from berrypod.storage.locks import within


@asynccontextmanager
async def locked(path: Path, *, alone: bool, seconds: float) -> AsyncGenerator[None]:
    """Have the lock on `path`: alone, or together with others who share it.

    :param seconds: how long to wait for those who have it.
    :raises ArchiveBusy: they did not let go in time.
    :raises FolderNotWritable: the lock's file cannot be made.
    """
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(within(path, alone=alone, seconds=seconds))
        except TimeoutError:
            words = f"Something else is at work on these backups, and has not ended within {seconds:g} s"
            raise ArchiveBusy(words) from None
        yield
