"""Staging, inspecting, comparing, applying and undoing: what the API, the page and the commands call.

The state is on disk (`store`), so that any process of the shop answers for any restore, and applies any that is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from berrypod.archive.archive import Archive, Manifest
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter
from berrypod.kept import Kept, KeptListing
from berrypod.settings import Secret
from berrypod_restore.applying import Applying
from berrypod_restore.comparing import Comparing, Contender
from berrypod_restore.contenders import Contenders
from berrypod_restore.deciding import Deciding, keep_of
from berrypod_restore.differences import Comparison, Kind
from berrypod_restore.examining import Examining
from berrypod_restore.former_copies import former_exporter
from berrypod_restore.formers import Formers
from berrypod_restore.names import FORMER_COPIES
from berrypod_restore.pace import Pace
from berrypod_restore.records import CONFIRMATION, Former, RestoreRecord, Source
from berrypod_restore.staging import Room, Staging
from berrypod_restore.sweeping import Sweeping
from berrypod_restore.workroom import Workroom

__all__ = ["CONFIRMATION", "Restores", "Room"]


class Restores:
    """The restores of one shop, as one process sees them."""

    def __init__(self, context: PluginContext, pace: Pace | None = None) -> None:
        """:raises SettingsError: a setting of the plugin is no number."""
        self.context = context
        self._workroom = Workroom(context, pace or Pace())
        self._formers = Formers(self._workroom)
        self._examining = Examining(self._workroom)
        self._staging = Staging(self._workroom, self._examining)
        self._sweeping = Sweeping(self._workroom, self._staging, self._formers)
        self._comparing = Comparing(self._workroom)
        self._contenders = Contenders(self._workroom, self._comparing, self._examining)
        applying = Applying(self._workroom, self._formers)
        self._deciding = Deciding(self._workroom, self._contenders, self._comparing, self._formers, applying)

    @property
    def pace(self) -> Pace:
        return self._workroom.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._workroom.pace = pace

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs: what dead processes left is settled. At the end what is under way is given up."""
        workroom = self._workroom
        workroom.stopping = False
        await self.sweep()
        sweeper = asyncio.create_task(self._sweeping.again_and_again(), name="berrypod restore: sweeping")
        try:
            yield
        finally:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
            await workroom.stop()

    # --- staging ---

    async def stage(
        self,
        chunks: AsyncIterator[bytes],
        *,
        filename: str | None,
        expected_bytes: int | None,
        by: str | None,
        address: str | None,
        source: Source | None = None,
    ) -> RestoreRecord:
        """Take a file to the disk. Returns when its last byte is there; it is inspected by itself afterwards.

        Size and free space are checked before the first piece is taken from `chunks`, where `expected_bytes` is known,
        and on the way. Whatever ends it early, what `chunks` raises too, leaves nothing.

        :raises TooManyRestores: as many as may be wait already.
        :raises UploadTooLarge: it is larger than this shop takes.
        :raises UploadIncomplete: fewer bytes came than were announced.
        :raises DiskFull: there is no space for it, or none was left on the way.
        """
        return await self._staging.stage(
            chunks,
            filename=filename,
            expected_bytes=expected_bytes,
            by=by,
            address=address,
            source=source or ("api" if (by or "").startswith("token:") else "upload"),
            limits=self._staging.limits,
        )

    async def stage_kept(self, exporter: str, copy_id: str, *, by: str | None, address: str | None) -> RestoreRecord:
        """Fetch a copy that an exporter keeps. Returns at once, `uploading`.

        :raises RestoreUnknown: the exporter has no such copy, or there is no such exporter.
        :raises ExporterFailed: it could not list or open it.
        """
        return await self._staging.stage_kept(exporter, copy_id, by=by, address=address)

    async def stage_file(self, path: Path, *, by: str | None) -> RestoreRecord:
        """Copy a file of this machine. Returns when it is copied; it is inspected by itself afterwards.

        :raises NotFound: there is none.
        """
        return await self._staging.stage_file(path, by=by)

    async def stage_archived(self, archive: Archive, manifest: Manifest, *, by: str | None) -> RestoreRecord:
        """Fetch a backup of an archive. Returns when it is here, and its digest is the manifest's.

        :raises DatabaseDamaged: (its subclasses) it cannot be had whole, or what came is something else.
        :raises BackupError: (its subclasses) what the archive's storage raises.
        """
        return await self._staging.stage_archived(archive, manifest, by=by)

    async def rekey(self, restore_id: str, passphrase: Secret | None, *, by: str | None) -> RestoreRecord:
        """Bring a staged file under the shop's key. Returns at once, `inspecting`.

        :param passphrase: the key with which it was made; None for a file that is not encrypted.
        :raises RestoreNotReady: it is not one that another key may open.
        """
        return await self._examining.rekey(restore_id, passphrase)

    async def discard(self, restore_id: str, *, by: str | None) -> None:
        """Forget a restore, and remove its file.

        :raises RestoreUnknown: there is none of this id, or no longer.
        :raises RestoreRunning: it is being applied.
        """
        await self._staging.discard(restore_id, by=by)

    # --- looking ---

    async def room(self, size_bytes: int = 0) -> Room:
        """Whether a file of this size would be taken, and what there is room for.

        :raises UploadTooLarge: (and as `stage` does) it would not.
        """
        return await self._staging.room(size_bytes)

    async def kept(self) -> list[KeptListing]:
        """The copies that exporters keep, each of which `stage_kept` takes, without the former databases."""
        return [one for one in await Kept(self.context.plugins).listings() if one.exporter != FORMER_COPIES]

    async def get(self, restore_id: str) -> RestoreRecord:
        """:raises RestoreUnknown: there is none of this id, or no longer."""
        return await self._workroom.record(restore_id)

    async def all(self) -> list[RestoreRecord]:
        """The newest first."""
        return await asyncio.to_thread(self._workroom.store.all)

    async def settled(self, restore_id: str, *, timeout: float | None = None) -> RestoreRecord:
        """Wait until nobody works on it.

        :param timeout: seconds; it is returned as it is then.
        """
        try:
            async with asyncio.timeout(timeout):
                while (record := await self.get(restore_id)).active:  # by whatever process
                    await self._workroom.pause(restore_id)
                await self._workroom.ended(restore_id)
        except TimeoutError:
            return await self.get(restore_id)
        return record

    async def changes(self, restore_id: str) -> AsyncGenerator[RestoreRecord]:
        """The record now, and after each change, whichever process makes it; ends with one that nobody works on.

        :raises RestoreUnknown: (when iterated) there is none of this id, or no longer.
        """
        last: RestoreRecord | None = None
        while last is None or last.active:
            record = await self.get(restore_id)
            if record != last:
                yield record
                last = record
            elif record.active:
                await self._workroom.pause(restore_id)

    async def compare(self, restore_id: str) -> Comparison:
        """The shop as it is now beside the staged file.

        :raises RestoreNotReady: it is not `ready`.
        """
        return (await self._comparing.compare(await self._staged(restore_id))).comparison

    async def compare_former(self, former: str | None = None) -> Comparison:
        """The shop as it is now beside a former database, the newest unless one is named.

        :raises FormerUnknown: there is no such one.
        :raises FormerUnusable: it cannot be read.
        """
        return (await self._deciding.compare_former(await self._former(former))).comparison

    async def expect(self, restore_id: str, comparison: Comparison) -> str:
        """What `apply` must be given: it stands for the bytes that are staged, and for the shop as it was compared."""
        return await self._comparing.expect(await self._staged(restore_id), comparison)

    async def expect_former(self, former: str | None, comparison: Comparison) -> str:
        """The same for `undo`."""
        return await self._comparing.expect(await self._former(former), comparison)

    async def lost(self, restore_id: str, kind: Kind, *, changed: bool = False) -> AsyncGenerator[bytes]:
        """What would be lost of one kind, all of it, as CSV; or what would be set back, as it is now.

        :raises RestoreNotReady: it is not `ready`.
        """
        return await self._comparing.lost(await self._staged(restore_id), kind, changed=changed)

    async def lost_former(self, former: str | None, kind: Kind, *, changed: bool = False) -> AsyncGenerator[bytes]:
        """The same for an undo."""
        return await self._comparing.lost(await self._former(former), kind, changed=changed)

    async def account_missing(self, restore_id: str, email: str) -> bool:
        """Whether the staged file has no active admin of this e-mail address."""
        return await self._comparing.missing_account(await self._staged(restore_id), email)

    # --- doing ---

    async def apply(
        self,
        restore_id: str,
        *,
        confirm: str,
        expect: str,
        accept_newer: bool = False,
        keep_account: bool = True,
        by: str | None,
        address: str | None,
    ) -> RestoreRecord:
        """Replace the database with a staged file. Returns at once, `applying`.

        :param confirm: `CONFIRMATION`, as it was typed.
        :param accept_newer: go on though the shop has changed since; `arrived_since` tells of orders.
        :param keep_account: whoever does it can sign in afterwards, whatever the file holds.
        :raises Invalid: other words were typed.
        :raises RestoreNotReady: it is not `ready`.
        :raises StateChanged: the shop, or the file, is not what was compared. Its details have the new comparison.
        :raises RestoreRunning: another one is being applied.
        """
        return await self._deciding.apply(
            await self.get(restore_id),
            confirm=confirm,
            expect=expect,
            accept_newer=accept_newer,
            keep=keep_of(by, account=keep_account),
            by=by,
            address=address,
        )

    async def undo(
        self,
        *,
        former: str | None = None,
        expect: str | None = None,
        accept_newer: bool = False,
        by: str | None,
        address: str | None,
    ) -> RestoreRecord:
        """Put a former database back, the newest unless one is named. Returns at once, `applying`.

        :raises FormerUnknown: there is no such one.
        :raises FormerUnusable: it cannot be read.
        :raises WouldLose: something is in the shop that is not in it, and `expect` is missing.
        :raises StateChanged: the shop, or the file, is not what was compared.
        :raises RestoreRunning: another one is being applied.
        """
        return await self._deciding.undo(
            await asyncio.to_thread(self._formers.get, former),
            expect=expect,
            accept_newer=accept_newer,
            keep=keep_of(by, account=True),
            by=by,
            address=address,
        )

    @property
    def former_exporter(self) -> BackupExporter:
        """Lists former databases among the backups that are kept."""
        return former_exporter(self._formers)

    async def formers(self) -> list[Former]:
        """The databases that were replaced and are kept, the newest first."""
        return await asyncio.to_thread(self._formers.all)

    async def sweep(self) -> None:
        """Settle what dead processes left, and remove what nobody restored in time."""
        await self._sweeping.sweep()

    async def _staged(self, restore_id: str) -> Contender:
        return await self._contenders.of(await self.get(restore_id))

    async def _former(self, former: str | None) -> Contender:
        found = await asyncio.to_thread(self._formers.get, former)
        return await asyncio.to_thread(self._deciding.former, found)
