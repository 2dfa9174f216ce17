"""Where an archive lies: a folder, a bucket, or whatever a plugin gives these five methods to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """`name` is relative to the archive; its parts are joined by `/`. `modified_at` has a time zone."""

    name: str
    size_bytes: int
    modified_at: datetime


@runtime_checkable
class ObjectStorage(Protocol):
    """Named files that are written whole. Names come from the archive: letters, digits, `.`, `_`, `-`, and `/`.

    Methods run on the event loop and must not block it. Errors are of `berrypod.errors`, with a hint; an object that is
    not there raises `NotFound`. A call may be cancelled at any time, and then leaves nothing that `list` would name.
    """

    @property
    def location(self) -> str:
        """Where it is, for people: a path or an address, without a secret."""
        ...

    async def list(self, prefix: str = "") -> Sequence[StoredObject]:
        """All objects whose name begins with `prefix`, in any order. What is being written is not among them."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """The object's bytes, in pieces of a few megabytes at most: an async generator."""
        ...

    async def put(self, name: str, source: Path) -> None:
        """Store the file `source` as `name`: whole and durably, or not at all. It takes the place of one of that name.

        The file may be moved rather than copied: whoever calls has no further use for it.
        """
        ...

    async def delete(self, name: str) -> None:
        """Remove the object for good. One that is not there is as good as removed."""
        ...

    def local_path(self, name: str) -> Path | None:
        """The object as a file on this machine, to be read in place; None if it is none. It may not exist."""
        ...


@runtime_checkable
class StagingStorage(Protocol):
    """What a storage on a disk of this machine may offer as well."""

    def staging_folder(self) -> Path:
        """A private folder on the same disk, which `list` does not name: what is put from there need not be copied."""
        ...


@runtime_checkable
class SweptStorage(Protocol):
    """What a storage may offer as well in which a `put` that is cut short leaves something behind."""

    async def sweep(self) -> None:
        """Remove what dead processes have left. Called at start, with nothing else at work on the archive."""
        ...


@runtime_checkable
class PartwiseStorage(Protocol):
    """What a storage may offer as well in which a big object arrives in parts."""

    async def take_back(self, name: str) -> None:
        """Remove the parts of `name` that have arrived. Whoever sent them has died, or has given up."""
        ...


@runtime_checkable
class MovableStorage(Protocol):
    """What a storage may offer as well whose location is entered, or changed, while the shop runs."""

    @property
    def identity(self) -> str:
        """What names it on this machine, wherever it is: locks over all processes, and indexes, are found by it."""
        ...
