"""Decoders of JSON records, made before two threads can need them.

msgspec looks at a Struct when it is first decoded. If two threads do that at the same time, the process crashes
(0.22.0: a segmentation fault in 1 of some hundred tries; a server met it when a page and a job read the first record
at once). What has been looked at is safe for all threads. So nothing that runs in threads decodes a Struct by
`msgspec.json.decode(..., type=...)`: it makes its decoder here, when its module is imported or its object is made.
"""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_one_at_a_time = threading.Lock()


def prepare(kind: type[object]) -> None:
    """Let threads convert to `kind` (`msgspec.convert`) as they like."""
    decoder(kind)


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder for `kind`, for all threads."""
    with _one_at_a_time:
        return msgspec.json.Decoder(kind)
