"""A kept backup as the ordinary file that it was made of."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Final

from berrypod.archive import layout
from berrypod.archive.copying import write_stream
from berrypod.archive.entries import lacking, listed
from berrypod.archive.faults import BackupDamaged, BackupIncomplete
from berrypod.archive.manifest import Manifest
from berrypod.archive.spool import chunks_of
from berrypod.archive.stock import Stock
from berrypod.errors import BerrypodError, Conflict, NotFound
from berrypod.storage.assembling import pages_in_order
from berrypod.storage.chunks import ChunkMissing
from berrypod.storage.files import (
    claimed,
    fsync_folder,
    rename_to_new,
    require_space,
    sweep,
    temporary_path,
    translate_os_error,
)
from berrypod.storage.priority import give_way
from berrypod.storage.snapshot import SPARE_BYTES

Share = Callable[[float], None]

_PIECE_BYTES: Final = 1_048_576


class Fetching:
    """See the module."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def fetch(self, manifest: Manifest, target: Path, progress: Share | None) -> None:
        """Write the file to `target`, which is new: whole, for its owner alone, and on the disk; or not at all.

        :raises Conflict: `target` exists.
        :raises BackupDamaged: (and ChunkMissing, ChunkDamaged, MapDamaged, BackupIncomplete) it cannot be had whole.
        :raises DiskFull: there is no space for it.
        """
        await asyncio.to_thread(_require_new, target)
        temporary = temporary_path(target)
        try:
            await asyncio.to_thread(require_space, target.parent, manifest.size_bytes + SPARE_BYTES)
            with claimed(temporary):
                try:
                    async with aclosing(self.checked(manifest)) as pieces:
                        await write_stream(_told(pieces, manifest.size_bytes, progress), temporary)
                    await asyncio.to_thread(rename_to_new, temporary, target)
                    await asyncio.to_thread(fsync_folder, target.parent)
                finally:
                    temporary.unlink(missing_ok=True)
        except FileExistsError:
            raise _taken(target) from None
        except OSError as error:
            raise translate_os_error(error, target.parent) from error

    async def checked(self, manifest: Manifest) -> AsyncGenerator[bytes]:
        """The bytes of the file. The last of them come after the digest was found to be right.

        :raises BackupDamaged: (and the rest) as `fetch`; what came before is then not to be trusted.
        """
        digest, size, held = hashlib.sha256(), 0, b""
        async with aclosing(self._pieces(manifest)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
                size += len(piece)
                if held:
                    yield held
                held = piece
        if digest.hexdigest() != manifest.sha256:
            raise BackupDamaged(f"Backup {manifest.id} is not what it was: its digest is another ({size} bytes)")
        yield held

    def _pieces(self, manifest: Manifest) -> AsyncGenerator[bytes]:
        return self._of_file(manifest) if manifest.storage == "file" else self._of_pages(manifest)

    async def _of_file(self, manifest: Manifest) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(self._stock.place.pieces(layout.file_name(manifest.id))) as pieces:
                async for piece in pieces:
                    yield piece
        except NotFound:
            raise await self._explained(manifest, ()) from None

    async def _of_pages(self, manifest: Manifest) -> AsyncGenerator[bytes]:
        page_map = await self._stock.maps.of(manifest, stored=True)
        async with chunks_of(self._stock.place, page_map, check=True) as chunk_path:
            try:
                async with aclosing(_in_thread(pages_in_order(page_map, chunk_path))) as blocks:
                    async for block in blocks:
                        yield block
            except ChunkMissing:
                raise await self._explained(manifest, page_map.chunks) from None

    async def _explained(self, manifest: Manifest, chunks: Sequence[str]) -> BerrypodError:
        """Why something is missing: the backup was deleted, a chunk set aside, or somebody has taken a file away."""
        found = listed(await self._stock.storage.list())
        if "manifest" not in found.parts[manifest.id]:
            return layout.unknown(manifest.id)
        missing = [name for name in chunks if name not in found.chunks]
        # What is there again a moment later was not there when it was read.
        return lacking(missing, set(found.set_aside)) or BackupIncomplete(
            f"A part of backup {manifest.id} is missing: {layout.content_name(manifest)}, or what it needs"
        )


def _require_new(target: Path) -> None:
    if target.exists():
        raise _taken(target)
    sweep(target.parent, of=target)


def _taken(target: Path) -> Conflict:
    return Conflict(f"There is a file already: {target}", hint="Choose another name.")


async def _told(pieces: AsyncGenerator[bytes], size: int, progress: Share | None) -> AsyncGenerator[bytes]:
    done = 0
    async for piece in pieces:
        yield piece
        done += len(piece)
        if progress is not None:
            progress(min(done / max(size, 1), 1.0))


async def _in_thread(blocks: Generator[bytes]) -> AsyncGenerator[bytes]:
    """What an iterator gives that blocks, for as long as a chunk takes to be fetched: in a thread of its own."""
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(1, thread_name_prefix="berrypod-archive", initializer=give_way)
    try:
        while (block := await loop.run_in_executor(threads, next, blocks, None)) is not None:
            yield block
    finally:
        # Without waiting: the thread may wait for this loop, for a chunk that is being fetched.
        threads.submit(blocks.close)
        threads.shutdown(wait=False)
