"""The chunks of a backup as files on this machine: where they lie, or fetched as they are needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from berrypod.archive import layout
from berrypod.archive.place import Place
from berrypod.errors import NotFound
from berrypod.storage.chunks import ChunkDamaged, ChunkMissing, chunk_path
from berrypod.storage.files import require_space
from berrypod.storage.page_map import PageMap
from berrypod.storage.snapshot import SPARE_BYTES

# Names the file of a chunk, in a thread; it may be fetched first.
ChunkPath = Callable[[str], Path]

_AHEAD: Final = 4


@asynccontextmanager
async def chunks_of(place: Place, page_map: PageMap, *, check: bool) -> AsyncGenerator[ChunkPath]:
    """Have the chunks while the block runs. Of a storage elsewhere they are fetched, some ahead of their use.

    What names a chunk is for threads, and raises ChunkMissing where there is none.

    :param check: raise ChunkDamaged for one that was fetched with another digest than its name.
    :raises DiskFull: there is no space for what is fetched, as much as the backup has.
    """
    local = place.local_chunks
    if local is not None:
        yield lambda name: chunk_path(local, name)
        return
    async with place.spool() as folder:
        await asyncio.to_thread(require_space, folder, page_map.size_bytes + SPARE_BYTES)
        fetching = _Fetching(place, folder, check=check)
        ahead = asyncio.create_task(fetching.ahead(await asyncio.to_thread(_as_needed, page_map)))
        try:
            yield fetching.path
        finally:
            ahead.cancel()
            fetching.stop()
            await asyncio.gather(ahead, *fetching.tasks.values(), return_exceptions=True)


def _as_needed(page_map: PageMap) -> list[str]:
    """The names of the chunks, in the order in which pages are."""
    return [page_map.chunks[place] for place in dict.fromkeys(run.chunk for run in page_map.runs())]


class _Fetching:
    def __init__(self, place: Place, folder: Path, *, check: bool) -> None:
        self._place, self._folder, self._check = place, folder, check
        self._loop = asyncio.get_running_loop()
        self._turns = asyncio.Semaphore(_AHEAD)
        self._stopped = False
        self.tasks: dict[str, asyncio.Task[Path]] = {}

    def path(self, name: str) -> Path:
        """In a thread. Waits until the chunk is here."""
        return asyncio.run_coroutine_threadsafe(self._wanted(name), self._loop).result()

    async def ahead(self, names: Sequence[str]) -> None:
        for name in names:
            await self._turns.acquire()
            self._begin(name).add_done_callback(lambda _: self._turns.release())

    def stop(self) -> None:
        self._stopped = True
        for task in self.tasks.values():
            task.cancel()

    async def _wanted(self, name: str) -> Path:
        return await asyncio.shield(self._begin(name))

    def _begin(self, name: str) -> asyncio.Task[Path]:
        if self._stopped:
            raise asyncio.CancelledError  # whoever reads has been given up, and does not know it yet
        if name not in self.tasks:
            self.tasks[name] = asyncio.create_task(self._fetch(name))
        return self.tasks[name]

    async def _fetch(self, name: str) -> Path:
        path = self._folder / name
        try:
            digest = await self._place.download(layout.chunk_name(name), path)
        except NotFound:
            raise ChunkMissing(f"Chunk {name} is missing", chunk=name) from None
        if self._check and digest != name:
            raise ChunkDamaged(f"Chunk {name} is damaged", chunk=name)
        return path
