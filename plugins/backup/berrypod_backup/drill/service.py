"""Starting, following and cancelling drills. The state is on disk, so that any process of the shop answers for any."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from berrypod.archive.manifest import Proof
from berrypod.context import PluginContext
from berrypod.errors import BackupError
from berrypod.records import new_id
from berrypod.storage.files import make_private_folder
from berrypod_backup.archives import Archives
from berrypod_backup.drill.copies import Copies, Copy
from berrypod_backup.drill.faults import DrillInterrupted, DrillUnknown, TooManyDrills
from berrypod_backup.drill.proofs import KeptProof, Proofs
from berrypod_backup.drill.records import INTERRUPTED, DrillRecord, Kind, Store
from berrypod_backup.drill.running import DrillRun, Unwanted
from berrypod_backup.faults import BackupUnknown

log = logging.getLogger("berrypod.backup")

_WAITING_AT_MOST: Final = 20


@dataclass(frozen=True, kw_only=True)
class DrillPace:
    """How soon it is seen that another process has cancelled a drill."""

    look_seconds: float = 0.5


class Drill:
    """The drills of one shop, as one process sees them."""

    def __init__(self, context: PluginContext, archives: Archives, pace: DrillPace | None = None) -> None:
        self.context = context
        self.pace = pace or DrillPace()
        self.store = Store(lambda: make_private_folder(context.work_folder() / "drills"))
        self.copies = Copies(archives)
        self.proofs = Proofs(archives, lambda: make_private_folder(context.work_folder() / "drills"))
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs: what dead processes left is swept. At the end what is under way is given up."""
        self._stopping = False
        await self.sweep()
        try:
            yield
        finally:
            self._stopping = True
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def sweep(self) -> None:
        """Remove what dead processes left, and say of their drills that they were interrupted."""
        await asyncio.to_thread(self.store.sweep)

    async def run(self, exporter: str, backup_id: str, by: str | None) -> Proof:
        """Do a drill, and wait for its outcome. Its `problem` says why the backup is not proven; None is a proof.

        :raises BackupUnknown: there is no such backup.
        :raises DrillInterrupted: it was cancelled, the shop was stopped, or its file was replaced meanwhile.
        """
        others = set(self._tasks)
        record = await self.start(exporter, backup_id, by)
        try:
            ended = await self.ended(record.id)
        except asyncio.CancelledError:
            if record.id not in others:  # one that somebody else has begun goes on
                await self._cancel(record.id)
            raise
        except DrillUnknown:
            raise DrillInterrupted("The drill was cancelled") from None
        if ended.proof is None:
            trouble = ended.error or INTERRUPTED
            raise DrillInterrupted(trouble.message, hint=trouble.hint)
        return ended.proof

    async def start(
        self, exporter: str, backup_id: str, by: str | None, *, address: str | None = None, kind: Kind = "drill"
    ) -> DrillRecord:
        """Begin a drill; of a backup of which one is under way, that one. Returns at once, and waits for its turn.

        :param kind: `check` reads back what is stored, and no more.
        :raises BackupUnknown: (or CopyUnknown) there is no such backup; or a check is asked for of a copy that no
            archive keeps.
        :raises ExporterFailed: it cannot be looked whether there is.
        :raises TooManyDrills: too many wait already.
        """
        if self._stopping:
            raise BackupError("The shop is being stopped", hint="Start the drill when it runs again.")
        copy = await self.copies.find(exporter, backup_id)
        if kind == "check" and copy.manifest is None:
            raise BackupUnknown(
                f"{exporter} keeps no archive, and cannot be asked to read a backup back", hint="Start a drill of it."
            )
        active = [record for record in await self.all() if record.active]
        for record in active:
            if (record.exporter, record.copy_id, record.kind) == (exporter, backup_id, kind):
                return record
        if len(active) >= _WAITING_AT_MOST:
            raise TooManyDrills(f"{len(active)} drills wait already")
        now = self.context.now()
        record = DrillRecord(
            id=new_id(now),
            state="queued",
            kind=kind,
            exporter=exporter,
            copy_id=backup_id,
            created_at=now,
            started_by=by,
            address=address,
            expected_bytes=copy.size_bytes,
        )
        claim = ExitStack()
        try:
            await asyncio.to_thread(claim.enter_context, self.store.claim(record.id))
            await asyncio.to_thread(self.store.add, record)
        except BaseException:
            claim.close()
            raise
        task = asyncio.create_task(self._work(record, copy, claim), name=f"drill {record.id}")
        self._tasks[record.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(record.id, None))
        return record

    async def get(self, drill_id: str) -> DrillRecord:
        """:raises DrillUnknown: there is none of this id, or no longer."""
        record = await asyncio.to_thread(self.store.get, drill_id)
        if record is None:
            raise DrillUnknown(f"There is no drill {drill_id[:40]!r}")
        return record

    async def all(self) -> list[DrillRecord]:
        """The newest first."""
        return await asyncio.to_thread(self.store.all)

    async def ended(self, drill_id: str) -> DrillRecord:
        """The record of a drill when it has ended, whatever process does it. :raises DrillUnknown: it was cancelled."""
        while (record := await self.get(drill_id)).active:
            if task := self._tasks.get(drill_id):
                await asyncio.wait({task})
            else:
                await asyncio.sleep(self.pace.look_seconds)
        return record

    async def delete(self, drill_id: str) -> None:
        """Cancel a drill, or forget one that has ended. What it wrote into a manifest stays.

        :raises DrillUnknown: there is none of this id, or no longer.
        """
        record = await self.get(drill_id)
        await asyncio.to_thread(self.store.delete, record.id)
        if task := self._tasks.get(record.id):
            task.cancel()
            await asyncio.wait({task})

    async def progress(self, record: DrillRecord) -> float:
        return await asyncio.to_thread(self.store.progress, record)

    async def proof_of(self, exporter: str, copy_id: str) -> KeptProof | None:
        """The proof of a copy whose exporter has no manifests; of others it is in the manifest."""
        return await asyncio.to_thread(self.proofs.of, exporter, copy_id)

    # --- inside ---

    async def _work(self, record: DrillRecord, copy: Copy, claim: ExitStack) -> None:
        """One drill to its end, in whatever way it ends. Its folder goes before anything is told."""
        with claim:
            try:
                run = DrillRun(
                    context=self.context,
                    store=self.store,
                    copies=self.copies,
                    proofs=self.proofs,
                    record=record,
                    copy=copy,
                    look_seconds=self.pace.look_seconds,
                )
                await run.run()
            except Unwanted:
                pass
            except asyncio.CancelledError:
                # Not in a thread: when the shop is stopped, this must be done before the loop ends.
                self.store.update(record.id, self.store.settled)
                raise
            except Exception:  # a record that cannot be written, say: without it, others tell it as interrupted
                log.exception("drill %s could not be told of", record.id)
            finally:
                self.store.remove_data(record.id)

    async def _cancel(self, drill_id: str) -> None:
        if task := self._tasks.get(drill_id):
            task.cancel()
            await asyncio.wait({task})
