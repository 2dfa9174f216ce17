"""What is said between a process of the shop and the one that copies its file, besides what any helper says."""

from __future__ import annotations

import msgspec

from berrypod.storage.helper_wire import WireKey


class CopyOrder(msgspec.Struct, frozen=True, kw_only=True, tag="copy"):
    """The first line. Paths are absolute; `target` does not exist. Without a key, the file is not encrypted."""

    path: str
    key: WireKey | None
    target: str
    fast: bool
    log_bytes: int
    seconds: float


class CaptureOrder(msgspec.Struct, frozen=True, kw_only=True, tag="capture"):
    """The first line. `staging` is a private, empty folder; `known` one of chunks, good but for `distrusted`."""

    path: str
    key: WireKey | None
    staging: str
    known: str | None
    distrusted: list[str]
    digest: bool
    fast: bool
    log_bytes: int
    seconds: float


Order = CopyOrder | CaptureOrder


class Copied(msgspec.Struct, frozen=True, kw_only=True, tag="copied"):
    """The copy is on the disk. Times in seconds: how long writers were held, and how long the copying took."""

    pages: int
    held_seconds: float
    copying_seconds: float


class WroteChunk(msgspec.Struct, frozen=True, tag="chunk"):
    """A new chunk is on the disk, in the staging folder."""

    digest: str
    size_bytes: int
    pages: int


class Captured(msgspec.Struct, frozen=True, kw_only=True, tag="captured"):
    """The map is on the disk, and all that it needs. `created_at` is the moment of the state, in seconds since 1970."""

    created_at: float
    page_count: int
    schema_revision: str
    row_counts: dict[str, int]
    map_sha256: str
    map_bytes: int
    sha256: str | None
    changed_pages: int
    held_seconds: float
    copying_seconds: float
