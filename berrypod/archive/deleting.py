"""Deleting a backup, and freeing what nobody needs any more.

The manifest goes first: from then on there is no such backup. Then its file or map, then the chunks that no map needs
any more. A crash in between leaves chunks that nobody needs, which the next deletion or the next start frees.

A chunk goes when none of its pages is needed. One of which a few are stays whole: to repack it, the maps of all backups
that need it, and what their manifests say of them, would have to change at one stroke. New backups leave such chunks
behind instead (`sparse`).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from berrypod.archive import layout
from berrypod.archive.entries import Listed, listed
from berrypod.archive.faults import ArchiveBusy
from berrypod.archive.manifest import Manifest, ManifestUnreadable
from berrypod.archive.objects import PartwiseStorage, SweptStorage
from berrypod.archive.stock import Stock
from berrypod.archive.together import together
from berrypod.clock import utc_now
from berrypod.errors import BerrypodError, NotFound
from berrypod.storage.faults import reach

log = logging.getLogger("berrypod.archive")

_WAIT_SECONDS: Final = 10.0

# No backup takes longer to be added.
_ADDING: Final = timedelta(days=1)


class _Unknown(Exception):
    """It cannot be told which chunks are needed."""


class Deleting:
    """See the module."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def delete(self, backup_id: str) -> None:
        """Remove a backup for good, or what there is of one.

        If a backup is being added meanwhile, or the storage fails, chunks go with the next deletion or at the next
        start.

        :raises CopyUnknown: there is nothing of this id.
        """
        layout.require_id(backup_id)
        place = self._stock.place
        async with place.manifests_locked():
            there = listed(await self._stock.storage.list(f"{layout.PREFIX}{backup_id}.")).parts
            if not there:
                raise layout.unknown(backup_id)
            if backup_id in await asyncio.to_thread(place.worked_on):
                raise ArchiveBusy(f"Backup {backup_id} is just being added, or removed")
            async with place.unfinished(backup_id):
                await self._remove_parts(backup_id)
                await place.finished(backup_id)
        try:
            async with place.locked(alone=True, seconds=_WAIT_SECONDS):
                await self._free()
        except ArchiveBusy:
            log.info("the pages of backup %s are freed later: another one is being added", backup_id)
        except BerrypodError as error:
            # It is gone, whatever is left of its pages: who was told that it failed would delete it again.
            log.warning("the pages of backup %s are freed later: %s", backup_id, error.message)

    async def take_back(self, backup_id: str) -> None:
        """Remove what there is of a backup that could not be added."""
        storage = self._stock.storage
        async with self._stock.place.manifests_locked():
            await self._remove_parts(backup_id)
        if isinstance(storage, PartwiseStorage):
            # By its name: what other machines are sending is theirs. A chunk is smaller than a part.
            for name in (layout.file_name(backup_id), layout.map_name(backup_id)):
                await storage.take_back(name)
        await self._stock.place.finished(backup_id)

    async def _remove_parts(self, backup_id: str) -> None:
        """The manifest, then what is beside it. What is not there is as good as removed."""
        await self._stock.storage.delete(layout.manifest_name(backup_id))
        reach("archive.manifest_deleted")
        for name in (layout.file_name(backup_id), layout.map_name(backup_id)):
            await self._stock.storage.delete(name)

    async def sweep(self, wait_seconds: float) -> None:
        """Remove what dead processes have left: backups that were never finished, files on their way, chunks.

        What can be told to be nobody's only with nothing else at work stays for another time, if a backup is being
        added for longer than one would wait.
        """
        await self.remove_given_up()
        await asyncio.to_thread(self._stock.place.sweep)
        try:
            async with self._stock.place.locked(alone=True, seconds=wait_seconds):
                if isinstance(self._stock.storage, SweptStorage):
                    await self._stock.storage.sweep()
                await self._free()
        except ArchiveBusy:
            return

    async def remove_given_up(self) -> None:
        """Remove what there is of backups whose process died before they were whole, or gone."""
        for backup_id in await asyncio.to_thread(self._stock.place.given_up):
            if await self._stock.storage.list(layout.manifest_name(backup_id)):
                await self._stock.place.finished(backup_id)  # It is whole: killed a moment before, or after.
            else:
                await self.take_back(backup_id)

    async def _free(self) -> None:
        """Remove the chunks that nobody needs. Alone with the archive."""
        await self.remove_given_up()
        objects = await self._stock.storage.list()
        found = listed(objects)
        if not found.chunks and not found.set_aside:
            return
        try:
            manifests = await self._stock.manifests.all(objects)
            needed = await self._needed(found, manifests)
        except _Unknown as error:
            log.warning("no space is freed in %s: %s", self._stock.storage.location, error)
            return
        # The ends that are kept here first: nothing may be known that is not there.
        going = sorted(found.chunks.keys() - needed - await self._just_added(found, manifests))
        await asyncio.to_thread(self._stock.ends.forget, going)
        names = [layout.chunk_name(digest) for digest in going]
        # One that was stored anew, with the same pages, is as good as never damaged.
        healed = found.set_aside.keys() & found.chunks.keys()
        names += [layout.damaged_name(digest) for digest in sorted(found.set_aside.keys() - needed | healed)]
        await together(self._stock.storage.delete, names, at_once=8)

    async def _just_added(self, found: Listed, manifests: dict[str, Manifest | ManifestUnreadable]) -> set[str]:
        """Chunks that another shop may be adding a backup of: it has no map yet, and its locks are its own."""
        if not await self._stock.of_others(one for one in manifests.values() if isinstance(one, Manifest)):
            return set()
        recent = utc_now() - _ADDING
        return {digest for digest, chunk in found.chunks.items() if chunk.modified_at > recent}

    async def _needed(self, found: Listed, manifests: dict[str, Manifest | ManifestUnreadable]) -> set[str]:
        """The chunks that some map needs. Also one without a manifest: somebody may have it yet, and put it back.

        :raises _Unknown: a map cannot be read. It may need any chunk.
        """
        needed, digests = set[str](), set[str]()
        for backup_id, parts in found.parts.items():
            manifest = manifests.get(backup_id)
            known = manifest if isinstance(manifest, Manifest) else None
            if "map" in parts:
                try:
                    needed.update(await self._stock.maps.chunks(parts["map"], known))
                except NotFound:
                    continue
                except BerrypodError as error:
                    raise _Unknown(f"{error.message}. Delete that backup, or put its file back.") from None
            elif manifest is not None and "file" not in parts and (known is None or known.storage == "pages"):
                raise _Unknown(f"the list of pages of backup {backup_id} is missing. Delete it, or put the file back.")
            if known is not None and known.map_sha256:
                digests.add(known.map_sha256)
        await asyncio.to_thread(self._stock.maps.sweep, digests)
        return needed
