"""Which pages a storage has already: by the ends of its chunks, which are kept here where the chunks are not.

Their names are digests, so what is kept cannot be wrong about a chunk's content; only about whether it is there. Hence
the order: an end comes after its chunk, and goes before it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from berrypod.archive import layout
from berrypod.archive.objects import StoredObject
from berrypod.archive.place import Place
from berrypod.archive.together import together
from berrypod.errors import NotFound
from berrypod.storage.chunks import ChunkDamaged, chunk_path, read_end
from berrypod.storage.files import make_private_folder, write_durably

log = logging.getLogger("berrypod.archive")

_AT_ONCE: Final = 4


class Ends:
    """See the module."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def level(self, chunks: Mapping[str, StoredObject]) -> Path | None:
        """A folder with all chunks that there are, or their ends; None if there is none. Fetches what is not known.

        :param chunks: what the storage has just listed, by digest.
        """
        local = self._place.local_chunks
        if local is not None:
            return local if local.is_dir() else None
        kept = await asyncio.to_thread(self._kept)
        await asyncio.to_thread(self.forget, kept - chunks.keys())
        await together(self._fetch, sorted(chunks.keys() - kept), at_once=_AT_ONCE)
        return self._folder

    def keep(self, digest: str, end: bytes) -> None:
        """Keep the end of a chunk that is in the storage. Blocks."""
        if self._place.local_chunks is None:
            path = chunk_path(self._folder, digest)
            make_private_folder(path.parent)
            write_durably(path, end)

    def forget(self, digests: Iterable[str]) -> None:
        """Before chunks are removed. Blocks."""
        if self._place.local_chunks is None:
            for digest in digests:
                chunk_path(self._folder, digest).unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self._place.part("ends")

    def _kept(self) -> set[str]:
        return {path.name for path in self._folder.glob("??/*") if layout.chunk_of(layout.chunk_name(path.name))}

    async def _fetch(self, digest: str) -> None:
        async with self._place.spool() as folder:
            path = folder / digest
            try:
                if await self._place.download(layout.chunk_name(digest), path) != digest:
                    raise ChunkDamaged(f"Chunk {digest} is damaged", chunk=digest)
                await asyncio.to_thread(lambda: self.keep(digest, read_end(path)))
            except NotFound:
                return  # it has just been removed
            except ChunkDamaged as error:
                # New backups do not refer to it; those that do are for `verify` to tell.
                log.warning("%s: %s", self._place.storage.location, error.message)
