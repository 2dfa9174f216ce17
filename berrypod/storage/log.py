"""Does the write-ahead log beside a file belong to it?

SQLite believes any log that it finds under the right name. With one of another file it opens, if the log does not
happen to hold a page that is needed at once, and on closing folds the stranger's pages into the good file: measured,
the database is lost. So whoever opens a file asks here first. A log of the same file from another time cannot be told
by its pages: that one must never come to be.

Source of the format: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from berrypod.errors import StorageError
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
_LARGEST_PAGE_BYTES = 65_536
_MAGIC_LITTLE_ENDIAN, _MAGIC_BIG_ENDIAN = 0x377F0682, 0x377F0683
_MASK = 0xFFFFFFFF


class Frame(NamedTuple):
    """A page in the log."""

    page_number: int
    page: bytes


def log_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def belongs(path: Path, key: DatabaseKey) -> bool:
    """True if the log beside `path` holds pages of this key, or none that SQLite would read."""
    frame = first_frame(log_path(path))
    return frame is None or key.authenticates(frame.page, frame.page_number)


def first_frame(log: Path) -> Frame | None:
    """The first page in a log; None if there is none that SQLite would read (it ignores what fails its checksum)."""
    try:
        with log.open("rb") as file:
            header = file.read(HEADER_BYTES)
            frame_header = file.read(FRAME_HEADER_BYTES)
            rest = file.read(_LARGEST_PAGE_BYTES)
    except FileNotFoundError:
        return None
    if len(header) < HEADER_BYTES or len(frame_header) < FRAME_HEADER_BYTES:
        return None
    magic, _version, page_bytes, _sequence = struct.unpack(">4I", header[:16])
    page = rest[:page_bytes]
    if len(page) < page_bytes or magic not in (_MAGIC_LITTLE_ENDIAN, _MAGIC_BIG_ENDIAN):
        return None
    order = ">" if magic == _MAGIC_BIG_ENDIAN else "<"
    salts, header_sum = header[16:24], struct.unpack(">2I", header[24:32])
    frame_salts, frame_sum = frame_header[8:16], struct.unpack(">2I", frame_header[16:24])
    if _checksum(header[:24], (0, 0), order) != header_sum or frame_salts != salts:
        return None
    if _checksum(frame_header[:8] + page, header_sum, order) != frame_sum:
        return None
    return Frame(struct.unpack(">I", frame_header[:4])[0], page)


def frames(log: int, salts: bytes, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The frames of a log from `first` up to `end` (counted from 0), and the numbers of the pages that they hold.

    :param log: the descriptor of a log of ours. Frames up to `end` are committed, and stay as they are meanwhile.
    :param salts: of this log.
    :raises StorageError: a frame is of another log.
    """
    for frame in range(first, end):
        header = os.pread(log, FRAME_HEADER_BYTES, HEADER_BYTES + frame * FRAME_BYTES)
        if len(header) != FRAME_HEADER_BYTES or header[8:16] != salts:
            raise StorageError(f"Frame {frame + 1} of the log is of another log", hint="Nothing was changed.")
        yield frame, struct.unpack(">I", header[:4])[0]


def page_of(log: int, frame: int) -> bytes:
    """The page that a frame (counted from 0) holds: in an encrypted database, as in the file."""
    return os.pread(log, PAGE_BYTES, HEADER_BYTES + frame * FRAME_BYTES + FRAME_HEADER_BYTES)


def _checksum(data: bytes, start: tuple[int, ...], order: str) -> tuple[int, int]:
    first, second = start
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
