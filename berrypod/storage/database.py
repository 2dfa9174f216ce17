"""The shop's file as the rest of the program sees it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import explain, unlocked
from berrypod.storage.dialect import create_engine
from berrypod.storage.fields import derive_subkey
from berrypod.storage.files import make_private_folder
from berrypod.storage.gate import Gate
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.reads import ReadPool

T = TypeVar("T")

_HOT_READ_THREADS = 2
_READ_SESSIONS = 4
_SESSION_CACHE_KIBIBYTES = 16_384
_WRITE_TURN_SECONDS = 15.0


class Database:
    """One shop's file, opened by this process.

    Readers never wait for the writer, nor the writer for them (write-ahead log). There is one writing session at a time
    in a process, first come, first served; between processes SQLite's own lock decides.
    """

    def __init__(self, settings: Settings) -> None:
        """Opens nothing."""
        self.settings = settings
        self.path: Path = settings.database_path
        self.gate = Gate(self.path)
        self._open: _Open | None = None
        self._times_opened = 0

    @property
    def encrypted(self) -> bool:
        return self._opened.key is not None

    @property
    def key(self) -> DatabaseKey | None:
        """The key of the open file, for whoever opens it in a process of its own. A secret."""
        return self._opened.key

    @property
    def is_open(self) -> bool:
        return self._open is not None

    async def open(self) -> None:
        """Enter the gate, find the key, check the schema and open the connections. Never creates a file.

        :raises StorageError: the subclass that says why the file cannot be used.
        """
        if self._open is None:
            self._open = await asyncio.to_thread(_Open, self)
            self._times_opened += 1

    async def close(self) -> None:
        """Close all connections and leave the gate. Sessions and jobs must have ended."""
        if self._open is not None:
            opened, self._open = self._open, None
            await opened.close()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        """A session in a write transaction.

        BEGIN IMMEDIATE when the first statement runs, COMMIT at the end of the block, ROLLBACK on any exception.

        :raises DatabaseBusy: the turn did not come within 15 seconds.
        :raises DiskFull: (and other StorageErrors) the file could not be written. Nothing of the block was saved.
        """
        async with self._session(self._opened.writer) as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A session in a read transaction: all its queries see one state of the shop. It cannot write."""
        async with self._session(self._opened.reader) as session:
            yield session

    async def fetch(self, job: Callable[[dbapi2.Connection], T]) -> T:
        """Run a short read job in one hop, in a read transaction, on a warm connection. For what customers wait for.

        `job` runs in another thread; it may use the connection for reading, and nothing of the event loop.
        """
        return await self._opened.reads.run(job)

    def data_version(self) -> int:
        """A number that changes whenever anything is committed, by any process. Takes microseconds; for caches."""
        # SQLite counts from the start on each connection: after a restore, another file would have the same number.
        return (self._times_opened << 40) + self._opened.reads.data_version()

    async def run_in_thread(self, job: Callable[[dbapi2.Connection], T], *, read_only: bool = True) -> T:
        """Run a long job (a backup, a scan) on a connection of its own.

        Cancelling interrupts its query, and waits for its end.
        """
        return await _run_interruptibly(lambda: self._opened.connect(read_only=read_only), job)

    def work_folder(self, name: str) -> Path:
        """A private folder beside the database for temporary files and state, made when it is missing.

        :param name: of the plugin or part that uses it: a plain name, no path.
        :raises FolderNotWritable: it cannot be made.
        """
        if not name or Path(name).name != name or name in (".", ".."):
            raise ValueError(f"not a plain name: {name!r}")
        return make_private_folder(self.path.with_name(self.path.name + "-work") / name)

    @property
    def _opened(self) -> _Open:
        if self._open is None:
            raise errors.StorageError("The database is not open")
        return self._open

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncGenerator[AsyncSession]:
        try:
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except exc.TimeoutError as error:
            raise errors.DatabaseBusy from error
        except exc.DBAPIError as error:
            if translated := _translate(error, self.path):
                raise translated from error
            raise


class _Open:
    """What is there while the file is open. Built in a thread: deriving the key takes 90 ms."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        with ExitStack() as stack:
            if not self.path.exists():  # before the gate leaves a lock file in a folder where no shop is
                raise errors.DatabaseMissing(f"There is no database at {self.path}")
            database.gate.enter()
            stack.callback(database.gate.leave)
            self.key = stack.enter_context(unlocked(self.path, database.settings.secret_key_db))
            try:
                first = self.connect(read_only=True)
                stack.callback(first.close)
                schema.check(first)
                self.reads = ReadPool(lambda: self.connect(read_only=True), _HOT_READ_THREADS)
            except dbapi2.Error as error:
                raise explain(error, self.path) from error
            self.writer = self._engine(database, read_only=False)
            self.reader = self._engine(database, read_only=True)
            self._stack = stack.pop_all()

    def connect(self, *, read_only: bool, cache_kibibytes: int | None = None) -> dbapi2.Connection:
        if cache_kibibytes is None:
            return open_connection(self.path, self.key, read_only=read_only)
        return open_connection(self.path, self.key, read_only=read_only, cache_kibibytes=cache_kibibytes)

    async def close(self) -> None:
        await self.writer.dispose()
        await self.reader.dispose()
        await asyncio.to_thread(self.reads.close)
        # The last connection of the last process folds the log into the file as it closes.
        await asyncio.to_thread(self._stack.close)

    def _engine(self, database: Database, *, read_only: bool) -> AsyncEngine:
        return create_engine(
            str(self.path),
            lambda: self.connect(read_only=read_only, cache_kibibytes=_SESSION_CACHE_KIBIBYTES),
            begin="BEGIN" if read_only else "BEGIN IMMEDIATE",
            pool_size=_READ_SESSIONS if read_only else 1,
            pool_timeout=_WRITE_TURN_SECONDS,
            field_keys=(derive_subkey(database.settings.secret_key_base, "encrypted fields"),),
        )


def _translate(error: exc.DBAPIError, path: Path) -> errors.StorageError | None:
    """One of ours for what an admin can do something about; None for what the program must handle (a conflict, say)."""
    original = error.orig
    if not isinstance(original, dbapi2.Error) or isinstance(original, dbapi2.IntegrityError):
        return None
    explained = explain(original, path)
    if isinstance(explained, errors.DatabaseLocked):
        return errors.DatabaseBusy()
    return None if type(explained) is errors.StorageError else explained


async def _run_interruptibly(connect: Callable[[], dbapi2.Connection], job: Callable[[dbapi2.Connection], T]) -> T:
    holder: list[dbapi2.Connection] = []
    cancelled = threading.Event()

    def work() -> T:
        connection = connect()
        holder.append(connection)
        try:
            # From here on an interrupt reaches the query, also between two of the job's statements.
            connection.set_progress_handler(lambda: 1 if cancelled.is_set() else 0, 10_000)
            return job(connection)
        finally:
            holder.clear()
            connection.close()

    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        cancelled.set()
        for connection in holder:
            connection.interrupt()
        await asyncio.wait([running])
        raise
