"""Starting, following and cancelling drills. The state is on disk, so that any process of the shop answers for any."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from berrypod.archive.manifest import Proof
from berrypod.context import PluginContext
from berrypod.jobs import Jobs
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
        self._jobs = Jobs(self.store)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs: what dead processes left is swept. At the end what is under way is given up."""
        await self.sweep()
        async with self._jobs.running():
            yield

    async def sweep(self) -> None:
        """Remove what dead processes left, and say of their drills that they were interrupted."""
        await asyncio.to_thread(self.store.sweep)

    async def run(self, exporter: str, backup_id: str, by: str | None) -> Proof:
        """Do a drill, and wait for its outcome. Its `problem` says why the backup is not proven; None is a proof.

        :raises BackupUnknown: there is no such backup.
        :raises DrillInterrupted: it was cancelled, the shop was stopped, or its file was replaced meanwhile.
        """
        record, is_new = await self._started(exporter, backup_id, by)
        try:
            ended = await self.ended(record.id)
        except asyncio.CancelledError:
            if is_new:  # one that somebody else has begun goes on
                await self._jobs.cancel(record.id)
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
        record, _ = await self._started(exporter, backup_id, by, address=address, kind=kind)
        return record

    async def _started(
        self, exporter: str, backup_id: str, by: str | None, *, address: str | None = None, kind: Kind = "drill"
    ) -> tuple[DrillRecord, bool]:
        """As `start`, and whether it was begun by this."""
        self._jobs.require_running()
        copy = await self.copies.find(exporter, backup_id)
        if kind == "check" and copy.manifest is None:
            raise BackupUnknown(
                f"{exporter} keeps no archive, and cannot be asked to read a backup back", hint="Start a drill of it."
            )
        for record in await self.all():
            if record.active and (record.exporter, record.copy_id, record.kind) == (exporter, backup_id, kind):
                return record, False
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
        await self._jobs.begin(
            record, lambda: self._work(record, copy), name=f"drill {record.id}", unless=_too_many_wait
        )
        return record, True

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
            if task := self._jobs.task(drill_id):
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
        await self._jobs.cancel(record.id)

    async def progress(self, record: DrillRecord) -> float:
        return await asyncio.to_thread(self.store.progress, record)

    async def proof_of(self, exporter: str, copy_id: str) -> KeptProof | None:
        """The proof of a copy whose exporter has no manifests; of others it is in the manifest."""
        return await asyncio.to_thread(self.proofs.of, exporter, copy_id)

    # --- inside ---

    async def _work(self, record: DrillRecord, copy: Copy) -> None:
        """One drill to its end, in whatever way it ends. Its folder goes before anything is told."""
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


def _too_many_wait(records: Sequence[DrillRecord]) -> TooManyDrills | None:
    waiting = sum(record.active for record in records)
    return TooManyDrills(f"{waiting} drills wait already") if waiting >= _WAITING_AT_MOST else None
