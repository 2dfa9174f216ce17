"""How far the write-ahead log of an open database is committed, as SQLite's own readers see it.

The header of the shared memory beside the file tells it (`-shm`, "WAL-index"). It changes after a transaction is in the
log and on the disk: frames up to its `frames` are never written again before the log is begun anew, with other salts.
The log itself does not tell as much: a frame that looks committed may be written over before the commit has ended.

Source of the format: https://sqlite.org/walformat.html#the_wal_index_file_format
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass

from berrypod.errors import StorageError

_HEADER_BYTES = 48
_CHECKPOINT_BYTES = 4  # of what follows the two copies of the header: how many frames are in the file already
_VERSION = 3_007_000
_TRIES = 1000
_TRY_AGAIN_SECONDS = 0.0005


@dataclass(frozen=True)
class LogState:
    """`frames` of the log are committed, after which the database has `pages`. `salts` are of this log alone.

    `changes` counts transactions. `folded` is how many frames are in the file already.
    """

    salts: bytes
    frames: int
    pages: int
    changes: int
    folded: int


def read_log_state(shm: int) -> LogState:
    """From the descriptor of a `-shm` whose database is open, and which is not closed before that is.

    :raises StorageError: it makes no sense.
    """
    for _ in range(_TRIES):
        data = os.pread(shm, 2 * _HEADER_BYTES + _CHECKPOINT_BYTES, 0)
        first, second = data[:_HEADER_BYTES], data[_HEADER_BYTES : 2 * _HEADER_BYTES]
        # Written one after the other: while they differ, somebody is at it.
        if len(data) == 2 * _HEADER_BYTES + _CHECKPOINT_BYTES and first == second and _is_header(first):
            changes, _flags, frames, pages = struct.unpack("=4I", first[8:24])
            (folded,) = struct.unpack("=I", data[2 * _HEADER_BYTES :])
            return LogState(first[32:40], frames, pages, changes, folded)
        time.sleep(_TRY_AGAIN_SECONDS)
    raise StorageError(
        "The shared memory of the shop's file makes no sense", hint="Restart the server, and try it again."
    )


def _is_header(header: bytes) -> bool:
    (version,) = struct.unpack("=I", header[:4])
    words = struct.unpack("=10I", header[:40])
    first = second = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return version == _VERSION and header[12] == 1 and (first, second) == struct.unpack("=2I", header[40:48])
