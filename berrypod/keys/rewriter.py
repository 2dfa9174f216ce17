"""The process that writes the shop's file anew, from the side of the shop: started, asked, ended."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from berrypod import child_process, errors
from berrypod.keys.rotation_records import RotationFailed
from berrypod.storage import rewriting_wire as wire
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.rewriting import Bounds, CannotKeepUp

# -P: modules come from where they are installed, never from the folder that the server was started in.
COMMAND: Final = (sys.executable, "-P", "-m", "berrypod.storage.rewriting_process")

_KNOWN: Final[dict[str, type[errors.StorageError]]] = {
    kind.code: kind
    for kind in (
        CannotKeepUp,
        errors.DatabaseBusy,
        errors.DatabaseDamaged,
        errors.DatabaseLocked,
        errors.DiskFull,
        errors.FolderNotWritable,
    )
}

Tell = Callable[[str, float], None]


class Rewriter:
    """One new file in the making."""

    def __init__(self, process: Process, tell: Tell) -> None:
        self._process = process
        self._tell = tell

    async def level(self) -> wire.Done:
        """Wait until what was asked for is done.

        :raises StorageError: it cannot be done.
        """
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            match msgspec.json.decode(line, type=wire.Said):
                case wire.Progress(stage, share):
                    self._tell(stage, share)
                case wire.Refused(code, message, hint):
                    raise _KNOWN.get(code, RotationFailed)(message, hint=hint)
                case done:
                    return done
        status = await self._process.wait()
        raise RotationFailed(f"The process that wrote the new file ended (status {status})")

    async def ask(self, word: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # what it said last tells more
            self._process.stdin.write(word.encode() + b"\n")
            await self._process.stdin.drain()

    def kill(self) -> None:
        """End it at once: nothing holds the shop's file then."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def catch_up(self) -> wire.Done:
        await self.ask(wire.CATCH_UP)
        return await self.level()

    async def finish(self) -> wire.Done:
        """The last pages. Afterwards the process has closed the shop's file, and ends."""
        await self.ask(wire.FINISH)
        done = await self.level()
        await self._process.wait()
        return done


@asynccontextmanager
async def rewriting(
    path: Path, old: DatabaseKey, target: Path, new: DatabaseKey, *, bounds: Bounds, tell: Tell
) -> AsyncGenerator[Rewriter]:
    """Have `path` written anew to `target`, which a kill leaves behind.

    :raises RotationFailed: the process cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=PIPE,
            stdout=PIPE,
            env=child_process.environment(),
            start_new_session=True,  # Ctrl-C in the server's terminal is for the server, which ends this
            limit=wire.LONGEST_LINE,
        )
    except OSError as error:
        raise RotationFailed(f"The process that writes the new file cannot be started ({error.strerror})") from error
    try:
        rewriter = Rewriter(process, tell)
        order = wire.Order(
            path=str(path),
            old=wire.WireKey.of(old),
            target=str(target),
            new=wire.WireKey.of(new),
            log_bytes=bounds.log_bytes,
            seconds=bounds.seconds,
        )
        await rewriter.ask(msgspec.json.encode(order).decode())
        yield rewriter
    finally:
        await child_process.end(process)
