"""What SQLAlchemy takes for a connection and its cursors: aiosqlite's thread, visited as seldom as possible.

A visit (a hop) costs 60 to 85 microseconds, and an encrypted query by primary key takes five. So a cursor executes,
fetches and closes in one hop; the statement that begins a transaction travels with the first statement in it; and
nobody waits for the end of a transaction that only read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_ss_cursor
from sqlcipher3 import dbapi2

# An interrupt that comes a moment before the query starts is lost, so it is repeated until the thread is free.
_INTERRUPT_AGAIN_SECONDS = 0.05


class OneHopCursor(AsyncAdapt_dbapi_cursor):
    """A buffered cursor that executes, fetches and closes in one call to the connection's thread."""

    __slots__ = (
        "_abandoned",
        "_arraysize",
        "_description",
        "_lastrowid",
        "_many",
        "_operation",
        "_parameters",
        "_rowcount",
    )

    def __init__(self, adapt_connection: Any) -> None:  # pyright: ignore[reportMissingSuperCall]
        # Not the parent's: it makes a driver cursor, which is a hop.
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._description: Any = None
        self._rowcount = -1
        self._lastrowid: int | None = None
        self._arraysize = 1
        self._operation = ""
        self._parameters: Any = None
        self._many = False
        self._abandoned = False

    @property
    def description(self) -> Any:
        return self._description

    @property
    def rowcount(self) -> int:
        return self._rowcount

    @property
    def lastrowid(self) -> Any:
        return self._lastrowid

    @property
    def arraysize(self) -> int:
        return self._arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._arraysize = value

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        self._operation, self._parameters, self._many = operation, parameters, False
        return await self._hop()

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        self._operation, self._parameters, self._many = operation, seq_of_parameters, True
        return await self._hop()

    async def _hop(self) -> Any:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:  # pyright: ignore[reportPrivateUsage]
            try:
                # A method without arguments: aiosqlite's debug log shows what it is given, and parameters are
                # customers' data.
                self._rows = await connection._execute(self._visit)
            except asyncio.CancelledError:
                # Nobody waits any more: without this the thread would run the query to its end.
                self._abandoned = True
                connection._conn.interrupt()
                raise
            finally:
                self._parameters = None
        return self

    def _visit(self) -> deque[Any]:
        """Runs in the connection's thread."""
        if self._abandoned:
            return deque()
        adapted: Any = self._adapt_connection
        driver = adapted.begin_if_due()
        cursor = driver.cursor()
        try:
            if self._many:
                cursor.executemany(self._operation, self._parameters)
            else:
                cursor.execute(self._operation, () if self._parameters is None else self._parameters)
            self._description = cursor.description
            rows: deque[Any] = deque(cursor.fetchall()) if cursor.description else deque()
            self._rowcount, self._lastrowid = cursor.rowcount, cursor.lastrowid
            return rows
        finally:
            cursor.close()

    async def _async_soft_close(self) -> None:
        """Nothing is open: the driver's cursor was closed in the hop."""

    def close(self) -> None:
        self._rows.clear()


class StreamingCursor(AsyncAdapt_aiosqlite_ss_cursor):
    """A cursor that fetches as it is read, a hop for each batch: for results that memory should not hold as a whole."""

    __slots__ = ()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        connection: Any = self._connection
        adapted: Any = self._adapt_connection
        await connection._execute(adapted.begin_if_due)
        return await super()._execute_async(operation, parameters)


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection with transactions that cost no hop to begin, and none to end if they only read."""

    __slots__ = ("_begin_due", "_read_only")
    _cursor_cls = OneHopCursor
    _ss_cursor_cls = StreamingCursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._begin_due = ""
        self._read_only = False

    def begin(self, statement: str, *, read_only: bool) -> None:
        """Begin a transaction with `statement` when the first statement in it runs."""
        self._begin_due = statement
        self._read_only = read_only

    def begin_if_due(self) -> dbapi2.Connection:
        """Runs in the connection's thread. Returns the driver's connection."""
        driver: Any = self._connection._conn
        if self._begin_due:
            driver.execute(self._begin_due)
            self._begin_due = ""
        return driver

    def commit(self) -> None:
        self._end(super().commit)

    def rollback(self) -> None:
        self._end(super().rollback)

    def _end(self, end: Any) -> None:
        self._begin_due = ""
        driver: Any = self._connection._connection
        if driver is None or not driver.in_transaction:
            return  # The pool rolls back each connection that it gets back: a hop for nothing.
        if self._read_only:
            # Nothing can fail, and whatever this connection does next waits its turn behind it.
            self._connection._tx.put_nowait((None, driver.rollback))
        else:
            end()

    async def _terminate_graceful_close(self) -> None:
        """Called when a query was cancelled: ends it, and with it the transaction."""
        connection: Any = self._connection
        if connection._connection is not None:
            free = asyncio.ensure_future(connection._execute(_do_nothing))
            # Before closing, not meanwhile: SQLite forbids to interrupt a connection that is being closed.
            while not free.done():
                connection._conn.interrupt()
                await asyncio.wait([free], timeout=_INTERRUPT_AGAIN_SECONDS)
        await connection.close()


def _do_nothing() -> None:
    """What comes back when the connection's thread has nothing else to do."""
