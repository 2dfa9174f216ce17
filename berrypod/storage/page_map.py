"""Page maps: which page of a kept backup lies in which chunk (see `chunks`). With its chunks, a map is the backup.

A map is a file. Numbers are little-endian:

    header     magic "BERRYMAP" (8), version (2), flags (2; 1: encrypted), bytes of a page (4), pages (4), chunks (4),
               runs (4)
    chunks     32 bytes each: their SHA-256, which are their names
    runs       16 bytes each, in the order of pages: first page (4, from 1), how many (4), the chunk's place in the
               list (4), the slot of the first page (4)
    digest     SHA-256 of all of the above (32)

Each page is in one run, and each chunk in the list is needed.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from berrypod.errors import DatabaseDamaged
from berrypod.storage.chunks import MOST_PAGES
from berrypod.storage.files import write_durably
from berrypod.storage.keys import PAGE_BYTES

_MAGIC = b"BERRYMAP"
_VERSION = 1
_ENCRYPTED = 1
_HEADER = struct.Struct("<8sHHIIII")
_DIGEST_BYTES = 32
_RUN_BYTES = 16
_RUN_NUMBERS = 4


class MapDamaged(DatabaseDamaged):
    code = "backup_map_damaged"
    title = "The list of a kept backup's pages is damaged"
    default_hint = (
        "This one backup cannot be restored from here; others are not affected. "
        "Use another one, or fetch this one from another place if it is kept there."
    )


class Run(NamedTuple):
    """Pages that follow one another both in the database and in a chunk: `pages` from page `first`, from `slot` on."""

    first: int
    pages: int
    chunk: int
    slot: int


@dataclass(frozen=True)
class PageMap:
    """`chunks` are names, in hex. `runs` are held as four numbers each: 8 MB if of 2 GB no two pages are together."""

    page_count: int
    encrypted: bool
    chunks: tuple[str, ...]
    runs_packed: array[int] = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """Of the database."""
        return self.page_count * PAGE_BYTES

    def runs(self) -> Iterator[Run]:
        """In the order of pages, from the first to the last."""
        packed = self.runs_packed
        for at in range(0, len(packed), _RUN_NUMBERS):
            yield Run(packed[at], packed[at + 1], packed[at + 2], packed[at + 3])

    def pages_of_chunks(self) -> list[int]:
        """How many pages are needed of each chunk."""
        needed = [0] * len(self.chunks)
        for run in self.runs():
            needed[run.chunk] += run.pages
        return needed


class MapBuilder:
    """Puts a map together, page by page from the first."""

    def __init__(self) -> None:
        self._runs = array("I")
        self._pages = 0

    def add(self, count: int, chunk: int, slot: int) -> None:
        """The next pages: `count` of them, from `slot` on in the chunk with that place in the list."""
        runs = self._runs
        if runs and runs[-2] == chunk and runs[-1] + runs[-3] == slot:
            runs[-3] += count
        else:
            runs.extend((self._pages + 1, count, chunk, slot))
        self._pages += count

    def build(self, chunks: Sequence[str], *, encrypted: bool) -> PageMap:
        """:param chunks: names. Those that no page needs are left out."""
        runs = self._runs
        needed = sorted(set(runs[2::_RUN_NUMBERS]))
        places = {chunk: place for place, chunk in enumerate(needed)}
        renumbered = array("I", runs)
        for at in range(2, len(runs), _RUN_NUMBERS):
            renumbered[at] = places[runs[at]]
        return PageMap(self._pages, encrypted, tuple(chunks[chunk] for chunk in needed), renumbered)


def write_map(path: Path, page_map: PageMap) -> str:
    """Write a map, durably. Returns the SHA-256 of the file, in hex.

    :raises DiskFull: no space is left.
    :raises FolderNotWritable: the folder cannot be written.
    """
    content = to_bytes(page_map)
    write_durably(path, content)
    return hashlib.sha256(content).hexdigest()


def read_map(path: Path) -> PageMap:
    """Read a map, and check that it makes sense. Whether its chunks are there is for others to find out.

    :raises MapDamaged: it is not as it was written, or there is none.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise MapDamaged(f"There is no list of pages {path.name}") from None
    return from_bytes(content, path.name)


def to_bytes(page_map: PageMap) -> bytes:
    """As it is kept."""
    runs = array("I", page_map.runs_packed)
    if sys.byteorder == "big":
        runs.byteswap()
    header = _HEADER.pack(
        _MAGIC,
        _VERSION,
        _ENCRYPTED if page_map.encrypted else 0,
        PAGE_BYTES,
        page_map.page_count,
        len(page_map.chunks),
        len(runs) // _RUN_NUMBERS,
    )
    content = b"".join((header, *map(bytes.fromhex, page_map.chunks), runs.tobytes()))
    return content + hashlib.sha256(content).digest()


def from_bytes(content: bytes, name: str = "map") -> PageMap:
    """:param name: what it is called, for the error.
    :raises MapDamaged: it is not as it was written."""
    if len(content) < _HEADER.size + _DIGEST_BYTES or not content.startswith(_MAGIC):
        raise MapDamaged(f"{name} is no list of pages")
    _, version, flags, page_bytes, pages, chunks, runs = _HEADER.unpack(content[: _HEADER.size])
    if version != _VERSION or page_bytes != PAGE_BYTES or flags & ~_ENCRYPTED:
        raise MapDamaged(
            f"The format of {name} is not known to this version of Berrypod",
            hint="A later version may have made this backup: install that one.",
        )
    body = memoryview(content)[:-_DIGEST_BYTES]
    if hashlib.sha256(body).digest() != content[-_DIGEST_BYTES:]:
        raise MapDamaged(f"{name} is not as it was written")
    runs_at = _HEADER.size + chunks * _DIGEST_BYTES
    if len(body) != runs_at + runs * _RUN_BYTES:
        raise MapDamaged(f"{name} is not as long as it says")
    packed = array("I")
    packed.frombytes(body[runs_at:])
    if sys.byteorder == "big":
        packed.byteswap()
    names = tuple(body[at : at + _DIGEST_BYTES].hex() for at in range(_HEADER.size, runs_at, _DIGEST_BYTES))
    page_map = PageMap(pages, bool(flags & _ENCRYPTED), names, packed)
    _require_sense(page_map, name)
    return page_map


def _require_sense(page_map: PageMap, name: str) -> None:
    """:raises MapDamaged: a page is there twice or not at all, or lies nowhere."""
    if len(set(page_map.chunks)) != len(page_map.chunks):
        raise MapDamaged(f"{name} names a chunk twice")
    next_page, used = 1, set[int]()
    for first, count, chunk, slot in page_map.runs():
        if first != next_page or not count:
            where = "twice" if first < next_page else "not at all"
            raise MapDamaged(f"{name} has page {min(first, next_page)} {where}")
        if chunk >= len(page_map.chunks):
            raise MapDamaged(f"{name} has page {first} in a chunk that it does not name")
        if slot + count > MOST_PAGES:
            raise MapDamaged(f"{name} has page {first + count - 1} where no chunk has one")
        used.add(chunk)
        next_page += count
    if next_page - 1 != page_map.page_count or not page_map.page_count:
        raise MapDamaged(f"{name} has {next_page - 1} of {page_map.page_count} pages")
    if len(used) != len(page_map.chunks):
        raise MapDamaged(f"{name} names a chunk that it does not need")
