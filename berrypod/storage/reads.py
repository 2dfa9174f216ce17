"""Hot reads: a whole job in one hop to a thread, on connections that stay open and warm.

A page of the catalogue is read far more often than anything else happens. Through the ORM it costs three to five hops
between the event loop and a connection's thread, and objects that are thrown away; here it costs one hop and the query.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlcipher3 import dbapi2

T = TypeVar("T")
Job = Callable[[dbapi2.Connection], T]


class ReadPool:
    """Threads with a read-only connection each, opened at first use."""

    def __init__(self, connect: Callable[[], dbapi2.Connection], threads: int) -> None:
        self._connect = connect
        self._local = threading.local()
        self._opened: list[dbapi2.Connection] = []
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="berrypod-read")
        # Lives in the event loop's thread: reading the version touches shared memory only, and takes microseconds.
        self._watcher = connect()

    def data_version(self) -> int:
        """A number that differs from the last one if anything was committed since, by any process."""
        return self._watcher.execute("PRAGMA data_version").fetchone()[0]

    async def run(self, job: Job[T]) -> T:
        """Run `job` in one read transaction. Jobs are short: a long one would hold a thread that customers need."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._in_transaction, job)

    def close(self) -> None:
        """Wait for the running jobs and close the connections. Blocks for as long as the longest job."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        for connection in (*self._opened, self._watcher):
            connection.close()

    def _in_transaction(self, job: Job[T]) -> T:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            return job(connection)
        finally:
            connection.rollback()

    def _connection(self) -> dbapi2.Connection:
        connection: dbapi2.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._opened.append(connection)
        return connection
