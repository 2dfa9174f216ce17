"""One drill from its beginning to its end: wait for its turn, fetch, try, write down what came of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import msgspec

from berrypod.archive.manifest import Proof
from berrypod.context import PluginContext
from berrypod.errors import BackupError, BerrypodError, DatabaseDamaged
from berrypod.events import BackupDrillFailed, BackupProven
from berrypod.records import Trouble
from berrypod.storage import schema
from berrypod.storage.files import make_private_folder, require_space
from berrypod.storage.locks import one_of_all
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod_backup.drill.copies import Copies, Copy
from berrypod_backup.drill.faults import Unproven
from berrypod_backup.drill.proofs import Proofs
from berrypod_backup.drill.records import DrillRecord, State, Store
from berrypod_backup.drill.trying import Trial

log = logging.getLogger("berrypod.backup")

_FILE: Final = "backup.db"


class Unwanted(Exception):
    """The drill was cancelled, perhaps through another process."""


@dataclass(frozen=True, kw_only=True)
class DrillRun:
    """Everything is told to the record on disk, which is what other processes see."""

    context: PluginContext
    store: Store
    copies: Copies
    proofs: Proofs
    record: DrillRecord
    copy: Copy
    look_seconds: float

    async def run(self) -> None:
        """Do the drill, until it is done; or until somebody deletes its record, or must have the shop's file alone.

        A restore need not wait for a drill, which would try what is no longer so: it is told as interrupted.

        :raises Unwanted: its record was deleted.
        """
        task = asyncio.create_task(self._steps())

        def stop() -> None:
            task.cancel()

        try:
            with self.context.database.interruptible(stop):
                while not (await asyncio.wait({task}, timeout=self.look_seconds))[0]:
                    if not await asyncio.to_thread(self.store.exists, self.record.id):
                        raise Unwanted
            if task.cancelled():
                await asyncio.to_thread(self.store.update, self.record.id, self.store.settled)
            else:
                task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _steps(self) -> None:
        noted: list[asyncio.Task[None]] = []

        def waiting() -> None:
            noted.append(asyncio.create_task(self._update(waits_for_another=True)))

        async with one_of_all(self.store.turn_file, waiting=waiting):
            await asyncio.gather(*noted)
            if self.record.kind == "check":
                await self._check()
                return
            begun = monotonic()
            folder = await asyncio.to_thread(make_private_folder, self.store.data_folder(self.record.id))
            trial = Trial(context=self.context, path=folder / _FILE, manifest=self.copy.manifest, tell=self._tell)
            found = await self._found(trial)
            # It takes as much space as the shop: it goes before anybody hears of the end.
            await asyncio.to_thread(self.store.remove_data, self.record.id)
            await self._finish(trial, found, monotonic() - begun)

    async def _check(self) -> None:
        """The archive writes down itself whether what is stored is whole."""
        await self._tell("checking")
        try:
            await self.copies.verify(self.copy, self.record.started_by)
        except BerrypodError as error:
            trouble = Trouble.of(error)
            self._emit_failed(trouble)
            await self._update(state="failed", error=trouble, finished_at=self.context.now())
        else:
            await self._update(state="whole", finished_at=self.context.now())

    async def _found(self, trial: Trial) -> Unproven | None:
        """Why it is not proven."""
        try:
            await self._require_space(trial.path.parent)
            await self._tell("fetching")
            await self.copies.fetch(self.copy, trial.path)
            trial.done.append(f"Fetched from {self.copy.location}")
            await trial.run()
        except Unproven as unproven:
            return unproven if trial.done else await self._named(unproven)
        except BerrypodError as error:
            return Unproven.because(error, conclusive=False)
        except Unwanted:
            raise
        except Exception:  # the boundary of a task that nobody awaits
            log.exception("drill %s failed", self.record.id)
            error = BackupError("Something unforeseen went wrong; the server's log has the cause.")
            return Unproven.because(error, conclusive=False)
        return None

    async def _named(self, unproven: Unproven) -> Unproven:
        """Whoever fetches knows that something is damaged; reading all of it back tells what, and sets that aside."""
        if not unproven.conclusive or self.copy.manifest is None:
            return unproven
        try:
            await self.copies.verify(self.copy, self.record.started_by)
        except DatabaseDamaged as error:
            return Unproven.because(error, conclusive=True)
        except BerrypodError as error:
            log.info("what is damaged of %s could not be told: %s", self.copy.copy_id, error.message)
        return unproven

    async def _require_space(self, folder: Path) -> None:
        """:raises DiskFull: a copy of the backup has no room, or what a migration makes of it."""
        manifest, size = self.copy.manifest, self.copy.size_bytes
        grows = manifest is not None and manifest.schema_revision != schema.head()
        await asyncio.to_thread(require_space, folder, size * (2 if grows else 1) + SPARE_BYTES)

    async def _finish(self, trial: Trial, found: Unproven | None, seconds: float) -> None:
        trouble = found and found.trouble
        proof = Proof(
            at=self.context.now(),
            seconds=round(seconds, 3),
            by=self.record.started_by,
            how=trial.told if trial.done else "Nothing could be tried.",
            problem=trouble and trouble.message,
            hint=trouble and trouble.hint,
        )
        try:
            await self.proofs.note(self.copy, proof, conclusive=found is None or found.conclusive)
        except BerrypodError as error:
            # What nobody can read anywhere is no proof.
            trouble = trouble or msgspec.structs.replace(
                Trouble.of(error), message=f"It was proven, and that could not be written down: {error.message}"
            )
            proof = msgspec.structs.replace(proof, problem=trouble.message, hint=trouble.hint)
        self._emit(proof, trouble)
        state: State = "proven" if trouble is None else "failed"
        await self._update(state=state, proof=proof, error=trouble, finished_at=proof.at)

    def _emit(self, proof: Proof, trouble: Trouble | None) -> None:
        if trouble is None:
            self.context.emit(BackupProven(seconds=proof.seconds, **self._about))
        else:
            self._emit_failed(trouble)

    def _emit_failed(self, trouble: Trouble) -> None:
        self.context.emit(BackupDrillFailed(code=trouble.code, error=trouble.message, hint=trouble.hint, **self._about))

    @property
    def _about(self) -> dict[str, Any]:
        record = self.record
        return {
            "exporter": record.exporter,
            "copy_id": record.copy_id,
            "actor": record.started_by,
            "address": record.address,
        }

    async def _tell(self, state: State) -> None:
        await self._update(state=state, waits_for_another=False)

    async def _update(self, **changes: Any) -> None:
        """:raises Unwanted: the drill was cancelled."""
        record = await asyncio.to_thread(
            self.store.update, self.record.id, lambda record: msgspec.structs.replace(record, **changes)
        )
        if record is None:
            raise Unwanted
