"""Is what is stored what was stored? Every byte of a kept backup is read back."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from berrypod import errors
from berrypod.archive import layout
from berrypod.archive.copying import file_sha256
from berrypod.archive.faults import ArchiveBusy, BackupDamaged, BackupIncomplete
from berrypod.archive.fetching import Share
from berrypod.archive.manifest import READ_BACK, Manifest, Proof
from berrypod.archive.spool import chunks_of
from berrypod.archive.stock import Stock
from berrypod.archive.threads import apart
from berrypod.errors import NotFound
from berrypod.settings import Secret
from berrypod.storage.assembling import PagesChecked, check_pages
from berrypod.storage.files import require_space, translate_os_error
from berrypod.storage.keys import DatabaseKey, passphrase_fingerprint
from berrypod.storage.page_map import PageMap
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod.storage.verification import check_content, unlock_backup
from berrypod.storage.watching import in_loop

log = logging.getLogger("berrypod.archive")

_WAIT_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Check:
    """Who checks a backup (`by`, as in events), and by which clock."""

    by: str | None
    now: Callable[[], datetime]

    def damage(self, error: errors.DatabaseDamaged, seconds: float) -> Proof:
        """What is noted of a backup that is not whole."""
        return Proof(
            at=self.now(),
            seconds=round(seconds, 3),
            by=self.by,
            how=READ_BACK,
            problem=error.message,
            hint=error.hint,
        )


class Verifying:
    """See the module."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def verify(
        self, manifest: Manifest, passphrase: Secret | None, check: Check, progress: Share | None
    ) -> Manifest:
        """Read a backup back, and note in its manifest when it was found whole, or what is wrong with it: whatever it
        was proven to be before, it is that no more.

        With the passphrase each page is authenticated, and of a whole file the content is checked as well. Without it
        the bytes are held against their digests alone: enough for one that was made under a former key.

        :raises BackupDamaged: (and BackupIncomplete, ChunkMissing, MapDamaged, DatabaseDamaged) it is not whole.
            Damaged chunks are set aside: the next backup stores their pages anew.
        :raises WrongKey: the passphrase is not the one that it was made with.
        """
        passphrase, begun = passphrase if manifest.encrypted else None, monotonic()
        try:
            await _require_key(manifest, passphrase)
            if manifest.storage == "file":
                await self._file(manifest, passphrase, progress)
            else:
                await self.pages(manifest, await self._stock.maps.of(manifest, stored=True), passphrase, progress)
        except errors.DatabaseDamaged as error:
            damage = check.damage(error, monotonic() - begun)
            # One that was deleted meanwhile is not damaged.
            await self._stock.manifests.update(
                manifest.id, lambda found: msgspec.structs.replace(found, verified_at=None, proof=damage)
            )
            raise
        at = check.now()
        return await self._stock.manifests.update(manifest.id, lambda found: _whole(found, at))

    async def _file(self, manifest: Manifest, passphrase: Secret | None, progress: Share | None) -> None:
        name = layout.file_name(manifest.id)
        try:
            local = self._stock.storage.local_path(name)
            if local is not None:
                await self._content(local, manifest, passphrase, progress)
                return
            async with self._stock.place.spool() as folder:
                await asyncio.to_thread(require_space, folder, manifest.size_bytes + SPARE_BYTES)
                await self._stock.place.download(name, folder / name)
                await self._content(folder / name, manifest, passphrase, progress)
        except (NotFound, FileNotFoundError, errors.DatabaseMissing):
            raise BackupIncomplete(f"The file {name} is missing") from None
        except OSError as error:
            if error.errno == errno.EIO:
                raise BackupDamaged(f"{name} is damaged: the disk cannot read it") from error
            raise translate_os_error(error, self._stock.place.folder) from error

    async def _content(self, path: Path, manifest: Manifest, passphrase: Secret | None, progress: Share | None) -> None:
        name = layout.file_name(manifest.id)
        if manifest.encrypted and passphrase is None:
            if (await apart(lambda stop: file_sha256(path, stop))) != manifest.sha256:
                raise BackupDamaged(f"{name} is not what it was: its digest is another")
            return
        try:
            key = await asyncio.to_thread(unlock_backup, path, passphrase)
            facts = await check_content(path, key, progress=progress)
        except errors.DatabaseMissing:
            raise
        except errors.StorageError as error:
            if (await apart(lambda stop: file_sha256(path, stop))) == manifest.sha256:
                raise
            # Whatever it looks like now (another key, no database): it is not what it was.
            raise BackupDamaged(error.message.replace(str(path), name), **error.details) from error
        if facts.sha256 != manifest.sha256:
            raise BackupDamaged(f"{name} is a whole backup, but not the one of its manifest: its digest is another")

    async def pages(
        self, manifest: Manifest, page_map: PageMap, passphrase: Secret | None, progress: Share | None
    ) -> None:
        """Every chunk, every page, and the digest of the whole file.

        :raises BackupDamaged: something is missing or not as it was written.
        """
        salt = bytes.fromhex(manifest.salt)
        key = None if passphrase is None else await asyncio.to_thread(DatabaseKey.derive, passphrase, salt)
        found = await self.checked(page_map, key, progress)
        if found.pages and not found.missing and not found.damaged and manifest.key_fingerprint is None:
            raise errors.WrongKey(f"The pages of backup {manifest.id} are as they were written: under another key")
        if not found.whole:
            await self.set_aside(found.damaged)
            found = await self._told_apart(found)
            raise BackupDamaged(
                f"Backup {manifest.id} is damaged: {found.words}",
                missing=list(found.missing),
                damaged=list(found.damaged),
                pages=list(found.pages),
            )
        if found.sha256 != manifest.sha256:
            raise BackupDamaged(f"Backup {manifest.id} is not what it was: its digest is another")

    async def _told_apart(self, found: PagesChecked) -> PagesChecked:
        """What is missing because it was damaged is told as damaged: nobody has taken it away."""
        aside = {layout.damaged_of(each.name) for each in await self._stock.storage.list(layout.DAMAGED)}
        damaged = tuple(name for name in found.missing if name in aside)
        missing = tuple(name for name in found.missing if name not in aside)
        return replace(found, missing=missing, damaged=(*found.damaged, *damaged))

    async def checked(self, page_map: PageMap, key: DatabaseKey | None, progress: Share | None = None) -> PagesChecked:
        """What is found when all of a map's chunks are read."""
        tell = in_loop(progress) if progress is not None else None
        async with chunks_of(self._stock.place, page_map, check=False) as chunk_path:

            def work(stop: threading.Event) -> PagesChecked:
                try:
                    return check_pages(page_map, key, chunk_path, stop=stop, tell=tell)
                except OSError as error:
                    raise translate_os_error(error, self._stock.place.folder) from error

            return await apart(work)

    async def set_aside(self, damaged: Sequence[str]) -> None:
        """Take chunks away from where new backups would refer to them.

        If one is being added meanwhile, this is for the next one who finds them.
        """
        if not damaged:
            return
        try:
            async with self._stock.place.locked(alone=True, seconds=_WAIT_SECONDS):
                for digest in damaged:
                    await self._set_aside(digest)
        except ArchiveBusy:
            log.warning(
                "damaged chunks stay where they are: a backup is being added to %s", self._stock.storage.location
            )

    async def _set_aside(self, digest: str) -> None:
        """After a second look, for other backups live of it too: memory, a line or a map may have been bad and not the
        chunk, or the next backup has stored it anew meanwhile."""
        name, storage = layout.chunk_name(digest), self._stock.storage
        path = storage.local_path(name)
        try:
            async with self._stock.place.spool() as folder:
                if path is None:
                    path = folder / digest
                    whole = await self._stock.place.download(name, path) == digest
                else:
                    whole = await apart(partial(_has_digest, path, digest))
                if whole:
                    log.warning("chunk %s in %s is whole at a second look, and stays", digest, storage.location)
                    return
                await asyncio.to_thread(self._stock.ends.forget, [digest])
                await storage.put(layout.damaged_name(digest), path)
        except (NotFound, FileNotFoundError):
            return  # somebody else has found it, too
        await storage.delete(name)


def _has_digest(path: Path, digest: str, stop: threading.Event) -> bool:
    try:
        return file_sha256(path, stop) == digest
    except OSError as error:
        if error.errno == errno.EIO:
            return False
        raise


def _whole(manifest: Manifest, at: datetime) -> Manifest:
    """What a check found before is settled; what a drill found is for a drill."""
    proof = manifest.proof
    if proof is not None and proof.of_check:
        proof = None
    return msgspec.structs.replace(manifest, verified_at=at, proof=proof)


async def _require_key(manifest: Manifest, passphrase: Secret | None) -> None:
    """:raises WrongKey: it is not the one."""
    if passphrase is None or manifest.key_fingerprint is None:
        return
    if await asyncio.to_thread(passphrase_fingerprint, passphrase) != manifest.key_fingerprint:
        raise errors.WrongKey(
            f"Backup {manifest.id} was made with another key (fingerprint {manifest.key_fingerprint})",
            hint="It opens with that key alone. Without any key, its bytes can be held against their digests.",
        )
