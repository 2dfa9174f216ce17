"""The process that writes the shop's file anew, from the side of the shop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from berrypod.child_process import command_of
from berrypod.keys.rotation_records import RotationFailed
from berrypod.storage import rewriting_wire as wire
from berrypod.storage.helper import Helper, Tell, helping
from berrypod.storage.helper_wire import WireKey
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.rewriting import CannotKeepUp
from berrypod.storage.standstill import Bounds

COMMAND: Final = command_of("berrypod.storage.rewriting_process")


class Rewriter:
    """One new file in the making."""

    def __init__(self, helper: Helper[wire.Done]) -> None:
        self._helper = helper

    async def level(self) -> wire.Done:
        """Wait until what was asked for is done.

        :raises StorageError: it cannot be done.
        """
        return await self._helper.answer()

    async def proven(self) -> None:
        """Tell it that what is in the new file was verified."""
        await self._helper.ask(wire.PROVEN)

    def kill(self) -> None:
        """End it at once: nothing holds the shop's file then."""
        self._helper.kill()

    async def catch_up(self) -> wire.Done:
        await self._helper.ask(wire.CATCH_UP)
        return await self.level()

    async def finish(self) -> wire.Done:
        """The last pages. Afterwards the process has closed the shop's file, and ends."""
        await self._helper.ask(wire.FINISH)
        done = await self.level()
        await self._helper.wait()
        return done


@asynccontextmanager
async def rewriting(
    path: Path, old: DatabaseKey, target: Path, new: DatabaseKey, *, bounds: Bounds, tell: Tell
) -> AsyncGenerator[Rewriter]:
    """Have `path` written anew to `target`, which a kill leaves behind.

    :raises RotationFailed: the process cannot be started.
    """
    order = wire.Order(
        path=str(path),
        old=WireKey.of(old),
        target=str(target),
        new=WireKey.of(new),
        log_bytes=bounds.log_bytes,
        seconds=bounds.seconds,
    )
    async with helping(COMMAND, order, wire.Done, tell=tell, failed=RotationFailed, known=(CannotKeepUp,)) as helper:
        yield Rewriter(helper)
