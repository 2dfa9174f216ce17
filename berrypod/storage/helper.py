"""A process that does a piece of work for the shop: started, given its order, listened to, and never left behind.

For what must not be done in a process that has the shop's file open: reading it by other means than SQLite's. Its side
is `helper_process`; what is said between the two, a line of JSON each, begins in `helper_wire`.
"""

from __future__ import annotations

from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, TypeVar

import msgspec

from berrypod import errors
from berrypod.child_process import CannotStart, running
from berrypod.errors import StorageError
from berrypod.storage.helper_wire import LONGEST_LINE, Progress, Refused

T = TypeVar("T")

Tell = Callable[[str, float], None]

_KNOWN: Final = (
    errors.DatabaseBusy,
    errors.DatabaseDamaged,
    errors.DatabaseLocked,
    errors.DiskFull,
    errors.FolderNotWritable,
    errors.ForeignDatabase,
)


class Helper(Generic[T]):
    """One process at work."""

    def __init__(
        self,
        process: Process,
        answers: type[T],
        tell: Tell,
        failed: type[StorageError],
        known: Iterable[type[StorageError]],
    ) -> None:
        self._process, self._tell, self._failed = process, tell, failed
        self._decoder = msgspec.json.Decoder(Progress | Refused | answers)
        self._known = {kind.code: kind for kind in (*_KNOWN, *known)}

    async def answer(self) -> T:
        """Wait until it says something that is not how far it is: that is told as it comes.

        :raises StorageError: it cannot be done.
        """
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            match self._decoder.decode(line):
                case Progress(stage, share):
                    self._tell(stage, share)
                case Refused(code, message, hint):
                    raise self._known.get(code, self._failed)(message, hint=hint)
                case answer:
                    return answer
        status = await self._process.wait()
        raise self._failed(f"The process that did the work ended (status {status})")

    async def ask(self, word: str) -> None:
        """Say a line to it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # what it said last tells more
            self._process.stdin.write(word.encode() + b"\n")
            await self._process.stdin.drain()

    async def wait(self) -> None:
        """Until it has ended."""
        await self._process.wait()

    def kill(self) -> None:
        """End it at once: nothing holds the shop's file then."""
        with suppress(ProcessLookupError):
            self._process.kill()


@asynccontextmanager
async def helping(
    command: Sequence[str],
    order: msgspec.Struct,
    answers: type[T],
    *,
    tell: Tell,
    failed: type[StorageError],
    known: Iterable[type[StorageError]] = (),
) -> AsyncGenerator[Helper[T]]:
    """Start a process with an order. It has ended when the block has.

    :param answers: a union of what it may say, besides how far it is and that it cannot be done.
    :param failed: raised when it ends or refuses in a way that nobody knows; and if it cannot be started.
    :param known: errors of its own that are passed on as what they are, besides those of the disk and the file.
    """
    try:
        async with running(command, longest_line=LONGEST_LINE) as process:
            helper = Helper(process, answers, tell, failed, known)
            await helper.ask(msgspec.json.encode(order).decode())
            yield helper
    except CannotStart as error:
        raise failed(f"The process that does the work cannot be started ({error})") from error
