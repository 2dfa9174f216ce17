"""Cleaning up: after processes that died, and of what nobody wants any more. At the start, and now and then."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from berrypod_restore.faults import RestoreRunning
from berrypod_restore.formers import Formers
from berrypod_restore.interruptions import interrupted
from berrypod_restore.staging import Staging
from berrypod_restore.turns import Holder, turn
from berrypod_restore.workroom import Workroom

log = logging.getLogger("berrypod.restore")


class Sweeping:
    """What a living process works on is left alone."""

    def __init__(self, workroom: Workroom, staging: Staging, formers: Formers) -> None:
        self._workroom = workroom
        self._staging = staging
        self._formers = formers

    async def sweep(self) -> None:
        """Settle the records of dead processes, and remove what is left over, or has waited too long."""
        for before, after in await asyncio.to_thread(self._workroom.store.sweep):
            if event := interrupted(before, after):
                self._workroom.emit(event)
        await self._staging.expire()
        with suppress(RestoreRunning):
            await asyncio.to_thread(self._sweep_formers)

    async def again_and_again(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._workroom.pace.sweep_seconds)
            try:
                await self.sweep()
            except Exception:  # one that fails is no reason to end: the disk may be back the next time
                log.exception("leftovers of restores could not be swept")

    def _sweep_formers(self) -> None:
        # In turn: of a database that is about to be replaced, what is known is noted before the file is there.
        holder = Holder(restore_id="", operation="restore", by=None, since=self._workroom.context.now())
        with turn(self._workroom.store.turn_file, holder):
            self._formers.sweep()
