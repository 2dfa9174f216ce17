"""The ordinary file out of a page map and its chunks: block by block in the order of pages, and checked to the last."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from berrypod.errors import BerrypodError
from berrypod.storage.chunks import ChunkDamaged, ChunkMissing, Index, check_chunk, named_pages, read_index, unreadable
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.page_map import PageMap, Run

# Names a chunk's file; it may fetch it first, and then block.
ChunkPath = Callable[[str], Path]

_BLOCK_PAGES = 256
_OPEN_CHUNKS = 32
_DAMAGED_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class PagesChecked:
    """What was found. `sha256` is of the assembled file, None where it cannot be assembled or it was stopped.

    `missing` and `damaged` are names of chunks; `pages` the numbers of pages that are not as they were written, and of
    those that cannot be read: the first few.
    """

    sha256: str | None = None
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        return self.sha256 is not None

    @property
    def words(self) -> str:
        """What is wrong, for people; empty if nothing is."""
        told = [f"chunk {name} is missing" for name in self.missing[:3]]
        told += [f"chunk {name} is damaged" for name in self.damaged[:3]]
        if more := max(len(self.missing) - 3, 0) + max(len(self.damaged) - 3, 0):
            told.append(f"{more} more chunks are missing or damaged")
        if self.pages:
            told.append(f"so {named_pages(self.pages)} cannot be had")
        return "; ".join(told)


def pages_in_order(page_map: PageMap, chunk_path: ChunkPath) -> Generator[bytes]:
    """The ordinary file, in blocks of 1 MB (the last one may be shorter). Blocks: for a thread. Close it when you stop.

    Chunks are read where they lie, at full speed; that each is the one that the map means is checked by its index.
    What is in their pages is for `check_pages` to find out, or for whoever opens the file.

    :raises ChunkMissing: a chunk is not there.
    :raises ChunkDamaged: one is not as it was written, or has not the pages that the map says.
    """
    with closing(_Chunks(page_map, chunk_path)) as chunks:
        block = bytearray()
        for run in page_map.runs():
            taken = 0
            while taken < run.pages:
                count = min(run.pages - taken, _BLOCK_PAGES - len(block) // PAGE_BYTES)
                block += chunks.read(run, taken, count)
                taken += count
                if len(block) == _BLOCK_PAGES * PAGE_BYTES:
                    yield bytes(block)
                    block.clear()
        if block:
            yield bytes(block)


def check_pages(
    page_map: PageMap,
    key: DatabaseKey | None,
    chunk_path: ChunkPath,
    *,
    stop: threading.Event | None = None,
    tell: Callable[[float], None] | None = None,
) -> PagesChecked:
    """Read each chunk back, and check its digest; then assemble the file, and authenticate each page. For a thread.

    A megabyte is held. 250 MB take a second.

    :param key: of this backup; None for one that is not encrypted, of whose pages the marks are checked.
    :param stop: ends it early.
    :param tell: called now and then with the share (0 to 1) that is done.
    """
    work = _Check(page_map, key, chunk_path, stop or threading.Event(), tell)
    work.check_chunks()
    work.check_order()
    return work.result()


@dataclass
class _Check:
    page_map: PageMap
    key: DatabaseKey | None
    chunk_path: ChunkPath
    stop: threading.Event
    tell: Callable[[float], None] | None
    missing: list[str] = field(default_factory=list[str])
    damaged: list[str] = field(default_factory=list[str])
    pages: list[int] = field(default_factory=list[int])
    sha256: str | None = None
    _bad: set[int] = field(default_factory=set[int])

    def check_chunks(self) -> None:
        for place, name in enumerate(self.page_map.chunks):
            if self.stop.is_set():
                return
            try:
                if check_chunk(self.chunk_path(name), name).encrypted != self.page_map.encrypted:
                    raise ChunkDamaged(chunk=name)
            except ChunkMissing:
                self.missing.append(name)
                self._bad.add(place)
            except ChunkDamaged:
                self.damaged.append(name)
                self._bad.add(place)
            self._told((place + 1) / len(self.page_map.chunks) / 2)

    def check_order(self) -> None:
        """Each page where the map says that it is; and the digest of the whole, if all of it is there."""
        sha256, done = hashlib.sha256(), 0
        with closing(_Chunks(self.page_map, self.chunk_path)) as chunks:
            for run in self.page_map.runs():
                for taken in range(0, run.pages, _BLOCK_PAGES):
                    if self.stop.is_set():
                        return
                    count = min(run.pages - taken, _BLOCK_PAGES)
                    try:
                        block = chunks.read(run, taken, count)
                    except (ChunkMissing, ChunkDamaged) as error:
                        self._unreadable(run, taken, count, error)
                        continue
                    sha256.update(block)
                    self._authenticate(block, run.first + taken)
                done += run.pages
                self._told(0.5 + done / self.page_map.page_count / 2)
        if not self._bad and not self.pages:
            self.sha256 = sha256.hexdigest()

    def result(self) -> PagesChecked:
        return PagesChecked(
            sha256=self.sha256,
            missing=tuple(self.missing),
            damaged=tuple(self.damaged),
            pages=tuple(self.pages[:_DAMAGED_NAMED]),
        )

    def _unreadable(self, run: Run, taken: int, count: int, error: BerrypodError) -> None:
        name = self.page_map.chunks[run.chunk]
        if run.chunk not in self._bad:
            self._bad.add(run.chunk)
            (self.missing if isinstance(error, ChunkMissing) else self.damaged).append(name)
        self._note(range(run.first + taken, run.first + taken + count))

    def _authenticate(self, block: bytes, first: int) -> None:
        if self.key is None or not self.page_map.encrypted:
            return  # a plain page has nothing of its own that tells; the chunk's digest does
        self._note(
            number
            for number, at in enumerate(range(0, len(block), PAGE_BYTES), first)
            if not self.key.accepts(block[at : at + PAGE_BYTES], number)
        )

    def _note(self, numbers: Iterator[int] | range) -> None:
        for number in numbers:
            if len(self.pages) <= _DAMAGED_NAMED:
                self.pages.append(number)

    def _told(self, share: float) -> None:
        if self.tell is not None:
            self.tell(share)


class _Chunks:
    """The chunks of a map, as many of them open as are likely to be needed again soon."""

    def __init__(self, page_map: PageMap, chunk_path: ChunkPath) -> None:
        self._names, self._chunk_path = page_map.chunks, chunk_path
        self._open: OrderedDict[int, tuple[int, Index]] = OrderedDict()

    def read(self, run: Run, taken: int, count: int) -> bytes:
        """`count` pages of a run, after the first `taken` ones."""
        descriptor, index = self._chunk(run.chunk)
        slot = run.slot + taken
        if not index.holds(slot, run.first + taken, count):
            name = self._names[run.chunk]
            raise ChunkDamaged(f"Chunk {name} has not page {run.first + taken} where it should be", chunk=name)
        name = self._names[run.chunk]
        try:
            content = os.pread(descriptor, count * PAGE_BYTES, slot * PAGE_BYTES)
        except OSError as error:
            raise unreadable(error, name) from error
        if len(content) != count * PAGE_BYTES:
            raise ChunkDamaged(f"Chunk {name} is cut off", chunk=name)
        return content

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1][0])

    def _chunk(self, place: int) -> tuple[int, Index]:
        if place in self._open:
            self._open.move_to_end(place)
            return self._open[place]
        name = self._names[place]
        path = self._chunk_path(name)
        index = read_index(path)
        if path.stat().st_size != index.size_bytes:
            raise ChunkMissing(f"Of chunk {name} the end alone is here", chunk=name)
        if len(self._open) >= _OPEN_CHUNKS:
            os.close(self._open.popitem(last=False)[1][0])
        self._open[place] = os.open(path, os.O_RDONLY | os.O_CLOEXEC), index
        return self._open[place]
