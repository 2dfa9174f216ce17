"""The pages of a database that are in no chunk yet, into new chunks; and a map of where each page lies.

A merge by page number: in windows of pages, what the known chunks have of them is held beside what the database has.
Memory stays the same however big the database: 500,000 pages are 2 GB. Comparing takes 0.1 us a page where nothing has
changed, as marks are compared many at a time; so reading the file is what takes the time.
"""

from __future__ import annotations

import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlcipher3 import dbapi2

from berrypod.errors import StorageError
from berrypod.storage.capture_wire import Captured
from berrypod.storage.chunk_writer import ChunkWriter
from berrypod.storage.chunks import (
    ENTRY_BYTES,
    MARK_AT,
    MARK_BYTES,
    MOST_PAGES,
    ChunkDamaged,
    ChunkMissing,
    Index,
    NewChunk,
    is_chunk_name,
    mark_of,
    read_index,
)
from berrypod.storage.facts import count_rows, revision_of
from berrypod.storage.faults import reach
from berrypod.storage.files import fsync_folder
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.page_map import MapBuilder, write_map
from berrypod.storage.page_source import PageSource

MAP_NAME = "map"

_WINDOW_PAGES = 4_096
_BLOCK_PAGES = 64
_INDEXES_HELD = 16

_AFTER_MARK_BYTES = PAGE_BYTES - MARK_AT - MARK_BYTES
_MARKS_OF_BLOCK = struct.Struct(f"{MARK_AT}x{MARK_BYTES}s{_AFTER_MARK_BYTES}x" * _BLOCK_PAGES)


class CaptureOutrun(StorageError):
    """The log grows for as long as the file must stand still: it may not grow for ever."""

    code = "snapshot_outrun"
    status = 503
    title = "The shop writes more than may wait while its file is copied"
    default_hint = (
        "Nothing was changed. Try again when the shop is quieter, or without sparing it (`--fast`); "
        "`--method compact` copies in another way, which takes longer."
    )


class PagesUnfit(StorageError):
    """Of a plain database of another program, say."""

    code = "snapshot_pages_unfit"
    title = "The pages of this file have a size that cannot be copied as they are"
    default_hint = "Use `--method compact`, which copies any file."


class CaptureFailed(StorageError):
    code = "snapshot_failed"
    title = "The shop's file could not be copied"
    default_hint = "The shop is unharmed. Try again; the server's log has the cause if it happens again."


@dataclass(frozen=True)
class CapturedPages:
    """`map_sha256` is of the map's file. `changed_pages` were in no known chunk."""

    map_sha256: str
    map_bytes: int
    changed_pages: int


