"""SQLAlchemy's async dialect for SQLCipher: `sqlite+aiosqlcipher`.

SQLAlchemy has an async dialect for the standard library's sqlite3 (over aiosqlite) and a synchronous one for SQLCipher,
and no dialect that is both. This one is the former with three differences:

* errors and versions come from sqlcipher3, whose exceptions are not subclasses of sqlite3's: with the stock dialect an
  IntegrityError would arrive raw, and Advanced Alchemy could not make a conflict of it;
* connections come from `connection.open_connection`, the one place that knows keys and pragmas;
* a cursor executes and fetches in one hop to the connection's thread, where the stock one makes three or four. Hops, at
  60 to 85 microseconds each, and not encryption, are what a query costs.

The key is in none of SQLAlchemy's configuration (URL, `connect_args`), whose reprs and logs would show it: the engine
is made with a connector, a function without arguments.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import aiosqlite
import msgspec
from sqlalchemy import URL, event
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util.concurrency import await_
from sqlcipher3 import dbapi2

# The connection is of no more use after these: SQLITE_CORRUPT, and a page that fails its HMAC (SQLITE_NOTADB).
_DISCONNECT_CODES = frozenset({11, 26})


@dataclass(frozen=True, slots=True)
class _Executed:
    """What one hop brings back."""

    rows: list[Any]
    description: Any
    rowcount: int
    lastrowid: int | None


_NOTHING = _Executed([], None, -1, None)


def _execute(connection: dbapi2.Connection, operation: str, parameters: Any, many: bool) -> _Executed:
    """Runs in the connection's thread."""
    cursor = connection.cursor()
    try:
        if many:
            cursor.executemany(operation, parameters)
        else:
            cursor.execute(operation, () if parameters is None else parameters)
        rows = cursor.fetchall() if cursor.description else []
        return _Executed(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


class OneHopCursor(AsyncAdapt_dbapi_cursor):
    """A buffered cursor that executes, fetches and closes in one call to the connection's thread."""

    __slots__ = ("_arraysize", "_executed")

    def __init__(self, adapt_connection: Any) -> None:  # pyright: ignore[reportMissingSuperCall]
        # Not the parent's: it makes a driver cursor, which is a hop.
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._executed = _NOTHING
        self._arraysize = 1

    @property
    def description(self) -> Any:
        return self._executed.description

    @property
    def rowcount(self) -> int:
        return self._executed.rowcount

    @property
    def lastrowid(self) -> Any:
        return self._executed.lastrowid

    @property
    def arraysize(self) -> int:
        return self._arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._arraysize = value

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        return await self._hop(operation, parameters, many=False)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        return await self._hop(operation, seq_of_parameters, many=True)

    async def _hop(self, operation: str, parameters: Any, *, many: bool) -> Any:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:  # pyright: ignore[reportPrivateUsage]
            driver: dbapi2.Connection = connection._conn
            try:
                self._executed = await connection._execute(_execute, driver, operation, parameters, many)
            except asyncio.CancelledError:
                # Nobody waits any more: without this the thread would run the query to its end.
                driver.interrupt()
                raise
            self._rows = deque(self._executed.rows)
        return self

    async def _async_soft_close(self) -> None:
        """Nothing is open: the driver's cursor was closed in the hop."""

    def close(self) -> None:
        self._rows.clear()


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = OneHopCursor

    def commit(self) -> None:
        if self._in_transaction():
            super().commit()

    def rollback(self) -> None:
        if self._in_transaction():
            super().rollback()

    def _in_transaction(self) -> bool:
        """Spares the hop where there is nothing to end: the pool rolls back each connection that it gets back."""
        driver: Any = self._connection._connection
        return driver is not None and driver.in_transaction


class _DBAPI(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite's machinery with sqlcipher3's errors, versions and types."""

    _FROM_DRIVER: ClassVar = (
        "DatabaseError",
        "Error",
        "IntegrityError",
        "InterfaceError",
        "NotSupportedError",
        "OperationalError",
        "ProgrammingError",
        "sqlite_version",
        "sqlite_version_info",
        "PARSE_COLNAMES",
        "PARSE_DECLTYPES",
        "Binary",
    )

    def _init_dbapi_attributes(self) -> None:
        for name in self._FROM_DRIVER:
            setattr(self, name, getattr(dbapi2, name))

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        connector: Callable[[], Any] = kw["connector"]
        connection = aiosqlite.Connection(connector, iter_chunk_size=64)
        # A process that ends without closing must not hang on this thread.
        connection._thread.daemon = True  # pyright: ignore[reportPrivateUsage]
        return _Connection(self, await_(connection))  # pyright: ignore[reportArgumentType]


class SQLCipherDialect(SQLiteDialect_aiosqlite):
    """`sqlite+aiosqlcipher`. `field_keys` are the keys of encrypted columns, the first one for writing."""

    driver = "aiosqlcipher"
    supports_statement_cache = True
    field_keys: tuple[bytes, ...] = ()

    @classmethod
    def import_dbapi(cls) -> Any:
        return _DBAPI(aiosqlite, dbapi2)  # pyright: ignore[reportArgumentType]

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        code = getattr(e, "sqlite_errorcode", 0) & 0xFF
        return code in _DISCONNECT_CODES or super().is_disconnect(e, connection, cursor)


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


registry.register("sqlite.aiosqlcipher", "berrypod.storage.dialect", "SQLCipherDialect")


def create_engine(
    path: str,
    connector: Callable[[], dbapi2.Connection],
    *,
    begin: str,
    pool_size: int,
    pool_timeout: float,
    field_keys: tuple[bytes, ...] = (),
) -> AsyncEngine:
    """An engine whose connections come from `connector`, and whose transactions begin with the statement `begin`.

    `path` is for people who read a repr. `pool_timeout` is in seconds; waiters are served in the order they came.
    """
    engine = create_async_engine(
        URL.create("sqlite+aiosqlcipher", database=path),
        connect_args={"connector": connector},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
    )
    dialect = engine.sync_engine.dialect
    assert isinstance(dialect, SQLCipherDialect)
    dialect.field_keys = field_keys

    def emit_begin(connection: Any) -> None:
        # The driver is in autocommit mode: it would otherwise begin at the first write, and not at all for reads.
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "begin", emit_begin)
    return engine
