"""Long jobs (a backup, a scan): each in a thread of its own, on a connection of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.cancelling import to_its_end
from berrypod.storage.answers import Answer
from berrypod.storage.priority import give_way

T = TypeVar("T")

# In steps of SQLite's virtual machine: about a millisecond.
STEPS_BETWEEN_LOOKS = 10_000


class Jobs:
    """The long jobs that run."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Future[Any], _Job[Any]] = {}

    async def run(self, connect: Callable[[], dbapi2.Connection], work: Callable[[dbapi2.Connection], T]) -> T:
        """Run `work` on a connection that is made for it.

        Cancelling interrupts its query and waits for its end, so that what it used can be removed.

        :raises DatabaseClosed: it was, meanwhile.
        """
        job = _Job(connect, work)
        # Not one of asyncio's own threads: passwords are hashed there, and a scan of minutes must not hold up a
        # sign-in.
        threading.Thread(target=job.run, name="berrypod-job", daemon=True).start()
        running = job.answer.future
        self._running[running] = job
        running.add_done_callback(self._forget)
        try:
            return await to_its_end(running, stop=job.stop)
        except dbapi2.Error as error:
            if job.stopped:
                raise errors.DatabaseClosed("The database was closed or replaced while a long job used it") from error
            raise

    async def close(self) -> None:
        """Interrupt the jobs that run, and wait for their end."""
        for job in self._running.values():
            job.stop()
        if self._running:
            await asyncio.wait(list(self._running))

    def _forget(self, running: asyncio.Future[Any]) -> None:
        del self._running[running]
        if not running.cancelled():
            running.exception()  # Looked at: where the caller was cancelled, nobody else does.


class _Job(Generic[T]):
    def __init__(self, connect: Callable[[], dbapi2.Connection], work: Callable[[dbapi2.Connection], T]) -> None:
        self.answer: Answer[T] = Answer()
        self._connect = connect
        self._work = work
        self._stop = threading.Event()
        self._connection: dbapi2.Connection | None = None
        self._connection_lock = threading.Lock()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """End the query that runs, and each that the job begins afterwards."""
        self._stop.set()
        with self._connection_lock:
            if self._connection is not None:
                self._connection.interrupt()

    def run(self) -> None:
        give_way()
        self.answer.settle(self._run)

    def _run(self) -> T:
        connection = self._connect()
        try:
            # Both are needed. An interrupt is lost if it comes between two statements; and a copy of big rows
            # (VACUUM INTO) takes so few steps that the handler would not be asked for seconds.
            connection.set_progress_handler(self._stop.is_set, STEPS_BETWEEN_LOOKS)
            self._connection = connection
            return self._work(connection)
        finally:
            with self._connection_lock:
                self._connection = None
            connection.close()
