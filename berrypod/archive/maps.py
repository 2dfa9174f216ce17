"""The page maps of an archive: which chunks each backup needs."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from datetime import datetime
from pathlib import Path

from berrypod.archive import layout
from berrypod.archive.manifest import Manifest
from berrypod.archive.objects import StoredObject
from berrypod.archive.place import Place
from berrypod.errors import DatabaseDamaged, NotFound
from berrypod.storage.files import is_temporary, write_durably
from berrypod.storage.page_map import MapDamaged, PageMap, from_bytes


class Maps:
    """Of those that were read, the names of their chunks are remembered: that is what listing and deleting asks for."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, tuple[int, datetime, tuple[str, ...]]] = {}

    async def chunks(self, each: StoredObject, manifest: Manifest | None) -> tuple[str, ...]:
        """The chunks that a map needs.

        :param manifest: of the backup, if it has one: the map is held against it.
        :raises MapDamaged: it is not as it was written.
        :raises NotFound: it has just been deleted.
        """
        known = self._known.get(each.name)
        if known is None or known[:2] != (each.size_bytes, each.modified_at):
            page_map = await self._read(each.name, None if manifest is None else manifest.map_sha256)
            # Backups share most of their chunks: each name is held once.
            known = each.size_bytes, each.modified_at, tuple(map(sys.intern, page_map.chunks))
            self._known[each.name] = known
        return known[2]

    async def of(self, manifest: Manifest, *, stored: bool = False) -> PageMap:
        """The map of a backup of pages.

        :param stored: as it is in the storage: for whoever wants to know whether it is still good there.
        :raises MapDamaged: it is missing, or not as it was written.
        """
        name, digest = layout.map_name(manifest.id), manifest.map_sha256
        try:
            return await (self._from_storage(name, digest) if stored else self._read(name, digest))
        except NotFound:
            raise MapDamaged(f"The list of pages of backup {manifest.id} is missing") from None

    def forget(self, names: set[str]) -> None:
        """Forget what is known of all but these."""
        self._known = {name: known for name, known in self._known.items() if name in names}

    def keep(self, digest: str, content: bytes) -> None:
        """Keep a map of a storage elsewhere on this machine. Blocks."""
        if self._place.local_chunks is None:
            write_durably(self._kept(digest), content)

    def sweep(self, digests: set[str]) -> None:
        """Remove those that are kept here, but for these. Blocks."""
        for path in self._place.part("maps").iterdir():
            if path.name not in digests and not is_temporary(path.name):  # which another process is writing
                path.unlink(missing_ok=True)

    async def _read(self, name: str, digest: str | None) -> PageMap:
        content = await asyncio.to_thread(self._from_here, digest) if digest else None
        if content is None:
            return await self._from_storage(name, digest)
        return await asyncio.to_thread(from_bytes, content, name)

    async def _from_storage(self, name: str, digest: str | None) -> PageMap:
        try:
            content = await self._place.read_small(name)
        except NotFound:
            raise
        except DatabaseDamaged as error:
            raise MapDamaged(error.message) from None
        if digest is not None and hashlib.sha256(content).hexdigest() != digest:
            raise MapDamaged(f"{name} is not as it was written")
        if digest is not None:
            await asyncio.to_thread(self.keep, digest, content)
        return await asyncio.to_thread(from_bytes, content, name)

    def _from_here(self, digest: str) -> bytes | None:
        if self._place.local_chunks is not None:
            return None
        try:
            content = self._kept(digest).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def _kept(self, digest: str) -> Path:
        return self._place.part("maps") / digest
