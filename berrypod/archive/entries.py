"""What lies in an archive: backups, and what else is there, told as what it is."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from berrypod.archive import layout
from berrypod.archive.faults import BackupDamaged, BackupIncomplete
from berrypod.archive.manifest import Manifest, ManifestUnreadable
from berrypod.archive.objects import StoredObject
from berrypod.archive.stock import Stock
from berrypod.archive.together import together
from berrypod.errors import BerrypodError, NotFound
from berrypod.records import Trouble
from berrypod.storage.chunks import ChunkMissing
from berrypod.storage.files import people_size

EntryKind = Literal["backup", "no_manifest", "file_missing", "manifest_unreadable", "other_shop", "foreign"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`name` is of the object that it is told by. `size_bytes` is of the file that comes out, where that is known, and
    `stored_bytes` what it takes here by itself. `problem` says what is wrong, as far as a look tells.

    A backup with a problem is one that cannot be had whole from here. `other_shop` is a backup of another shop in the
    same place: it is theirs to look after, and counts for nothing here. `foreign` is no backup, and is left alone.
    """

    kind: EntryKind
    name: str
    manifest: Manifest | None
    size_bytes: int
    stored_bytes: int
    modified_at: datetime
    problem: Trouble | None = None

    @property
    def id(self) -> str | None:
        """By which it can be deleted; None for what is not ours."""
        named = layout.parse(self.name)
        return None if self.kind == "foreign" or named is None else named.id

    @property
    def order(self) -> tuple[bool, datetime, str]:
        """What is newer is greater, and what is not ours is least."""
        at = self.manifest.created_at if self.manifest is not None else self.modified_at
        return self.kind != "foreign", at.astimezone(UTC), self.name


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All objects of an archive, sorted."""

    parts: dict[str, dict[layout.Kind, StoredObject]] = field(
        default_factory=lambda: defaultdict[str, dict[layout.Kind, StoredObject]](dict)
    )
    chunks: dict[str, StoredObject] = field(default_factory=dict[str, StoredObject])
    set_aside: dict[str, StoredObject] = field(default_factory=dict[str, StoredObject])
    foreign: list[StoredObject] = field(default_factory=list[StoredObject])

    def of_kind(self, kind: layout.Kind) -> dict[str, StoredObject]:
        """By the ids of their backups."""
        return {backup_id: parts[kind] for backup_id, parts in self.parts.items() if kind in parts}


def listed(objects: Sequence[StoredObject]) -> Listed:
    """Sort what a storage has."""
    found = Listed()
    for each in objects:
        if named := layout.parse(each.name):
            found.parts[named.id][named.kind] = each
        elif digest := layout.chunk_of(each.name):
            found.chunks[digest] = each
        elif digest := layout.damaged_of(each.name):
            found.set_aside[digest] = each
        else:
            found.foreign.append(each)
    return found


class Entries:
    """Looks at an archive. Nothing is changed, and what is known already is not read again."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def all(self) -> list[Entry]:
        """The newest first; at the end what is not ours.

        :raises BerrypodError: the storage cannot be read.
        """
        # Before the list: what is finished between the two has its manifest in it.
        worked_on = await asyncio.to_thread(self._stock.place.worked_on)
        objects = await self._stock.storage.list()
        found = listed(objects)
        manifests = await self._stock.manifests.all(objects)
        self._stock.maps.forget({each.name for each in found.of_kind("map").values()})
        wanted = [backup_id for backup_id in found.parts if backup_id in manifests or backup_id not in worked_on]
        looked = await together(lambda backup_id: self._entry(backup_id, found, manifests.get(backup_id)), wanted)
        entries = await self._with_owners([entry for entry in looked if entry is not None])
        entries += [_other("foreign", each) for each in found.foreign]
        return sorted(entries, key=lambda entry: entry.order, reverse=True)

    async def _with_owners(self, entries: list[Entry]) -> list[Entry]:
        others = await self._stock.of_others(one.manifest for one in entries if one.manifest is not None)
        return [replace(one, kind="other_shop") if one.id in others else one for one in entries]

    async def _entry(
        self, backup_id: str, found: Listed, manifest: Manifest | ManifestUnreadable | None
    ) -> Entry | None:
        parts = found.parts[backup_id]
        content = parts.get("file") or parts.get("map")
        if manifest is None:
            return None if content is None else _other("no_manifest", content)
        told_by = parts["manifest"]
        if isinstance(manifest, ManifestUnreadable):
            return _other("manifest_unreadable", content or told_by, manifest)
        content = parts.get("file" if manifest.storage == "file" else "map")
        if content is None:
            error = BackupIncomplete(f"The file {layout.content_name(manifest)} is missing")
            return _of(manifest, "file_missing", told_by, 0, error)
        problem = await self._problem(manifest, content, found)
        return _of(manifest, "backup", told_by, content.size_bytes, problem)

    async def _problem(self, manifest: Manifest, content: StoredObject, found: Listed) -> BerrypodError | None:
        """What a look tells: sizes, and whether all chunks are there."""
        if manifest.storage == "file":
            if content.size_bytes != manifest.size_bytes:
                return BackupDamaged(
                    f"{content.name} has {people_size(content.size_bytes)} "
                    f"({content.size_bytes} bytes) in the place of {manifest.size_bytes} bytes"
                )
            return None
        try:
            chunks = await self._stock.maps.chunks(content, manifest)
        except NotFound:
            return None  # it has just been deleted
        except BerrypodError as error:
            return error
        return lacking([name for name in chunks if name not in found.chunks], set(found.set_aside))


def lacking(missing: Sequence[str], set_aside: set[str]) -> BerrypodError | None:
    """The error of a backup whose chunks are not all there."""
    if not missing:
        return None
    first = missing[0]
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    if first in set_aside:
        return BackupDamaged(f"Chunk {first}{more} was found to be damaged, and set aside", damaged=list(missing))
    return ChunkMissing(f"Chunk {first}{more} is missing", chunk=first, missing=list(missing))


def _other(kind: EntryKind, each: StoredObject, error: BerrypodError | None = None) -> Entry:
    return Entry(
        kind=kind,
        name=each.name,
        manifest=None,
        size_bytes=each.size_bytes,
        stored_bytes=each.size_bytes,
        modified_at=each.modified_at,
        problem=None if error is None else Trouble.of(error),
    )


def _of(
    manifest: Manifest, kind: EntryKind, told_by: StoredObject, content_bytes: int, error: BerrypodError | None
) -> Entry:
    return Entry(
        kind=kind,
        name=told_by.name,
        manifest=manifest,
        size_bytes=manifest.size_bytes,
        stored_bytes=content_bytes if manifest.storage == "file" else manifest.stored_bytes,
        modified_at=told_by.modified_at,
        problem=None if error is None else Trouble.of(error),
    )
