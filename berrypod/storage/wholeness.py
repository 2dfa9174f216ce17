"""Is a file all there? Told by its first page, its size and what lies beside it, before anything is opened.

Source of the formats: https://sqlite.org/fileformat2.html#the_database_header and #the_rollback_journal
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from berrypod import errors
from berrypod.storage.keys import FILE_HEADER_BYTES, PAGE_BYTES, PLAIN_HEADER, DatabaseKey
from berrypod.storage.log import log_path
from berrypod.storage.unfit import FileTruncated, FirstPageDamaged, HalfWritten, JournalBeside

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_JOURNAL_HEADER_BYTES = 28
SMALLEST_PAGE_BYTES = 512
_LARGEST_PAGE_BYTES = 65_536

# Of each SQLite file, whatever its size and its age: the payload fractions. https://sqlite.org/fileformat2.html
_FRACTIONS = slice(21, 24)
_FIXED_FRACTIONS = b"\x40\x20\x20"


@dataclass(frozen=True)
class _Header:
    page_bytes: int
    page_count: int | None


def require_alone(path: Path) -> None:
    """Check that the file is the whole database: that no journal beside it holds a part.

    :raises HalfWritten: the journal says that there was nothing before what is being written to the file.
    :raises JournalBeside: there is one.
    """
    journal = path.with_name(path.name + "-journal")
    if _was_empty_before(journal):
        raise HalfWritten(f"{path} was being written: {journal.name} would turn it into an empty database again")
    for beside in (log_path(path), journal):
        if beside.exists() and beside.stat().st_size > 0:
            raise JournalBeside(f"{beside} lies beside {path.name}, and so the file alone is not the whole shop")


def require_written(path: Path) -> None:
    """Check that the first page was written. `VACUUM INTO` does that last, so what a kill leaves begins with zeros.

    :raises HalfWritten: it was not, and others were.
    """
    with path.open("rb") as file:
        if any(file.read(PAGE_BYTES)):
            return
        second = file.read(PAGE_BYTES)
    if any(second):
        raise HalfWritten(f"{path} was being written: its first page is still missing")


def require_whole(path: Path, key: DatabaseKey | None) -> None:
    """Check the first page, and the size of the file against the number of pages that it names.

    :param key: the one that `identify` found.
    :raises FirstPageDamaged: it is not as it was written.
    :raises FileTruncated: the end is missing; `details` have `size_bytes` and `expected_bytes`.
    :raises DatabaseDamaged: the file is longer than it should be; with the same `details`.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        first = file.read(PAGE_BYTES)
    if key is None:
        header = _parse(first[:FILE_HEADER_BYTES])
    elif key.authenticates(first, 1):
        header = _parse(key.file_header(first))
    else:
        header = None
    if header is None:
        raise FirstPageDamaged(f"{path} is damaged: page 1")
    if header.page_count is None:
        # What was written by a program that does not keep the number.
        _require_size(path, size, -(-size // header.page_bytes) * header.page_bytes)
    else:
        _require_size(path, size, header.page_count * header.page_bytes)


def _require_size(path: Path, size: int, expected: int) -> None:
    if size < expected:
        raise FileTruncated(
            f"{path} has {size:,} of {expected:,} bytes: the end is missing", size_bytes=size, expected_bytes=expected
        )
    if size > expected:
        raise errors.DatabaseDamaged(
            f"{path} has {size:,} bytes, and should have {expected:,}", size_bytes=size, expected_bytes=expected
        )


def has_lost_its_name(first_page: bytes) -> bool:
    """True for the first page of a plain SQLite file of which only the first words are damaged."""
    return first_page[_FRACTIONS] == _FIXED_FRACTIONS and _parse(PLAIN_HEADER + first_page[16:]) is not None


def _parse(header: bytes) -> _Header | None:
    """None if SQLite would not read it."""
    if len(header) < FILE_HEADER_BYTES or not header.startswith(PLAIN_HEADER):
        return None
    page_bytes = struct.unpack(">H", header[16:18])[0]
    page_bytes = _LARGEST_PAGE_BYTES if page_bytes == 1 else page_bytes
    if page_bytes < SMALLEST_PAGE_BYTES or page_bytes & (page_bytes - 1) or header[_FRACTIONS] != _FIXED_FRACTIONS:
        return None
    changes, page_count = struct.unpack(">2I", header[24:32])
    (valid_for,) = struct.unpack(">I", header[92:96])
    return _Header(page_bytes, page_count if page_count and valid_for == changes else None)


def _was_empty_before(journal: Path) -> bool:
    """True for a rollback journal of a database that had no page when it was begun."""
    try:
        with journal.open("rb") as file:
            header = file.read(_JOURNAL_HEADER_BYTES)
    except FileNotFoundError:
        return False
    if len(header) < _JOURNAL_HEADER_BYTES or not header.startswith(_JOURNAL_MAGIC):
        return False
    (pages_before,) = struct.unpack(">I", header[16:20])
    return pages_before == 0
