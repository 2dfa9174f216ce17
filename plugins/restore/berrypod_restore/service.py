"""Staging, inspecting, comparing, applying and undoing: what the API, the page and the commands call.

The state is on disk (`store`), so that any process of the shop answers for any restore, and applies any that is ready.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from berrypod.context import PluginContext
from berrypod.settings import Secret
from berrypod_restore.differences import Comparison, Kind
from berrypod_restore.records import CONFIRMATION, Former, RestoreRecord, Source

__all__ = ["CONFIRMATION", "Restores"]


class Restores:
    """The restores of one shop, as one process sees them."""

    def __init__(self, context: PluginContext) -> None:
        self.context = context

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs: what dead processes left is settled. At the end what is under way is given up."""
        raise NotImplementedError
        yield

    # --- staging ---

    async def stage(
        self,
        chunks: AsyncIterator[bytes],
        *,
        filename: str | None,
        expected_bytes: int | None,
        by: str | None,
        address: str | None,
        source: Source = "upload",
    ) -> RestoreRecord:
        """Take a file to the disk. Returns when its last byte is there; it is inspected by itself afterwards.

        Size and free space are checked before the first piece is taken from `chunks`, where `expected_bytes` is known,
        and on the way. Whatever ends it early, what `chunks` raises too, leaves nothing.

        :raises TooManyRestores: as many as may be wait already.
        :raises UploadTooLarge: it is larger than this shop takes.
        :raises UploadIncomplete: fewer bytes came than were announced.
        :raises DiskFull: there is no space for it, or none was left on the way.
        """
        raise NotImplementedError

    async def stage_kept(self, exporter: str, copy_id: str, *, by: str | None, address: str | None) -> RestoreRecord:
        """Fetch a copy that an exporter keeps. Returns at once, `uploading`.

        :raises RestoreUnknown: the exporter has no such copy, or there is no such exporter.
        :raises ExporterFailed: it could not list or open it.
        """
        raise NotImplementedError

    async def stage_file(self, path: Path, *, by: str | None) -> RestoreRecord:
        """Copy a file of this machine. Returns when it is copied; it is inspected by itself afterwards.

        :raises DatabaseMissing: there is none.
        """
        raise NotImplementedError

    async def rekey(self, restore_id: str, passphrase: Secret | None, *, by: str | None) -> RestoreRecord:
        """Bring a staged file under the shop's key. Returns at once, `inspecting`.

        :param passphrase: the key with which it was made; None for a file that is not encrypted.
        :raises RestoreNotReady: it is not one that another key may open.
        """
        raise NotImplementedError

    async def discard(self, restore_id: str, *, by: str | None) -> None:
        """Forget a restore, and remove its file.

        :raises RestoreUnknown: there is none of this id, or no longer.
        :raises RestoreRunning: it is being applied.
        """
        raise NotImplementedError

    # --- looking ---

    async def get(self, restore_id: str) -> RestoreRecord:
        """:raises RestoreUnknown: there is none of this id, or no longer."""
        raise NotImplementedError

    async def all(self) -> list[RestoreRecord]:
        """The newest first."""
        raise NotImplementedError

    async def settled(self, restore_id: str, *, timeout: float | None = None) -> RestoreRecord:
        """Wait until nobody works on it.

        :param timeout: seconds; it is returned as it is then.
        """
        raise NotImplementedError

    def changes(self, restore_id: str) -> AsyncGenerator[RestoreRecord]:
        """The record now, and after each change, whichever process makes it; ends with one that nobody works on.

        :raises RestoreUnknown: (when iterated) there is none of this id, or no longer.
        """
        raise NotImplementedError

    async def compare(self, restore_id: str) -> Comparison:
        """The shop as it is now beside the staged file.

        :raises RestoreNotReady: it is not `ready`.
        """
        raise NotImplementedError

    async def compare_former(self, former: str | None = None) -> Comparison:
        """The shop as it is now beside a former database, the newest unless one is named.

        :raises FormerUnknown: there is no such one.
        :raises RestoreError: it cannot be read.
        """
        raise NotImplementedError

    async def expect(self, restore_id: str, comparison: Comparison) -> str:
        """What `apply` must be given: it stands for the bytes that are staged, and for the shop as it was compared."""
        raise NotImplementedError

    async def expect_former(self, former: str | None, comparison: Comparison) -> str:
        """The same for `undo`."""
        raise NotImplementedError

    async def lost(self, restore_id: str, kind: Kind) -> AsyncGenerator[bytes]:
        """What would be lost of one kind, all of it, as CSV.

        :raises RestoreNotReady: it is not `ready`.
        """
        raise NotImplementedError

    async def lost_former(self, former: str | None, kind: Kind) -> AsyncGenerator[bytes]:
        """The same for an undo."""
        raise NotImplementedError

    async def account_missing(self, restore_id: str, email: str) -> bool:
        """Whether the staged file has no active admin of this e-mail address."""
        raise NotImplementedError

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
        raise NotImplementedError

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
        :raises WouldLose: something is in the shop that is not in it, and `expect` is missing.
        :raises StateChanged: the shop, or the file, is not what was compared.
        :raises RestoreRunning: another one is being applied.
        """
        raise NotImplementedError

    async def formers(self) -> list[Former]:
        """The databases that were replaced and are kept, the newest first."""
        raise NotImplementedError
