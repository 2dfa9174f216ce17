"""What is called how in an archive. Whatever has another name is not ours, and is left alone.

berrypod-backup-<id>.json    a manifest
berrypod-backup-<id>.db      a backup that is one file
berrypod-backup-<id>.map     a backup of pages: which page lies in which chunk
chunks/<aa>/<sha256>         a chunk of pages, by its digest
damaged/<sha256>             one that was found to be damaged: backups that need it say so, new ones cannot refer to it
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from berrypod.archive.faults import CopyUnknown
from berrypod.archive.manifest import Manifest
from berrypod.records import is_id

PREFIX: Final = "berrypod-backup-"
CHUNKS: Final = "chunks/"
DAMAGED: Final = "damaged/"

Kind = Literal["manifest", "file", "map"]

_ENDS: Final[dict[str, Kind]] = {"json": "manifest", "db": "file", "map": "map"}
_NAME: Final = re.compile(rf"{PREFIX}(?P<id>[0-9a-f-]+)\.(?P<end>json|db|map)")
_CHUNK: Final = re.compile(r"chunks/(?P<first>[0-9a-f]{2})/(?P<digest>(?P=first)[0-9a-f]{62})")
_DAMAGED: Final = re.compile(r"damaged/(?P<digest>[0-9a-f]{64})")


class Named(NamedTuple):
    """A part of the backup `id`."""

    kind: Kind
    id: str


def parse(name: str) -> Named | None:
    """What a name stands for; None if it is no part of a backup that is named after it."""
    found = _NAME.fullmatch(name)
    return Named(_ENDS[found["end"]], found["id"]) if found and is_id(found["id"]) else None


def chunk_of(name: str) -> str | None:
    """The digest of a chunk; None for anything else."""
    found = _CHUNK.fullmatch(name)
    return found["digest"] if found else None


def damaged_of(name: str) -> str | None:
    """The digest of a chunk that was set aside; None for anything else."""
    found = _DAMAGED.fullmatch(name)
    return found["digest"] if found else None


def require_id(backup_id: str) -> str:
    """The id as part of a name: whatever came in, nothing else becomes one.

    :raises CopyUnknown: it can be no id.
    """
    if not is_id(backup_id):
        raise unknown(backup_id)
    return backup_id


def unknown(backup_id: str) -> CopyUnknown:
    return CopyUnknown(
        f"There is no kept backup {backup_id[:100]!r}", hint="It may have been deleted. Look at the list."
    )


def manifest_name(backup_id: str) -> str:
    return f"{PREFIX}{backup_id}.json"


def file_name(backup_id: str) -> str:
    return f"{PREFIX}{backup_id}.db"


def map_name(backup_id: str) -> str:
    return f"{PREFIX}{backup_id}.map"


def content_name(manifest: Manifest) -> str:
    """The object beside the manifest: the file, or the map."""
    return file_name(manifest.id) if manifest.storage == "file" else map_name(manifest.id)


def chunk_name(digest: str) -> str:
    return f"{CHUNKS}{digest[:2]}/{digest}"


def damaged_name(digest: str) -> str:
    return f"{DAMAGED}{digest}"
