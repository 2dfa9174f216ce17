"""An archive as this machine sees it: its storage, and what is kept here while somebody works on it.

In the work folder, for each archive by its identity, which is its location for most:

    lock, manifests       kernel locks, over all processes
    unfinished/<id>       a backup that is being added or removed, or was when the process died
    staging/, spool/      files on their way to the storage, and from there
    ends/<aa>/<sha256>    of a storage elsewhere: the ends of its chunks, so that it is known which pages are there
    maps/<sha256>         the same: maps, which are small, and needed for every deletion
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Final, cast

from berrypod.archive import layout
from berrypod.archive.copying import write_stream
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.locking import locked
from berrypod.archive.objects import MovableStorage, ObjectStorage, StagingStorage
from berrypod.records import is_id
from berrypod.storage.files import (
    claimed,
    is_claimed,
    make_private_folder,
    sweep,
    temporary_path,
    write_durably,
)

# A page map of 2 GB of which no two pages are together takes 8 MB; a manifest some kilobytes.
LARGEST_SMALL_BYTES: Final = 256_000_000

_MANIFEST_SECONDS: Final = 20.0


class Place:
    """See the module."""

    def __init__(self, storage: ObjectStorage, work_folder: Callable[[], Path]) -> None:
        self.storage = storage
        self._work_folder = work_folder

    # --- where ---

    @property
    def folder(self) -> Path:
        """This archive's own part of the work folder."""
        storage = self.storage
        identity = storage.identity if isinstance(storage, MovableStorage) else storage.location
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return make_private_folder(self._work_folder() / "archives" / digest)

    def part(self, name: str) -> Path:
        """A folder in it."""
        return make_private_folder(self.folder / name)

    @property
    def local_chunks(self) -> Path | None:
        """The folder of chunks, if they can be read in place."""
        any_chunk = self.storage.local_path(layout.chunk_name("0" * 64))
        return None if any_chunk is None else any_chunk.parents[1]

    # --- locks ---

    def locked(self, *, alone: bool, seconds: float) -> AbstractAsyncContextManager[None]:
        """Adding a backup shares it; freeing chunks is done alone, so that none goes that is about to be referred to.

        :raises ArchiveBusy: others did not let go in `seconds`.
        """
        return locked(self.folder / "lock", alone=alone, seconds=seconds)

    def manifests_locked(self) -> AbstractAsyncContextManager[None]:
        """Changing and deleting manifests: one at a time, for moments."""
        return locked(self.folder / "manifests", alone=True, seconds=_MANIFEST_SECONDS)

    # --- files on their way ---

    @asynccontextmanager
    async def staging(self) -> AsyncGenerator[Path]:
        """A folder for what is to be put, on the storage's own disk where it has one here. Removed afterwards."""
        storage = self.storage
        root = storage.staging_folder if isinstance(storage, StagingStorage) else lambda: self.part("staging")
        async with _temporary_folder(await asyncio.to_thread(root)) as folder:
            yield folder

    @asynccontextmanager
    async def spool(self) -> AsyncGenerator[Path]:
        """A folder for what comes from the storage. Removed afterwards."""
        async with _temporary_folder(await asyncio.to_thread(self.part, "spool")) as folder:
            yield folder

    async def put_bytes(self, name: str, content: bytes) -> None:
        """Put a small object."""
        async with self.staging() as folder:
            path = folder / "object"
            await asyncio.to_thread(write_durably, path, content)
            await self.storage.put(name, path)

    async def read_small(self, name: str, most: int = LARGEST_SMALL_BYTES) -> bytes:
        """:raises NotFound: there is no such object.
        :raises BackupDamaged: it is bigger than such an object can be."""
        content = bytearray()
        async with aclosing(self.pieces(name)) as pieces:
            async for piece in pieces:
                content += piece
                if len(content) > most:
                    raise BackupDamaged(f"{name} is bigger than it can be")
        return bytes(content)

    def pieces(self, name: str) -> AsyncGenerator[bytes]:
        """The object's bytes."""
        # An async generator, as the protocol wants it: it can be closed.
        return cast("AsyncGenerator[bytes]", self.storage.read(name))

    async def download(self, name: str, target: Path) -> str:
        """Write an object into the new file `target`. Returns its SHA-256, in hex."""
        async with aclosing(self.pieces(name)) as pieces:
            return await write_stream(pieces, target)

    async def digest_of(self, name: str) -> str:
        """Read an object back. Returns its SHA-256, in hex."""
        digest = hashlib.sha256()
        async with aclosing(self.pieces(name)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
        return digest.hexdigest()

    # --- backups that are not whole yet, or not any more ---

    @asynccontextmanager
    async def unfinished(self, backup_id: str) -> AsyncGenerator[None]:
        """Note that the backup is being added, or removed, until `finished`: by that, others can tell what a process
        that has died has left."""
        mark = self._mark(backup_id)
        # Not in a thread: whoever is cancelled meanwhile would leave a claim for as long as the process lives.
        with claimed(mark):
            await asyncio.to_thread(write_durably, mark, b"")
            yield

    async def finished(self, backup_id: str) -> None:
        """It is whole, or nothing is left of it."""
        await asyncio.to_thread(self._mark(backup_id).unlink, missing_ok=True)

    def worked_on(self) -> set[str]:
        """The ids of those that a living process adds or removes. Blocks for some milliseconds."""
        return {path.name for path in self._marks() if is_claimed(path)}

    def given_up(self) -> set[str]:
        """The ids of those whose process has died. Blocks for some milliseconds."""
        return {path.name for path in self._marks() if not is_claimed(path)}

    def sweep(self) -> None:
        """Remove what dead processes have left on this machine, but for the notes of what they left in the storage.
        Blocks."""
        sweep(self.part("unfinished"), spare=lambda path: is_id(path.name) and path.exists())
        for name in ("staging", "spool", "maps"):
            sweep(self.part(name))
        for folder in self.part("ends").iterdir():
            sweep(folder)

    def _mark(self, backup_id: str) -> Path:
        return self.part("unfinished") / backup_id

    def _marks(self) -> list[Path]:
        return [path for path in self.part("unfinished").iterdir() if is_id(path.name)]


@asynccontextmanager
async def _temporary_folder(root: Path) -> AsyncGenerator[Path]:
    folder = temporary_path(root / "work")
    with claimed(folder):
        try:
            await asyncio.to_thread(make_private_folder, folder)
            yield folder
        finally:
            # Not in a thread: it must be done even if the loop is about to end.
            shutil.rmtree(folder, ignore_errors=True)
