"""Long jobs that this process works on: each has a record (`berrypod.records`), and the claim on its files for as long
as it is worked on. For plugins, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Generic, TypeVar

from berrypod.cancelling import entered
from berrypod.errors import BackupError, BerrypodError
from berrypod.records import Record, Records

R = TypeVar("R", bound=Record)


class Jobs(Generic[R]):
    """The jobs of one kind, as one process works on them."""

    def __init__(self, records: Records[R]) -> None:
        self._records = records
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While the server runs. At the end what is under way is cancelled, and nothing more is begun."""
        self._stopping = False
        try:
            yield
        finally:
            self._stopping = True
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def require_running(self) -> None:
        """:raises BackupError: the shop is being stopped."""
        if self._stopping:
            raise BackupError("The shop is being stopped", hint="Start it when the shop runs again.")

    async def begin(
        self,
        record: R,
        work: Callable[[], Awaitable[None]],
        *,
        name: str,
        unless: Callable[[Sequence[R]], BerrypodError | None] | None = None,
    ) -> None:
        """Write a new record, and begin to work on it in a task of this name; returns at once.

        :param unless: as of `Records.add`: of several processes that ask at once, each is counted.
        :raises BackupError: the shop is being stopped.
        """
        self.require_running()
        claim = await entered(self._records.claim(record.id))
        try:
            await asyncio.to_thread(self._records.add, record, unless=unless)
        except BaseException:
            claim.close()
            raise
        task = asyncio.create_task(_claimed(work, claim), name=name)
        self._tasks[record.id] = task

        def ended(_: asyncio.Task[None]) -> None:
            claim.close()  # of one that was cancelled before its first step
            self._tasks.pop(record.id, None)

        task.add_done_callback(ended)

    def task(self, record_id: str) -> asyncio.Task[None] | None:
        """The task that works on it; None if this process does not."""
        return self._tasks.get(record_id)

    async def cancel(self, record_id: str) -> None:
        """End what this process does about it, and wait until it has."""
        if task := self._tasks.get(record_id):
            task.cancel()
            await asyncio.wait({task})


async def _claimed(work: Callable[[], Awaitable[None]], claim: ExitStack) -> None:
    with claim:
        await work()