@dataclass
class PageCapture:
    """`staging` is a private folder that nobody else uses; `known` one of chunks, or of the ends of chunks.

    Chunks named in `distrusted` are not relied upon: what they have is stored anew. `wrote` is told each new chunk, and
    `after_block` the share (0 to 1) that is done.
    """

    source: PageSource
    encrypted: bool
    staging: Path
    known: Path | None
    fast: bool
    wrote: Callable[[NewChunk], None]
    after_block: Callable[[float], None]
    distrusted: Collection[str] = ()

    def run(self) -> CapturedPages:
        """Returns when all of it is on the disk.

        :raises DiskFull: (or FolderNotWritable, OSError) the staging folder cannot be written.
        """
        self._known = _KnownChunks(self.known, self.encrypted, self.distrusted)
        self._names = [chunk.name for chunk in self._known.chunks]
        self._builder = MapBuilder()
        self._writer: ChunkWriter | None = None
        self._changed = 0
        pages = self.source.page_count
        try:
            for first in range(1, pages + 1, _WINDOW_PAGES):
                self._capture_window(first, min(first + _WINDOW_PAGES, pages + 1))
            self._finish_chunk()
        finally:
            if self._writer is not None:
                self._writer.give_up()
        for folder in (path for path in self.staging.iterdir() if path.is_dir()):
            fsync_folder(folder)
        fsync_folder(self.staging)
        reach("capturing.chunks")
        page_map = self._builder.build(self._names, encrypted=self.encrypted)
        path = self.staging / MAP_NAME
        digest = write_map(path, page_map)
        reach("capturing.mapped")
        return CapturedPages(digest, path.stat().st_size, self._changed)

    def _capture_window(self, first: int, end: int) -> None:
        window = _Window(first, end, self._known)
        for start in range(first, end, _BLOCK_PAGES):
            count = min(_BLOCK_PAGES, end - start)
            block = self.source.read(start, count)
            marks = self._marks(block, count)
            if not self._all_known(window, start - first, marks):
                self._sort_out(window, start, block, marks)
            reach("capturing.block")
            self.after_block((start + count - 1) / self.source.page_count)

    def _marks(self, block: bytes, count: int) -> tuple[bytes, ...]:
        if self.encrypted and count == _BLOCK_PAGES:
            return _MARKS_OF_BLOCK.unpack(block)
        view = memoryview(block)
        return tuple(
            mark_of(view[at : at + PAGE_BYTES], encrypted=self.encrypted) for at in range(0, len(block), PAGE_BYTES)
        )

    def _all_known(self, window: _Window, at: int, marks: tuple[bytes, ...]) -> bool:
        """Most blocks: no page has changed, and all of them lie together as they did when they were stored."""
        if tuple(window.marks[at : at + len(marks)]) != marks:
            return False
        places = window.places[at : at + len(marks)]
        chunk, slot = divmod(places[0], MOST_PAGES)
        # The last slot of one chunk is beside the first of the next one in the numbering of places alone.
        if slot + len(places) > MOST_PAGES or places != list(range(places[0], places[0] + len(places))):
            return False
        self._builder.add(len(places), chunk, slot)
        return True

    def _sort_out(self, window: _Window, start: int, block: bytes, marks: tuple[bytes, ...]) -> None:
        """Page by page; those that are new are written in runs."""
        view, new = memoryview(block), 0
        for at, mark in enumerate(marks):
            place = window.place(start + at, mark)
            if place is None:
                new += 1
                continue
            self._write(start + at - new, view[(at - new) * PAGE_BYTES : at * PAGE_BYTES])
            new = 0
            self._builder.add(1, *divmod(place, MOST_PAGES))
        self._write(start + len(marks) - new, view[(len(marks) - new) * PAGE_BYTES :])

    def _write(self, first: int, pages: memoryview) -> None:
        while pages:
            if self._writer is None:
                self._writer = ChunkWriter(self.staging, encrypted=self.encrypted, paced=not self.fast)
            slot = len(self._writer)
            count = min(len(pages) // PAGE_BYTES, MOST_PAGES - slot)
            self._writer.add(first, pages[: count * PAGE_BYTES])
            self._builder.add(count, len(self._names), slot)
            self._changed += count
            first, pages = first + count, pages[count * PAGE_BYTES :]
            if slot + count == MOST_PAGES:
                self._finish_chunk()

    def _finish_chunk(self) -> None:
        if self._writer is not None:
            made = self._writer.finish()
            self._writer = None
            self._names.append(made.digest)
            self.wrote(made)


def capture_state(
    connection: dbapi2.Connection, work: PageCapture, *, created_at: float, held_seconds: float = 0.0
) -> Captured:
    """Capture the pages, and what the database says of itself in that very state.

    :param connection: sees that state alone.
    :raises ForeignDatabase: it is not a shop's.
    """
    begun = time.monotonic()
    revision, counts = revision_of(connection), count_rows(connection)
    captured = work.run()
    return Captured(
        created_at=created_at,
        page_count=work.source.page_count,
        schema_revision=revision,
        row_counts=counts,
        map_sha256=captured.map_sha256,
        map_bytes=captured.map_bytes,
        sha256=work.source.sha256,
        changed_pages=captured.changed_pages,
        held_seconds=held_seconds,
        copying_seconds=time.monotonic() - begun,
    )


class _Chunk(NamedTuple):
    """A known chunk: `place` is that in the list."""

    place: int
    name: str
    path: Path
    first: int
    last: int


class _KnownChunks:
    """What is in a folder of chunks. What is damaged there is as if it was not: its pages are stored anew."""

    def __init__(self, folder: Path | None, encrypted: bool, distrusted: Collection[str]) -> None:
        self._indexes: OrderedDict[str, Index] = OrderedDict()
        self.chunks: list[_Chunk] = []
        for path in sorted(_chunk_files(folder)) if folder is not None else ():
            if path.name in distrusted:
                continue
            with suppress(ChunkDamaged, ChunkMissing):
                index = read_index(path)
                if index.encrypted == encrypted:
                    self.chunks.append(_Chunk(len(self.chunks), path.name, path, index.first, index.last))

    def in_window(self, first: int, end: int) -> Iterator[tuple[_Chunk, Index]]:
        for chunk in self.chunks:
            if chunk.first < end and chunk.last >= first:
                with suppress(ChunkDamaged, ChunkMissing):
                    yield chunk, self._index(chunk)

    def _index(self, chunk: _Chunk) -> Index:
        """Small chunks, of pages from everywhere, are asked for in each window."""
        if (index := self._indexes.get(chunk.name)) is None:
            index = self._indexes[chunk.name] = read_index(chunk.path)
            if len(self._indexes) > _INDEXES_HELD:
                self._indexes.popitem(last=False)
        else:
            self._indexes.move_to_end(chunk.name)
        return index


def _chunk_files(folder: Path) -> Iterator[Path]:
    for below in folder.iterdir() if folder.is_dir() else ():
        if below.is_dir():
            yield from (path for path in below.iterdir() if is_chunk_name(path.name) and path.name[:2] == below.name)


class _Window:
    """What known chunks have of the pages from `first` up to `end`.

    `marks` and `places` are of one version of each page, the one that was found first; a place is the chunk's place in
    the list times 1,024, and the slot. The few others are in a table.
    """

    def __init__(self, first: int, end: int, known: _KnownChunks) -> None:
        self.first = first
        self.marks: list[bytes | None] = [None] * (end - first)
        self.places = [0] * (end - first)
        self._others: dict[tuple[int, bytes], int] = {}
        for chunk, index in known.in_window(first, end):
            self._take(chunk, index, end)

    def place(self, number: int, mark: bytes) -> int | None:
        at = number - self.first
        if self.marks[at] == mark:
            return self.places[at]
        return self._others.get((number, mark))

    def _take(self, chunk: _Chunk, index: Index, end: int) -> None:
        slots = index.slots(self.first, end - 1)
        entries = index.entries[slots.start * ENTRY_BYTES : slots.stop * ENTRY_BYTES]
        place = chunk.place * MOST_PAGES + slots.start
        for number, mark in struct.iter_unpack(f"<I{MARK_BYTES}s", entries):
            at = number - self.first
            if self.marks[at] is None:
                self.marks[at], self.places[at] = mark, place
            else:
                self._others[number, mark] = place
            place += 1
