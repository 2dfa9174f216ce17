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
            # A method without arguments: aiosqlite's debug log shows what it is given, and parameters are customers'
            # data. On a cancellation SQLAlchemy terminates the connection (see below), and the query with it.
            self._rows = await connection._execute(self._visit)
        return self

    def _visit(self) -> deque[Any]:
        """Runs in the connection's thread."""
        adapted: Any = self._adapt_connection
        driver = adapted.ready()
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
        await connection._execute(adapted.ready)
        return await super()._execute_async(operation, parameters)


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection with transactions that cost no hop to begin, and none to end if they only read."""

    __slots__ = ("_begin_due", "_begun", "_read_only")
    _cursor_cls = OneHopCursor
    _ss_cursor_cls = StreamingCursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._begin_due = ""
        self._begun = False
        self._read_only = False

    def begin(self, statement: str, *, read_only: bool) -> None:
        """Begin a transaction with `statement` when the first statement in it runs."""
        self._begin_due = statement
        self._read_only = read_only

    def ready(self) -> dbapi2.Connection:
        """The driver's connection, in the transaction that is due. Runs in the connection's thread.

        :raises sqlcipher3.dbapi2.OperationalError: SQLite has ended the transaction by itself.
        """
        driver: Any = self._connection._conn
        if self._begin_due:
            driver.execute(self._begin_due)
            self._begin_due = ""
            self._begun = True
        else:
            self._require_transaction(driver)
        return driver

    def commit(self) -> None:
        self._begin_due = ""
        if self._begun and self._read_only:
            self._end_reading()
        elif self._begun:
            self._require_transaction(self._connection._connection)
            super().commit()
            self._begun = False

    def rollback(self) -> None:
        begun, self._begun, self._begin_due = self._begun, False, ""
        driver: Any = self._connection._connection
        if begun and self._read_only:
            self._end_reading()
        elif begun and driver is not None and driver.in_transaction:
            super().rollback()

    def _require_transaction(self, driver: Any) -> None:
        # After some errors (a full disk, ON CONFLICT ROLLBACK) SQLite rolls back by itself. Whoever swallowed the error
        # would go on without a transaction, each statement saved at once, and hear from COMMIT that all is well.
        if self._begun and driver is not None and not driver.in_transaction:
            raise dbapi2.OperationalError("SQLite rolled the transaction back after an earlier error in it")

    def _end_reading(self) -> None:
        """Waits for nothing: it cannot fail, and whatever this connection does next has its turn behind it."""
        self._begun = False
        driver: Any = self._connection._connection
        if driver is not None:
            self._connection._tx.put_nowait((None, driver.rollback))

    async def _terminate_graceful_close(self) -> None:
        """Called when a query was cancelled (and before a connection is thrown away): ends it and its transaction."""
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
