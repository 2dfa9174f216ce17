"""An archive of backups over one storage: whole files, or pages that are stored once, with a manifest each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from berrypod.archive import layout
from berrypod.archive.capturing import Capturing
from berrypod.archive.deleting import Deleting
from berrypod.archive.entries import Entries, Entry
from berrypod.archive.fetching import Fetching, Share
from berrypod.archive.manifest import Manifest
from berrypod.archive.objects import ObjectStorage
from berrypod.archive.stock import Shop, Stock
from berrypod.archive.taking import Adding, Taking
from berrypod.archive.verifying import Check, Verifying
from berrypod.clock import utc_now
from berrypod.declarations import Delivered, KeptCopy, Snapshot
from berrypod.records import is_id, new_id
from berrypod.settings import Secret
from berrypod.storage.capturing import PagesUnfit
from berrypod.storage.database import Database
from berrypod.storage.snapshot import Progress

__all__ = ["Archive", "Entry", "Manifest", "Taking"]


class Archive:
    """See the module. Each method may run in several processes at once; what must not is kept apart by kernel locks.

    The errors of the storage pass as they are.
    """

    def __init__(self, storage: ObjectStorage, *, work_folder: Callable[[], Path], shop: Shop | None = None) -> None:
        """`work_folder` is asked at each use: a private folder on this machine for temporary files and indexes.

        :param shop: whose archive it is: what the backups of another shop have as theirs is listed as `other_shop`.
            Without it, all are alike.
        """
        self._stock = Stock(storage, work_folder, shop)
        self._entries = Entries(self._stock)
        self._deleting = Deleting(self._stock)
        self._fetching = Fetching(self._stock)
        self._verifying = Verifying(self._stock)
        self._adding = Adding(self._stock, self._deleting)
        self._capturing = Capturing(self._stock, self._adding, self._verifying)

    @property
    def storage(self) -> ObjectStorage:
        return self._stock.storage

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return self.storage.location

    async def entries(self) -> list[Entry]:
        """What lies there: backups, and what else, the newest first. Nothing is changed."""
        return await self._entries.all()

    async def entry(self, backup_id: str) -> Entry:
        """:raises CopyUnknown: there is nothing of this id."""
        layout.require_id(backup_id)
        for entry in await self.entries():
            if entry.id == backup_id:
                return entry
        raise layout.unknown(backup_id)

    async def manifest(self, backup_id: str) -> Manifest:
        """As it is now.

        :raises CopyUnknown: there is none of this id.
        :raises ManifestUnreadable: it makes no sense.
        """
        return await self._stock.manifests.read(backup_id)

    async def take_file(self, snapshot: Snapshot, taking: Taking) -> Manifest:
        """Add a verified file: whole, or its pages that are not there yet. What is stored is read back first.

        :raises Conflict: there is a backup of this id.
        :raises DiskFull: (and other errors of the storage) nothing of it is left then.
        """
        if taking.pages:
            try:
                return await self._capturing.of_file(snapshot, taking)
            except PagesUnfit:
                """It is of another program, and kept as it is."""
        return await self._adding.file(snapshot, taking)

    async def take_live(
        self, database: Database, taking: Taking, *, fast: bool = False, progress: Progress | None = None
    ) -> Manifest:
        """Add the pages of the running shop that are not there yet, straight from its file. Writers go on.

        :param fast: without the pauses that leave the disk to the shop.
        :param progress: called in the event loop, with the share (0 to 1) of the stage that is done.
        :raises Conflict: (and the rest) as `take_file`.
        :raises StorageError: the shop's file cannot be held still for as long as it takes; see `storage.capture`.
        """
        return await self._capturing.live(database, taking, fast=fast, progress=progress)

    async def verify(
        self, backup_id: str, passphrase: Secret | None, *, by: str | None = None, progress: Share | None = None
    ) -> Manifest:
        """Read all that is stored of a backup, and note when it was found whole, or what is wrong with it.

        With the passphrase, each page is authenticated; without it, bytes are held against their digests alone.

        :param by: for whom, as in events.
        :param progress: called in the event loop, with the share (0 to 1) that is done.
        :raises CopyUnknown: there is none of this id.
        :raises DatabaseDamaged: (its subclasses) it is not whole: the message names what is damaged or missing. Damaged
            chunks are set aside, so that the next backup stores their pages anew.
        :raises WrongKey: it was made with another key.
        """
        check = Check(by=by, now=utc_now)
        return await self._verifying.verify(await self.manifest(backup_id), passphrase, check, progress)

    async def fetch(self, backup_id: str, target: Path, *, progress: Share | None = None) -> None:
        """Write the ordinary file to `target`, which is new: whole and checked by its digest, or not at all.

        :raises CopyUnknown: there is none of this id.
        :raises Conflict: `target` exists.
        :raises DatabaseDamaged: (its subclasses) it cannot be had whole.
        """
        await self._fetching.fetch(await self.manifest(backup_id), target, progress)

    async def update(self, backup_id: str, change: Callable[[Manifest], Manifest]) -> Manifest:
        """Change a manifest, alone with it over all processes: a note, a proof. What `change` raises passes.

        :raises CopyUnknown: there is none of this id.
        """
        return await self._stock.manifests.update(backup_id, change)

    async def delete(self, backup_id: str) -> None:
        """Remove a backup for good, or what there is of one, and free the pages that nobody else needs.

        If a backup is being added meanwhile, they are freed with the next deletion, or at the next start.

        :raises CopyUnknown: there is nothing of this id.
        """
        await self._deleting.delete(backup_id)

    async def sweep(self, *, wait_seconds: float = 0) -> None:
        """Remove what dead processes have left: called at start, and whenever.

        :param wait_seconds: how long to wait for those who are adding backups. What they may need stays else.
        """
        await self._deleting.sweep(wait_seconds)

    # --- as an exporter ---

    async def export(self, snapshot: Snapshot, folder: Path) -> Delivered:
        """Keep a snapshot."""
        backup_id = snapshot.id if is_id(snapshot.id) else new_id(snapshot.created_at)
        # `VACUUM INTO` writes every page anew: no two backups would share one.
        await self.take_file(snapshot, Taking(id=backup_id, pages=snapshot.method == "snapshot"))
        words = "It stays encrypted" if snapshot.encrypted else "It is NOT encrypted, for the shop is not"
        return Delivered(message=f"The backup is kept. {words}.", location=self.location)

    async def list(self) -> Sequence[KeptCopy]:
        """The backups, the newest first."""
        return [
            KeptCopy(
                id=entry.manifest.id,
                filename=entry.manifest.filename,
                created_at=entry.manifest.created_at,
                size_bytes=entry.manifest.size_bytes,
                sha256=entry.manifest.sha256,
            )
            for entry in await self.entries()
            if entry.kind == "backup" and entry.manifest is not None
        ]

    async def open(self, copy_id: str) -> AsyncGenerator[bytes]:
        """The ordinary file's bytes. The last of them come after its digest was found to be right.

        :raises CopyUnknown: (and the rest) as `fetch`.
        """
        manifest = await self.manifest(copy_id)
        async with aclosing(self._fetching.checked(manifest)) as pieces:
            async for piece in pieces:
                yield piece
