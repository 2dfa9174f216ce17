"""Reading a file from its first byte to its last: its digest, and whether each page is as it was written."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from berrypod.storage.keys import LOCK_PAGE, PAGE_BYTES, DatabaseKey

_BLOCK_PAGES = 256
_DAMAGED_NAMED = 3


@dataclass(frozen=True)
class PagesRead:
    """`sha256` is in hex, None if it was not asked for or the reading was stopped.

    `damaged` are numbers of pages, counted from 1: the first few.
    """

    sha256: str | None = None
    damaged: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The damaged pages, for people; empty if none is."""
        named = ", ".join(f"page {number}" for number in self.damaged[:_DAMAGED_NAMED])
        return named + (" and more" if len(self.damaged) > _DAMAGED_NAMED else "")


def read_pages(
    path: Path,
    key: DatabaseKey | None,
    *,
    stop: threading.Event,
    digest: bool = False,
    unwritten: bool = False,
    tell: Callable[[float], None] | None = None,
) -> PagesRead:
    """Read the file, in a thread: a megabyte is held, however big it is. 250 MB take a second.

    Ends early when some pages were found damaged, or when it is told to stop.

    :param key: authenticates each page; None for a file that is not encrypted, or need not be looked at so closely.
    :param unwritten: let pages of zeros pass. SQLite reserves some and never writes them, which a raw copy has as they
        are; whether one that is in use was lost is for its own check to find out.
    :param tell: called now and then with the share (0 to 1) that was read.
    """
    sha256 = hashlib.sha256() if digest else None
    damaged: list[int] = []
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        number = 1
        while block := file.read(_BLOCK_PAGES * PAGE_BYTES):
            if sha256 is not None:
                sha256.update(block)
            if key is not None:
                damaged += _damaged_in(block, number, key.accepts if unwritten else key.authenticates)
            number += _BLOCK_PAGES
            if tell is not None:
                tell(min(number * PAGE_BYTES / size, 1.0))
            if stop.is_set() or len(damaged) > _DAMAGED_NAMED:
                return PagesRead(None, tuple(damaged))
    return PagesRead(sha256.hexdigest() if sha256 is not None else None, tuple(damaged))


def _damaged_in(block: bytes, first_number: int, is_genuine: Callable[[bytes, int], bool]) -> list[int]:
    return [
        number
        for number, start in enumerate(range(0, len(block), PAGE_BYTES), first_number)
        if number != LOCK_PAGE and not is_genuine(block[start : start + PAGE_BYTES], number)
    ]
