"""Archives, on this machine and elsewhere, and backups to put into them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berrypod.archive.archive import Archive, Taking
from berrypod.archive.folder import FolderStorage
from berrypod.archive.manifest import Manifest
from berrypod.archive.objects import StoredObject
from berrypod.clock import utc_now
from berrypod.declarations import Snapshot
from berrypod.records import new_id
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.storage.snapshot import make_snapshot
from tests.backup.making import holds


@dataclass
class Elsewhere:
    """A storage that is not on this machine: nothing can be read in place. `calls` are those that were made."""

    folder: FolderStorage
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    before: Callable[[str, str], None] = lambda method, name: None

    location = "memory://elsewhere"

    async def list(self, prefix: str = "") -> Sequence[StoredObject]:
        self._called("list", prefix)
        return await self.folder.list(prefix)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        self._called("read", name)
        async for piece in self.folder.read(name):
            yield piece

    async def put(self, name: str, source: Path) -> None:
        self._called("put", name)
        await self.folder.put(name, source)

    async def delete(self, name: str) -> None:
        self._called("delete", name)
        await self.folder.delete(name)

    def local_path(self, name: str) -> Path | None:
        return None

    def names(self, method: str) -> list[str]:
        """What was asked of it since the last time."""
        found = [name for called, name in self.calls if called == method]
        self.calls.clear()
        return found

    def _called(self, method: str, name: str) -> None:
        self.before(method, name)
        self.calls.append((method, name))


@dataclass
class Keep:
    """An archive with a shop. `folder` is where its objects lie, `work` where this machine keeps its part."""

    archive: Archive
    settings: Settings
    folder: Path
    work: Path
    made: Snapshot | None = None

    @classmethod
    def of(cls, settings: Settings, folder: Path, *, elsewhere: bool = False, snapshot: Snapshot | None = None) -> Keep:
        folder.mkdir(exist_ok=True)
        storage = FolderStorage(folder / "kept")
        work = folder / "work"
        archive = Archive(Elsewhere(storage) if elsewhere else storage, work_folder=lambda: work)
        return cls(archive, settings, folder / "kept", work, snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """Of the shop as it was in the beginning."""
        assert self.made is not None
        return self.made

    @property
    def elsewhere(self) -> Elsewhere:
        assert isinstance(self.archive.storage, Elsewhere)
        return self.archive.storage

    @property
    def passphrase(self) -> Secret | None:
        return self.settings.secret_key_db

    def objects(self) -> list[str]:
        return [name for name in holds(self.folder) if not name.startswith(".staging")]

    def leftovers(self) -> list[str]:
        """What is neither an object nor what stays on this machine."""
        stays = ("lock", "manifests")
        kept = [path for path in self.folder.rglob("*") if path.name.startswith(".") and path.name != ".staging"]
        kept += (self.folder / ".staging").glob("*")
        work = [path for path in self.work.rglob("*") if path.is_file() and path.name not in stays]
        return [str(path) for path in kept + [path for path in work if not {"ends", "maps"} & set(path.parts)]]

    async def keep(self, snapshot: Snapshot, **more: Any) -> Manifest:
        return await self.archive.take_file(snapshot, Taking(id=new_id(utc_now()), **more))

    async def fetched(self, manifest: Manifest, target: Path) -> bytes:
        """The file of a backup, which is checked, and removed again."""
        await self.archive.fetch(manifest.id, target)
        assert target.stat().st_mode & 0o777 == 0o600
        content = target.read_bytes()
        assert hashlib.sha256(content).hexdigest() == manifest.sha256
        assert len(content) == manifest.size_bytes
        target.unlink()
        return content


async def snapshot_of(settings: Settings, target: Path) -> Snapshot:
    """Of a shop that nobody has open."""
    database = Database(settings)
    await database.open()
    try:
        made = await make_snapshot(database, target)
    finally:
        await database.close()
    passphrase = settings.secret_key_db
    return Snapshot(
        id=new_id(made.created_at),
        created_at=made.created_at,
        size_bytes=made.facts.size_bytes,
        sha256=made.facts.sha256,
        method=made.method,
        schema_revision=made.facts.schema_revision,
        row_counts=dict(made.facts.row_counts),
        encrypted=made.facts.encrypted,
        path=made.path,
        opener=made.open,
        key_fingerprint=None if passphrase is None else passphrase_fingerprint(passphrase),
    )


def sell(settings: Settings, what: str) -> None:
    """Change a shop that nobody has open."""
    path = settings.database_path
    with closing(open_connection(path, find_key(path, settings.secret_key_db))) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO settings (key, value, updated_at) VALUES (?, '1', '2026-01-01')", (what,)
        )


def flip(path: Path, at: int | None = None) -> None:
    """Change one bit, as a disk does that grows old: in the middle unless told."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


def copy_of(keep: Keep) -> Keep:
    """The same archive from another machine: nothing of it is known there."""
    other = keep.work.parent / "other machine"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    return Keep(Archive(keep.archive.storage, work_folder=lambda: other), keep.settings, keep.folder, other)


def bulky(settings: Settings, pages: int) -> None:
    """Put pictures of so many pages into a shop that nobody has open."""
    path = settings.database_path
    columns = "sha256, media_type, width, height, size_bytes, filename, alt, data, created_at, updated_at"
    statement = f"INSERT INTO images ({columns}) VALUES (?, 'x', 1, 1, ?, '', '', ?, '2026-01-01', '2026-01-01')"
    with closing(open_connection(path, find_key(path, settings.secret_key_db))) as connection:
        connection.execute(statement, (os.urandom(32).hex(), pages * 4000, os.urandom(pages * 4000)))
