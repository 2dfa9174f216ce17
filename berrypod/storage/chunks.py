"""Chunks: files that keep pages of a database, each page once, for backups that share what has not changed.

A chunk is written once and never changed. Numbers are little-endian:

    pages      n x 4,096 bytes, in the order of their numbers
    index      n x 20 bytes: the page's number (4, counted from 1) and its mark (16)
    trailer    magic "BERRYCHK" (8), version (2), flags (2; 1: encrypted), bytes of a page (4), n (4),
               BLAKE2b-128 of the index (16)

n is at most 1,024. The name is the SHA-256 of all bytes, in hex: `aa/aabb...` in a folder of chunks. A *slot* is a
page's place in its chunk, counted from 0.

The *mark* tells a page's content. Of an encrypted page it is the first 16 bytes of its HMAC, which is over ciphertext,
initialisation vector and number, and each write of a page has a fresh vector: so nothing is computed. Of a plain page
it is its BLAKE2b-128. The page that SQLite locks (`LOCK_PAGE`) has no content, and is kept as zeros.

The *end* of a chunk, index and trailer alone, is read by the same functions: whoever keeps chunks elsewhere needs no
more than that to know what is there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import struct
from bisect import bisect_left
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from operator import lt
from pathlib import Path

from berrypod.errors import DatabaseDamaged
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey

MOST_PAGES = 1024
MARK_BYTES = 16
ENTRY_BYTES = 4 + MARK_BYTES

# Where the mark is in an encrypted page: the HMAC follows the ciphertext and the initialisation vector.
MARK_AT = PAGE_BYTES - 64

_MAGIC = b"BERRYCHK"
_VERSION = 1
_ENCRYPTED = 1
_TRAILER = struct.Struct("<8sHHII16s")
_NUMBER = struct.Struct("<I")
_NAME = re.compile(r"[0-9a-f]{64}")
_LARGEST_END_BYTES = MOST_PAGES * ENTRY_BYTES + _TRAILER.size
_BLOCK_PAGES = 256


class ChunkDamaged(DatabaseDamaged):
    """`details` have the chunk's name as `chunk`, and `pages` where it is known which are damaged."""

    code = "backup_chunk_damaged"
    title = "A part of kept backups is damaged"
    default_hint = (
        "Backups that need this part cannot be restored whole from here. Make a new backup now (it stores what is "
        "damaged anew), fetch the part from another place if backups are kept there, and look after the disk: `dmesg`."
    )


class ChunkMissing(DatabaseDamaged):
    """`details` have the chunk's name as `chunk`."""

    code = "backup_chunk_missing"
    title = "A part of kept backups is missing"
    default_hint = (
        "Backups that need this part cannot be restored whole from here. Put the file back, "
        "fetch it from another place if backups are kept there, or make a new backup now."
    )


@dataclass(frozen=True)
class Index:
    """What a chunk holds: 20 bytes for each slot in `entries`, as they lie in the file."""

    entries: bytes
    encrypted: bool

    def __len__(self) -> int:
        return len(self.entries) // ENTRY_BYTES

    @property
    def size_bytes(self) -> int:
        """Of the whole chunk."""
        return len(self) * PAGE_BYTES + self.end_bytes

    @property
    def end_bytes(self) -> int:
        """Of its end."""
        return len(self.entries) + _TRAILER.size

    @property
    def first(self) -> int:
        return self.number(0)

    @property
    def last(self) -> int:
        return self.number(len(self) - 1)

    def number(self, slot: int) -> int:
        """The page's number."""
        (number,) = _NUMBER.unpack_from(self.entries, slot * ENTRY_BYTES)
        return number

    def mark(self, slot: int) -> bytes:
        return self.entries[slot * ENTRY_BYTES + 4 : (slot + 1) * ENTRY_BYTES]

    def slots(self, first: int, last: int) -> range:
        """The slots of the pages with these numbers, both included."""
        every = range(len(self))
        return range(bisect_left(every, first, key=self.number), bisect_left(every, last + 1, key=self.number))

    def holds(self, slot: int, first: int, count: int) -> bool:
        """True if the pages from `first` on lie one after the other from `slot` on."""
        # Numbers ascend: so it is enough to look at both ends.
        return (
            0 <= slot < slot + count <= len(self)
            and self.number(slot) == first
            and self.number(slot + count - 1) == first + count - 1
        )


@dataclass(frozen=True)
class NewChunk:
    """One that was written. `digest` is its name, in hex."""

    digest: str
    path: Path
    size_bytes: int
    pages: int


def chunk_path(folder: Path, digest: str) -> Path:
    """Where the chunk is in a folder of chunks.

    :raises ValueError: that is no name of a chunk. It may come from elsewhere, and must lead nowhere else.
    """
    if not is_chunk_name(digest):
        raise ValueError(f"not the name of a chunk: {digest!r}")
    return folder / digest[:2] / digest


def is_chunk_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def mark_of(page: bytes | memoryview, *, encrypted: bool) -> bytes:
    """Of a page of 4,096 bytes."""
    if encrypted:
        return bytes(page[MARK_AT : MARK_AT + MARK_BYTES])
    return hashlib.blake2b(page, digest_size=MARK_BYTES).digest()


