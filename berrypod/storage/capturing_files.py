"""Capturing a file that nobody writes, a snapshot say: as the shop's own (`capture`), in a thread of this process."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod.storage import capture_wire as wire
from berrypod.storage.capture import Captured, Progress, told
from berrypod.storage.capturing import CaptureFailed, PageCapture, PagesUnfit, capture_state
from berrypod.storage.chunks import NewChunk
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import require_closed
from berrypod.storage.failures import explain
from berrypod.storage.files import require_space, translate_os_error
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.page_source import PageSource
from berrypod.storage.standstill import SPARE_BYTES
from berrypod.storage.watching import in_loop


async def capture_file(
    path: Path,
    key: DatabaseKey | None,
    staging: Path,
    known: Path | None,
    *,
    distrusted: Collection[str] = (),
    fast: bool = False,
    progress: Progress | None = None,
) -> Captured:
    """As `capture.capture`, of a file that nobody writes and beside which no log lies.

    :param key: of this file; None for a plain one.
    :raises DatabaseLocked: this process has it open as its shop.
    :raises DatabaseDamaged: it cannot be read.
    :raises ForeignDatabase: it is not a shop's.
    :raises PagesUnfit: a plain file with pages of another size than 4,096 bytes.
    :raises DiskFull: (or FolderNotWritable) the staging folder cannot be written.
    """
    tell = in_loop(progress) if progress is not None else _nobody
    work = _FileCapture(path=path, key=key, staging=staging, known=known, distrusted=distrusted, fast=fast, tell=tell)
    working = asyncio.ensure_future(asyncio.to_thread(work.run))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        work.stop.set()
        await asyncio.wait([working])
        raise


def _nobody(_: float) -> None:
    """Nobody wants to know."""


@dataclass(kw_only=True)
class _FileCapture:
    path: Path
    key: DatabaseKey | None
    staging: Path
    known: Path | None
    distrusted: Collection[str]
    fast: bool
    tell: Callable[[float], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _new: list[NewChunk] = field(default_factory=list[NewChunk])

    def run(self) -> Captured:
        """In a thread."""
        begun = time.monotonic()
        require_closed(self.path)
        require_space(self.staging, SPARE_BYTES)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with closing(open_immutable(self.path, self.key)) as connection:
                said = self._capture(connection, descriptor)
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, self.path) from error
        except OSError as error:
            raise translate_os_error(error, self.staging) from error
        finally:
            os.close(descriptor)
        salt = self.key.salt.hex() if self.key is not None else None
        return told(said, self.staging, salt, self._new, time.monotonic() - begun)

    def _capture(self, connection: dbapi2.Connection, descriptor: int) -> wire.Captured:
        page_bytes, pages = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count")
        )
        if page_bytes != PAGE_BYTES:
            raise PagesUnfit(f"The pages of {self.path} have {page_bytes:,} bytes")
        work = PageCapture(
            source=PageSource(descriptor, pages),
            encrypted=self.key is not None,
            staging=self.staging,
            known=self.known,
            distrusted=self.distrusted,
            fast=self.fast,
            wrote=self._new.append,
            after_block=self._after_block,
        )
        return capture_state(connection, work, created_at=os.fstat(descriptor).st_mtime)

    def _after_block(self, share: float) -> None:
        if self.stop.is_set():
            raise CaptureFailed("It was stopped")
        self.tell(share)
