"""The manifests of an archive: read once each, and changed by one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from berrypod.archive import layout
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.manifest import Manifest, ManifestUnreadable, decode, encode
from berrypod.archive.objects import StoredObject
from berrypod.archive.place import Place
from berrypod.archive.together import together
from berrypod.errors import NotFound

_LARGEST_BYTES: Final = 1_000_000


class Manifests:
    """What was read is remembered for as long as the object has its size and its time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, tuple[int, datetime, Manifest | ManifestUnreadable]] = {}

    async def all(self, objects: Sequence[StoredObject]) -> dict[str, Manifest | ManifestUnreadable]:
        """Those among the objects, by the ids in their names. One that has just been deleted is left out.

        :raises BerrypodError: the storage cannot be read.
        """
        wanted = [
            (named.id, each) for each in objects if (named := layout.parse(each.name)) and named.kind == "manifest"
        ]
        names = {each.name for _, each in wanted}
        self._known = {name: known for name, known in self._known.items() if name in names}
        await together(self._look, [each for _, each in wanted if self._remembered(each) is None])
        return {backup_id: found for backup_id, each in wanted if (found := self._remembered(each)) is not None}

    async def read(self, backup_id: str) -> Manifest:
        """As it is now.

        :raises CopyUnknown: there is none.
        :raises ManifestUnreadable: it is damaged, or of a later version.
        """
        name = layout.manifest_name(layout.require_id(backup_id))
        try:
            content = await self._place.read_small(name, _LARGEST_BYTES)
        except NotFound:
            raise layout.unknown(backup_id) from None
        except BackupDamaged as error:
            raise ManifestUnreadable(error.message) from None
        return _decoded(content, backup_id)

    async def put(self, manifest: Manifest) -> None:
        """Write it, in the place of what was there."""
        name = layout.manifest_name(manifest.id)
        self._known.pop(name, None)
        await self._place.put_bytes(name, encode(manifest))

    async def update(self, backup_id: str, change: Callable[[Manifest], Manifest]) -> Manifest:
        """Read, change and write it, alone with it over all processes. What `change` raises passes.

        :raises CopyUnknown: (and the rest) as `read`.
        """
        async with self._place.manifests_locked():
            before = await self.read(backup_id)
            after = change(before)
            if after.id != before.id:
                raise ValueError("a manifest keeps its id")
            if after != before:
                await self.put(after)
            return after

    def _remembered(self, each: StoredObject) -> Manifest | ManifestUnreadable | None:
        known = self._known.get(each.name)
        return known[2] if known is not None and known[:2] == (each.size_bytes, each.modified_at) else None

    async def _look(self, each: StoredObject) -> None:
        named = layout.parse(each.name)
        assert named is not None, "asked for manifests alone"
        try:
            found: Manifest | ManifestUnreadable = await self.read(named.id)
        except ManifestUnreadable as error:
            found = error
        except NotFound:
            return
        self._known[each.name] = each.size_bytes, each.modified_at, found


def _decoded(content: bytes, backup_id: str) -> Manifest:
    manifest = decode(content)
    if manifest.id != backup_id:
        raise ManifestUnreadable(
            f"The manifest is of another backup, {manifest.id}", hint="Give the file the name back that it had."
        )
    return manifest
