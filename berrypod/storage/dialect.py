"""SQLAlchemy's async dialect for SQLCipher: `sqlite+aiosqlcipher`.

SQLAlchemy has an async dialect for the standard library's sqlite3 (over aiosqlite) and a synchronous one for SQLCipher,
and no dialect that is both. This one is the former with three differences:

* errors and versions come from sqlcipher3, whose exceptions are not subclasses of sqlite3's: with the stock dialect an
  IntegrityError would arrive raw, and Advanced Alchemy could not make a conflict of it;
* connections come from `connection.open_connection`, the one place that knows keys and pragmas;
* a statement is one hop to the connection's thread, where the stock dialect makes three or four (`adapter`).

The key is in none of SQLAlchemy's configuration (URL, `connect_args`), whose reprs and logs would show it: the engine
is made with a connector, a function without arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import aiosqlite
import msgspec
from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util.concurrency import await_
from sqlcipher3 import dbapi2

from berrypod.storage.adapter import Connection
from berrypod.storage.failures import is_unusable_after

_STREAMED_ROWS = 64


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
        connection = aiosqlite.Connection(connector, iter_chunk_size=_STREAMED_ROWS)
        # A process that ends without closing must not hang on this thread.
        connection._thread.daemon = True  # pyright: ignore[reportPrivateUsage]
        return Connection(self, await_(connection))


class SQLCipherDialect(SQLiteDialect_aiosqlite):
    """`sqlite+aiosqlcipher`. `field_keys` are the keys of encrypted columns, the first one for writing."""

    driver = "aiosqlcipher"
    supports_statement_cache = True
    field_keys: tuple[bytes, ...] = ()
    read_only = False

    @classmethod
    def import_dbapi(cls) -> Any:
        return _DBAPI(aiosqlite, dbapi2)  # pyright: ignore[reportArgumentType]

    def do_begin(self, dbapi_connection: Any) -> None:
        # The driver is in autocommit mode: by itself it would begin at the first write, and not at all for reads.
        # IMMEDIATE: a transaction that reads first and writes later would fail at once if another process wrote in
        # between.
        dbapi_connection.begin("BEGIN" if self.read_only else "BEGIN IMMEDIATE", read_only=self.read_only)

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return is_unusable_after(e) or super().is_disconnect(e, connection, cursor)


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


registry.register("sqlite.aiosqlcipher", "berrypod.storage.dialect", "SQLCipherDialect")


def create_engine(
    path: str,
    connector: Callable[[], dbapi2.Connection],
    *,
    read_only: bool,
    pool_size: int,
    field_keys: tuple[bytes, ...] = (),
) -> AsyncEngine:
    """An engine whose connections come from `connector`: for transactions that read, or for such that may write.

    `path` is for people who read a repr. The pool must not be asked for more than `pool_size` connections at a time: it
    is not fair (`sessions` is).
    """
    engine = create_async_engine(
        URL.create("sqlite+aiosqlcipher", database=path),
        connect_args={"connector": connector},
        pool_size=pool_size,
        max_overflow=0,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
        # Errors are logged, and parameters are customers' addresses and hashes of passwords.
        hide_parameters=True,
    )
    dialect = engine.sync_engine.dialect
    assert isinstance(dialect, SQLCipherDialect)
    dialect.field_keys = field_keys
    dialect.read_only = read_only
    return engine
