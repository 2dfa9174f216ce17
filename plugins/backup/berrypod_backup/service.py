"""Starting, following, fetching and deleting backups: what the API, the page and its forms call.

The state is on disk (`store`), so that any process of the shop answers for any backup. The work, and the claim on its
files, are in the process in which it was started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import msgspec

from berrypod.archive.manifest import Origin
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared
from berrypod.errors import Invalid
from berrypod.jobs import Jobs
from berrypod.records import new_id
from berrypod.storage.snapshot import Method, expected_bytes
from berrypod_backup.announcing import Announcer
from berrypod_backup.archives import SWEEP_SECONDS, Archives
from berrypod_backup.faults import BackupUnknown, TooManyBackups
from berrypod_backup.fetching import Fetch, Fetches
from berrypod_backup.last import LastBackup, recall
from berrypod_backup.pace import Pace
from berrypod_backup.records import INTERRUPTED, BackupRecord, Export, gone
from berrypod_backup.running import Run
from berrypod_backup.store import Store
from berrypod_backup.writing import Unwanted

log = logging.getLogger("berrypod.backup")


class Backups:
    """The backups of one shop, as one process sees them."""

    def __init__(self, context: PluginContext, pace: Pace | None = None) -> None:
        self.context = context
        self.store = Store(context.work_folder)
        self.pace = pace or Pace()
        self._jobs = Jobs(self.store)
        self._changed: dict[str, asyncio.Event] = {}
        self._fetches = Fetches(context, self.store, self._look_at)

    @property
    def exporters(self) -> Sequence[Declared[BackupExporter]]:
        """All exporters, the built-in one first."""
        found = [one for one in self.context.plugins.backup_exporters if one.declaration.export is not None]
        return sorted(found, key=lambda one: one.plugin != self.context.plugin)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs: leftovers of dead processes are swept. At the end what is under way is given up."""
        await self.sweep()
        sweeper = asyncio.create_task(self._sweep_again_and_again(), name="berrypod backup: sweeping")
        # Beside the start: a storage elsewhere may take its time, and a backup that was overdue begins at once.
        archives = asyncio.create_task(
            Archives(self.context).sweep(wait_seconds=SWEEP_SECONDS / 2), name="berrypod backup: sweeping archives"
        )
        try:
            async with self._jobs.running():
                yield
        finally:
            for task in (sweeper, archives):
                task.cancel()
            await asyncio.gather(sweeper, archives, return_exceptions=True)
            await self._fetches.close()

    async def start(
        self,
        names: Sequence[str],
        started_by: str | None,
        *,
        address: str | None = None,
        origin: Origin = "manual",
        method: Method | None = None,
        fast: bool = False,
        note: str = "",
    ) -> BackupRecord:
        """Begin a backup for the exporters of these names. Returns at once; it waits for its turn by itself.

        :param method: without one it is `snapshot` where all of it goes into archives, which store a page once; and
            else `compact`, as nobody wants to fetch pages that are not used.
        :param fast: as fast as the disk is, whoever else needs it.
        :raises Invalid: no exporter is named, or one that does not exist.
        :raises TooManyBackups: as many as may be are being made, or wait to be fetched. Those for archives alone and
            those that leave something to fetch are counted apart: what nobody fetches keeps no backup from being kept.
        """
        exporters = self._named(names)
        now = self.context.now()
        record = BackupRecord(
            id=new_id(now),
            state="queued",
            created_at=now,
            started_by=started_by,
            address=address,
            origin=origin,
            method=method or ("snapshot" if all(one.declaration.archive for one in exporters) else "compact"),
            fast=fast,
            note=note,
            exports=tuple(
                Export(exporter=one.declaration.name, plugin=one.plugin, title=one.declaration.title)
                for one in exporters
            ),
        )
        await self._jobs.begin(
            record,
            lambda: self._work(record, exporters),
            name=f"backup {record.id}",
            unless=self._unless_room(set(names)),
        )
        return record

    async def get(self, backup_id: str) -> BackupRecord:
        """:raises BackupUnknown: there is none of this id, or no longer."""
        record = await asyncio.to_thread(self.store.get, backup_id)
        if record is None:
            raise BackupUnknown(f"There is no backup {backup_id[:40]!r}")
        return record

    async def ended(self, backup_id: str, *, wait_seconds: float = math.inf) -> BackupRecord:
        """Wait until a backup is made, or is not; or for as long as that. :raises BackupUnknown: it was deleted."""
        until = monotonic() + wait_seconds
        while (record := await self.get(backup_id)).active and (left := until - monotonic()) > 0:
            seconds = min(left, self.pace.look_seconds)
            if task := self._jobs.task(backup_id):
                await asyncio.wait({task}, timeout=seconds)
            else:  # another process makes it
                await asyncio.sleep(seconds)
        return record

    async def all(self) -> list[BackupRecord]:
        """The newest first."""
        return await asyncio.to_thread(self.store.all)

    async def delete(self, backup_id: str) -> None:
        """Forget a backup, with its files; one that is being made ends.

        :raises BackupUnknown: there is none of this id, or no longer.
        """
        record = await self.get(backup_id)
        await asyncio.to_thread(self.store.delete, record.id)
        self._look_at(record.id)
        if task := self._jobs.task(record.id):
            await asyncio.wait({task})

    async def progress(self, record: BackupRecord) -> float:
        """How far a backup is, 0 to 1. Copying counts for most of it; a failed one is where it stopped being made."""
        match record.state:
            case "copying":
                copied = await asyncio.to_thread(self.store.copied_bytes, record.id)
                return 0.75 * min(max(copied / max(record.expected_bytes, 1), record.copied), 1.0)
            case "verifying":
                return 0.8
            case "exporting":
                ended = sum(export.state not in ("waiting", "running") for export in record.exports)
                return 0.9 + 0.1 * ended / len(record.exports)
            case "ready" | "done" | "gone":
                return 1.0
            case _:
                return 0.0

    async def expected_bytes(self) -> int:
        """How big a backup would be about now."""
        return await expected_bytes(self.context.database)

    async def last(self) -> LastBackup | None:
        return await recall(self.context.database)

    async def fetch(self, backup_id: str, exporter: str | None = None) -> Fetch:
        """As `Fetches.fetch`."""
        return await self._fetches.fetch(await self.get(backup_id), exporter)

    def fetched(self, fetch: Fetch, by: str | None, *, address: str | None = None) -> None:
        """As `Fetches.fetched`."""
        self._fetches.fetched(fetch, by, address=address)

    async def sweep(self) -> None:
        """Remove what dead processes left, and tell of the backups that they did not finish."""
        for _, record in await asyncio.to_thread(self.store.sweep):
            if record.state == "interrupted":
                self._announce_interrupted(record)

    # --- inside ---

    def _unless_room(self, names: set[str]) -> Callable[[Sequence[BackupRecord]], TooManyBackups | None]:
        """What refuses one more when as many as may be of this kind hold, or will hold, a copy in the work folder."""
        archives = {one.declaration.name for one in self.exporters if one.declaration.archive}
        most = self.pace.held_at_most
        kept = archives.issuperset(names)

        def full(records: Sequence[BackupRecord]) -> TooManyBackups | None:
            alike = [
                record
                for record in records
                if (record.active or record.state == "ready")
                and archives.issuperset(export.exporter for export in record.exports) == kept
            ]
            if len(alike) < most:
                return None
            if kept:
                return TooManyBackups(f"{most} backups are being made already", hint="Wait until one of them is made.")
            return TooManyBackups(f"{most} backups are being made or wait to be fetched")

        return full

    def _named(self, names: Sequence[str]) -> list[Declared[BackupExporter]]:
        known = {one.declaration.name: one for one in self.exporters}
        if not names:
            raise Invalid("No exporter is named", fields={"exporters": f"Name some of: {', '.join(known)}."})
        if unknown := [name for name in names if name not in known]:
            raise Invalid(
                f"There is no exporter {unknown[0][:64]!r}", fields={"exporters": f"There are: {', '.join(known)}."}
            )
        return [known[name] for name in dict.fromkeys(names)]

    async def _work(self, record: BackupRecord, exporters: Sequence[Declared[BackupExporter]]) -> None:
        """Make the backup, and hold what it made until that is fetched, is deleted or has waited too long."""
        looked_at = self._changed[record.id] = asyncio.Event()
        try:
            run = Run(context=self.context, store=self.store, pace=self.pace, record=record, exporters=exporters)
            made = await run.run()
            if made.state == "ready":
                await self._hold(made, looked_at)
        except Unwanted:
            pass
        except asyncio.CancelledError:
            self._give_up(record)
            raise
        except Exception:  # a record that cannot be written, say: without it, others tell it as interrupted
            log.exception("backup %s could not be told of", record.id)
        finally:
            del self._changed[record.id]
            # Not in a thread: when the shop is stopped, this must be done before the loop ends.
            self.store.remove_data(record.id)

    async def _hold(self, record: BackupRecord, looked_at: asyncio.Event) -> None:
        assert record.expires_at is not None
        while (left := (record.expires_at - self.context.now()).total_seconds()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, self.pace.look_seconds)):
                    await looked_at.wait()
            looked_at.clear()
            current = await asyncio.to_thread(self.store.get, record.id)
            if current is None or current.state != "ready":
                return
        await asyncio.to_thread(self.store.update, record.id, gone)

    def _give_up(self, record: BackupRecord) -> None:
        """The shop stops."""
        before = self.store.get(record.id)
        after = self.store.update(record.id, lambda found: _interrupted(found) if found.active else gone(found))
        if before and before.active and after:
            self._announce_interrupted(after)

    def _announce_interrupted(self, record: BackupRecord) -> None:
        assert record.error is not None, "an interrupted backup says so"
        Announcer(context=self.context, record=record).all_failed(record.error)

    def _look_at(self, backup_id: str) -> None:
        """The record of a backup that is held here has changed."""
        if looked_at := self._changed.get(backup_id):
            looked_at.set()

    async def _sweep_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self.pace.sweep_seconds)
            try:
                await self.sweep()
            except Exception:  # one that fails is no reason to end: the disk may be back the next time
                log.exception("leftovers of backups could not be swept")


def _interrupted(record: BackupRecord) -> BackupRecord:
    return msgspec.structs.replace(record, state="interrupted", error=INTERRUPTED)