def read_index(path: Path) -> Index:
    """The index of a chunk, or of the end of one.

    :raises ChunkMissing: there is no such file.
    :raises ChunkDamaged: it is not as it was written.
    """
    with _reading(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, _LARGEST_END_BYTES), os.SEEK_END)
        index = _parse(file.read(), path)
    if size not in (index.size_bytes, index.end_bytes):
        raise _damaged(path, "its length is wrong")
    return index


def read_end(path: Path) -> bytes:
    """The end of a chunk, to be kept where the chunk itself is not.

    :raises ChunkMissing: there is no such file.
    :raises ChunkDamaged: it is not as it was written.
    """
    index = read_index(path)
    return end_of(index.entries, encrypted=index.encrypted)


def check_chunk(path: Path, digest: str, key: DatabaseKey | None = None) -> Index:
    """Read a whole chunk, and check that it is as it was written. A megabyte is held.

    1 GB takes a second, 4 with a key.

    :param digest: its name.
    :param key: authenticates each page, where they are encrypted.
    :raises ChunkMissing: there is no such file.
    :raises ChunkDamaged: the digest is another, or a page is damaged: where that can be told, it says which.
    """
    index = read_index(path)
    sha256, damaged = hashlib.sha256(), list[int]()
    with _reading(path) as file:
        slot = 0
        while block := file.read(_BLOCK_PAGES * PAGE_BYTES):
            sha256.update(block)
            count = min(len(block) // PAGE_BYTES, len(index) - slot)
            damaged += _damaged_in(memoryview(block), index, range(slot, slot + count), key)
            slot += count
    if sha256.hexdigest() != digest or damaged:
        named = f": {named_pages(damaged)}" if damaged else ""
        raise ChunkDamaged(f"Chunk {digest} is damaged{named}", chunk=digest, pages=damaged)
    return index


def _damaged_in(block: memoryview, index: Index, slots: range, key: DatabaseKey | None) -> list[int]:
    """The numbers of pages that are not as they were written. Without the key, of encrypted ones little can be told."""
    found: list[int] = []
    for at, slot in enumerate(slots):
        page, number = block[at * PAGE_BYTES : (at + 1) * PAGE_BYTES], index.number(slot)
        marked = mark_of(page, encrypted=index.encrypted) == index.mark(slot)
        if not marked or (index.encrypted and key is not None and not key.accepts(bytes(page), number)):
            found.append(number)
    return found


def named_pages(numbers: Sequence[int], most: int = 3) -> str:
    """Pages for people: the first few."""
    return ", ".join(f"page {number}" for number in numbers[:most]) + (" and more" if len(numbers) > most else "")


@contextmanager
def _reading(path: Path) -> Generator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise ChunkMissing(f"Chunk {path.name} is missing", chunk=path.name) from None
    except OSError as error:
        raise unreadable(error, path.name) from error


def unreadable(error: OSError, name: str) -> OSError | ChunkDamaged:
    """What an error of the disk says of the chunk that was read: of a bad sector, that it is damaged."""
    if error.errno == errno.EIO:
        return ChunkDamaged(f"Chunk {name} is damaged: the disk cannot read it", chunk=name)
    return error


def end_of(entries: bytes | bytearray, *, encrypted: bool) -> bytes:
    """Index and trailer, of the entries of an index."""
    flags, count = _ENCRYPTED if encrypted else 0, len(entries) // ENTRY_BYTES
    return bytes(entries) + _TRAILER.pack(_MAGIC, _VERSION, flags, PAGE_BYTES, count, _index_digest(entries))


def _index_digest(entries: bytes | bytearray) -> bytes:
    return hashlib.blake2b(entries, digest_size=16).digest()


def _parse(end: bytes, path: Path) -> Index:
    if len(end) < _TRAILER.size:
        raise _damaged(path, "it is too short")
    magic, version, flags, page_bytes, count, digest = _TRAILER.unpack(end[-_TRAILER.size :])
    if magic != _MAGIC:
        raise _damaged(path, "its end is not that of a chunk")
    if version != _VERSION or page_bytes != PAGE_BYTES or flags & ~_ENCRYPTED:
        raise _damaged(path, "its format is not known to this version of Berrypod")
    entries = end[-_TRAILER.size - count * ENTRY_BYTES : -_TRAILER.size]
    if not 1 <= count <= MOST_PAGES or len(entries) != count * ENTRY_BYTES or _index_digest(entries) != digest:
        raise _damaged(path, "its index is not as it was written")
    numbers = struct.unpack("<" + f"I{MARK_BYTES}x" * count, entries)
    if numbers[0] < 1 or not all(map(lt, numbers, numbers[1:])):
        raise _damaged(path, "its pages are not in order")
    return Index(entries, bool(flags & _ENCRYPTED))


def _damaged(path: Path, why: str) -> ChunkDamaged:
    return ChunkDamaged(f"Chunk {path.name} is damaged: {why}", chunk=path.name)
