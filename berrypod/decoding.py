"""Decoders of JSON records, made before two threads can need them.

msgspec looks at a Struct when it is first decoded. If two threads do that at the same time, the process crashes
(0.22.0: a segmentation fault in 1 of some hundred tries; a server met it when a page and a job read the first record
at once). What has been looked at is safe for all threads. So nothing that runs in threads decodes a Struct by
`msgspec.json.decode(..., type=...)`: it makes its decoder here, when its module is imported or its object is made.

And msgspec lets Python's UnicodeDecodeError through for a string that is no UTF-8, as one flipped bit makes: decoders
of here raise what msgspec raises for everything else.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

_one_at_a_time = threading.Lock()


def prepare(kind: type[object]) -> None:
    """Let threads convert to `kind` (`msgspec.convert`) as they like."""
    decoder(kind)


class Decoder(Generic[T]):
    """Decodes one kind of record."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, content: bytes | str) -> T:
        """:raises msgspec.MsgspecError: (its subclasses) it is no such record."""
        try:
            return self._decoder.decode(content)
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError(f"JSON is malformed: no UTF-8 (byte {error.start} of a string)") from error


def decoder(kind: type[T]) -> Decoder[T]:
    """A decoder for `kind`, for all threads."""
    with _one_at_a_time:
        return Decoder(kind)
