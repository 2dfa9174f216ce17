"""Hot reads: a whole job in one hop to a thread, on connections that stay open and warm.

A page of the catalogue is read far more often than anything else happens. Through the ORM it costs several hops
between the event loop and a connection's thread, and objects that are thrown away; here it costs one hop and the query.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage.answers import Answer
from berrypod.storage.failures import is_unusable_after
from berrypod.storage.jobs import STEPS_BETWEEN_LOOKS

T = TypeVar("T")
Work = Callable[[dbapi2.Connection], T]
Connect = Callable[[], dbapi2.Connection]


class ReadPool:
    """Threads with a read-only connection each, opened at first use.

    `watcher` is a connection that does nothing but see whether something was committed.
    """

    def __init__(self, connect: Connect, *, threads: int, watcher: dbapi2.Connection) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._closed = False
        self._watcher = watcher
        self._watcher_lock = threading.Lock()
        self._readers = [_Reader(connect, self._jobs) for _ in range(threads)]
        for reader in self._readers:
            reader.start()

    def data_version(self) -> int:
        """A number that differs from the last one if anything was committed since, by any process.

        Asked in the caller's thread: it touches shared memory only, and takes microseconds.
        """
        with self._watcher_lock:
            return self._watcher.execute("PRAGMA data_version").fetchone()[0]

    async def run(self, work: Work[T]) -> T:
        """Run `work` in one read transaction. Jobs are short: a long one would hold a thread that customers need.

        :raises DatabaseClosed: it was.
        """
        if self._closed:
            raise errors.DatabaseClosed
        job = _Job(work)
        self._jobs.put(job)
        try:
            return await job.answer.future
        except asyncio.CancelledError:
            job.abandoned = True
            raise

    def close(self) -> None:
        """Wait for the jobs that were handed in, and close the connections."""
        self._closed = True
        for _ in self._readers:
            self._jobs.put(None)
        for reader in self._readers:
            reader.join()
        self._watcher.close()


class _Job(Generic[T]):
    __slots__ = ("abandoned", "answer", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.answer: Answer[T] = Answer()
        self.abandoned = False


class _Reader(threading.Thread):
    """One thread and its connection."""

    def __init__(self, connect: Connect, jobs: SimpleQueue[_Job[Any] | None]) -> None:
        # A daemon: a process that ends without closing must not hang on it.
        super().__init__(name="berrypod-read", daemon=True)
        self._connect = connect
        self._jobs = jobs
        self._job: _Job[Any] | None = None
        self._connection: dbapi2.Connection | None = None

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.abandoned:
                self._job = job
                job.answer.settle(self._in_transaction)
            # The next wait may be long, and the job holds what is its caller's.
            self._job = job = None
        self._discard()

    def _in_transaction(self) -> object:
        job, connection = self._job, self._connection or self._open()
        assert job is not None
        try:
            connection.execute("BEGIN")
            return job.work(connection)
        except (dbapi2.Error, MemoryError) as error:
            if is_unusable_after(error):
                self._discard()
            raise
        finally:
            self._end_transaction()

    def _open(self) -> dbapi2.Connection:
        connection = self._connection = self._connect()
        # Asked by the query itself: an interrupt from outside may come late, and hit the next customer's query.
        connection.set_progress_handler(self._is_abandoned, STEPS_BETWEEN_LOOKS)
        return connection

    def _is_abandoned(self) -> bool:
        return self._job is None or self._job.abandoned

    def _end_transaction(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rollback()
            except dbapi2.Error:
                self._discard()

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(dbapi2.Error):
                connection.close()
