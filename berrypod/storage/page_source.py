"""One state of a database, page by page: from its file, and from the log where the file is not that far.

Pages come as they lie there, encrypted or not. Nothing is decrypted.
"""

from __future__ import annotations

import hashlib
import os
from array import array

from berrypod.storage.keys import LOCK_PAGE, NO_PAGE, PAGE_BYTES
from berrypod.storage.log import frames, page_of
from berrypod.storage.wal_index import LogState


class LogPages:
    """The pages that the log has newer than the file, at a state of the log that a reader holds.

    Four bytes are held for each page of the database, however long the log.
    """

    def __init__(self, log: int, state: LogState, pages: int) -> None:
        """:param log: its descriptor. Reads the headers of the frames that are not in the file: 1 GB of log, a second.
        :raises StorageError: a frame is of another log."""
        self._log = log
        self._newest = array("I", bytes(4 * (pages + 1))) if state.frames > state.folded else array("I")
        for frame, number in frames(log, state.salts, state.folded, state.frames):
            if number <= pages:
                self._newest[number] = frame + 1

    def numbers(self, first: int, end: int) -> list[int]:
        """The numbers of those from `first` up to `end`, without it."""
        newest = self._newest[first:end]
        return [number for number, frame in enumerate(newest, first) if frame] if any(newest) else []

    def page(self, number: int) -> bytes:
        return page_of(self._log, self._newest[number] - 1)


class PageSource:
    """Reads blocks of pages. `page_count` is how many there are."""

    def __init__(self, main: int, page_count: int, log: LogPages | None = None, *, digest: bool = False) -> None:
        """:param main: the file's descriptor.
        :param digest: compute the SHA-256 of what is read: 0.6 ms for a megabyte."""
        self._main, self.page_count, self._log = main, page_count, log
        self._digest = hashlib.sha256() if digest else None

    @property
    def sha256(self) -> str | None:
        """Of all pages, in hex, when each was read once and in their order; None if it was not asked for."""
        return None if self._digest is None else self._digest.hexdigest()

    def read(self, first: int, count: int) -> bytes:
        """`count` pages from number `first` on. What was never written is zeros, as is SQLite's page of locks."""
        block = self._read(first, count)
        if self._digest is not None:
            self._digest.update(block)
        return block

    def _read(self, first: int, count: int) -> bytes:
        block = os.pread(self._main, count * PAGE_BYTES, (first - 1) * PAGE_BYTES)
        numbers = self._log.numbers(first, first + count) if self._log is not None else []
        has_lock_page = first <= LOCK_PAGE < first + count
        if len(block) == count * PAGE_BYTES and not numbers and not has_lock_page:
            return block
        patched = bytearray(block.ljust(count * PAGE_BYTES, b"\x00"))
        for number in numbers:
            assert self._log is not None
            _put(patched, number - first, self._log.page(number))
        if has_lock_page:
            _put(patched, LOCK_PAGE - first, NO_PAGE)
        return bytes(patched)


def _put(block: bytearray, place: int, page: bytes) -> None:
    block[place * PAGE_BYTES : (place + 1) * PAGE_BYTES] = page
