"""What the server and the measuring process say to each other: one line of JSON each way.

This module is imported on both sides and so imports neither SQLite library.
"""

from __future__ import annotations

from typing import Literal

import msgspec

# A shop has some dozens of tables, so an answer of megabytes is not an answer.
LONGEST_QUESTION = 64 * 1024
LONGEST_ANSWER = 8 * 1024 * 1024


class RawKey(msgspec.Struct, frozen=True):
    """A key as it was derived for one file, in hexadecimal: 64 digits of key, 32 of salt."""

    derived: str
    salt: str

    def __repr__(self) -> str:
        return "RawKey(***)"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file to measure. Sent by standard input: the key is in no process list and no environment."""

    path: str
    key: RawKey | None = None
    """None for an unencrypted file."""


class BTree(msgspec.Struct, frozen=True):
    """One b-tree of the file as `dbstat` sums it up: a table, or one index of a table."""

    name: str
    table: str
    kind: Literal["table", "index"]
    pages: int
    size_bytes: int
    unused_bytes: int
    """Bytes inside its pages that hold nothing."""


class Measured(msgspec.Struct, frozen=True, tag_field="answer", tag="measured"):
    """What was read in one read transaction: sizes and rows belong to the same moment."""

    page_size: int
    page_count: int
    free_pages: int
    header: Literal["plain", "not plain"]
    """What the first 16 bytes of the file are: SQLite's own header in plain text, or anything else."""
    cipher_proven: bool
    """Page 1 carries the HMAC that SQLCipher 4 makes with this key: seen, not believed."""
    btrees: list[BTree]
    rows: dict[str, int]
    seconds: float

    @property
    def size_bytes(self) -> int:
        return self.page_size * self.page_count

    @property
    def other_pages(self) -> int:
        """Pages of no table, index or free list: the page at 1 GiB that SQLite locks by, pointer maps."""
        return self.page_count - self.free_pages - sum(tree.pages for tree in self.btrees)


class Refused(msgspec.Struct, frozen=True, tag_field="answer", tag="refused"):
    """Why it could not be measured."""

    code: str
    message: str
    hint: str


Answer = Measured | Refused
