"""The shop's file as the rest of the program sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.cancelling import to_its_end
from berrypod.settings import Secret, Settings
from berrypod.storage.failures import explain, explain_use, is_unusable_after
from berrypod.storage.files import make_private_folder, translate_os_error
from berrypod.storage.gate import Gate
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.open_file import OpenFile
from berrypod.storage.sessions import Sessions

log = logging.getLogger("berrypod.storage")

T = TypeVar("T")

_KEYS_KNOWN = 4

# Whoever wants to use the file while it is replaced waits for it. Replacing takes a fraction of a second.
_PAUSE_SECONDS = 15.0

# A process that is killed is dead within milliseconds, on a busy machine within some hundred.
_STOP_SECONDS = 1.0


class Database:
    """One shop's file, opened by this process.

    Readers never wait for the writer, nor the writer for them (write-ahead log). There is one writing session at a time
    in a process, first come, first served; between processes SQLite's own lock decides.
    """

    def __init__(self, settings: Settings) -> None:
        """Opens nothing. `settings` stay as they are but for the key, which is the one that opened the file last."""
        self.settings = settings
        # Without links: the lock, the log and the work folder are beside the file itself, whatever name led to it.
        self.path: Path = settings.database_path.resolve()
        self.gate = Gate(self.path)
        self._open: OpenFile | None = None
        self._opening = asyncio.Lock()
        self._times_opened = 0
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._to_stop: dict[Callable[[], None], bool] = {}
        self._stopped = asyncio.Event()
        self._known_keys: list[DatabaseKey] = []

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
        async with self._opening:
            if self._open is None:
                self._open = await self._open_in_thread()
                if self._open.key:
                    self.expect_key(self._open.key)
                self._settle_passphrase(self._open.passphrase)
                self._times_opened += 1
            self._resumed.set()

    def _settle_passphrase(self, passphrase: Secret | None) -> None:
        """`settings` have the passphrase that opens the file: after a change of the key, another one than before."""
        former = self.settings.secret_key_db
        if passphrase is not None and (former is None or former.reveal() != passphrase.reveal()):
            self.settings = replace(self.settings, secret_key_db=passphrase)
            log.log(
                logging.INFO if self._times_opened else logging.WARNING,
                "the key of %s was changed: set SECRET_KEY_DB to the new one, restart, and `berrypod key confirm`",
                self.path.name,
            )

    async def close(self, *, timeout: float = 10.0) -> None:
        """Let open sessions and reads end, interrupt long jobs, close all connections and leave the gate.

        :param timeout: seconds for the sessions to end.
        :raises DatabaseBusy: they did not. The database is open as before: nobody leaves the gate with connections
            open.
        """
        async with self._opening:
            await self._close(timeout)
            self._resumed.set()

    async def pause(self, *, timeout: float = 10.0) -> None:
        """As `close`; but until `open`, whoever wants to use the file waits for it, and is not refused.

        :param timeout: seconds for the sessions to end.
        :raises DatabaseBusy: they did not. The database is open as before.
        """
        async with self._opening:
            self._resumed.clear()
            try:
                await self._close(timeout)
            except BaseException:
                self._resumed.set()
                raise

    def expect_key(self, key: DatabaseKey) -> None:
        """Keep a key for when the file is opened again: deriving it would take 90 ms, while customers wait.

        A backup of this shop has its salt, and so its key.

        :param key: derived from the passphrase of the settings.
        """
        if key not in self._known_keys:
            self._known_keys = [*self._known_keys, key][-_KEYS_KNOWN:]

    def give_up_waiting(self) -> None:
        """Nobody waits for a paused database any more: it cannot be opened again for now."""
        self._resumed.set()

    @contextmanager
    def interruptible(self, stop: Callable[[], None], *, waited_for: bool = False) -> Generator[None]:
        """Have `stop` called when the file must be closed while the block runs.

        For what uses the file by other means, a process of its own say: nobody can have the file alone before that
        has ended. `stop` is called in the event loop, and must not block.

        :param waited_for: the file is closed when the block has been left, or after a second: a process that is killed
            has the file open until it is dead, and whoever wants it alone would be refused for that.
        """
        self._to_stop[stop] = waited_for
        try:
            yield
        finally:
            del self._to_stop[stop]
            self._stopped.set()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        """A session in a write transaction.

        BEGIN IMMEDIATE when the first statement runs, COMMIT at the end of the block, ROLLBACK on any exception.

        :raises DatabaseBusy: the turn did not come within 15 seconds.
        :raises DiskFull: (and other StorageErrors) the file could not be written. Nothing of the block was saved.
        """
        async with AsyncExitStack() as stack:
            yield await self._session(stack, lambda opened: opened.writer)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A session in a read transaction: all its queries see one state of the shop. It cannot write."""
        async with AsyncExitStack() as stack:
            yield await self._session(stack, lambda opened: opened.reader)

    async def fetch(self, job: Callable[[dbapi2.Connection], T]) -> T:
        """Run a short read job in one hop, in a read transaction, on a warm connection. For what customers wait for.

        `job` runs in another thread; it may use the connection for reading, and nothing of the event loop.

        :raises DatabaseDamaged: (and other StorageErrors) the file could not be read.
        """
        try:
            return await (self._open or await self._usable()).reads.run(job)
        except dbapi2.Error as error:
            if translated := explain_use(error, self.path, writing=False):
                raise translated from error
            raise

    def data_version(self) -> int:
        """A number that changes whenever anything is committed, by any process. Takes microseconds; for caches."""
        # SQLite counts from the start on each connection: after a restore, another file would have the same number.
        return (self._times_opened << 40) + self._opened.reads.data_version()

    async def run_in_thread(self, job: Callable[[dbapi2.Connection], T], *, read_only: bool = True) -> T:
        """Run a long job (a backup, a scan) on a connection of its own, in autocommit mode.

        Cancelling interrupts its query, and waits for its end. So does closing the database. `VACUUM INTO` needs a
        connection that is not read-only, though it only reads here.

        :raises DatabaseDamaged: the job met a damaged page. The driver's other errors arrive as they are.
        :raises DatabaseClosed: the file was closed or replaced while the job ran.
        """
        opened = await self._usable()
        try:
            return await opened.jobs.run(lambda: opened.connect(read_only=read_only), job)
        except dbapi2.Error as error:
            if is_unusable_after(error):
                raise explain(error, self.path) from error
            raise

    def work_folder(self, name: str) -> Path:
        """A private folder beside the database for temporary files and state, made when it is missing.

        :param name: of the plugin or part that uses it: a plain name, no path.
        :raises FolderNotWritable: it cannot be made.
        """
        if not name or Path(name).name != name or name in (".", ".."):
            raise ValueError(f"not a plain name: {name!r}")
        return make_private_folder(self.path.with_name(self.path.name + "-work") / name)

    @property
    def _opened(self) -> OpenFile:
        if self._open is None:
            raise errors.DatabaseClosed("The database is not open")
        return self._open

    async def _usable(self) -> OpenFile:
        """What is open, after waiting for it while the file is replaced."""
        if self._open is None and not self._resumed.is_set():
            try:
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await self._resumed.wait()
            except TimeoutError:
                raise errors.UnderMaintenance from None
        return self._opened

    async def _session(self, stack: AsyncExitStack, sessions: Callable[[OpenFile], Sessions]) -> AsyncSession:
        while True:
            opened = await self._usable()
            try:
                return await stack.enter_async_context(sessions(opened).session())
            except errors.DatabaseClosed:
                if self._resumed.is_set() and self._open in (opened, None):
                    raise

    async def _close(self, timeout: float) -> None:
        if self._open is None:
            return
        await self._stop_others()
        await self._open.drain(timeout=timeout)
        opened, self._open = self._open, None
        # To its end, even if this task is cancelled: connections that nobody knows of any more would outlive the gate,
        # and one that is closed later removes the log of whatever file then has the name.
        await to_its_end(asyncio.ensure_future(opened.close()))

    async def _stop_others(self) -> None:
        """End what uses the file by other means, and wait for what has to be waited for."""
        waited_for = {stop for stop, wait in self._to_stop.items() if wait}
        for stop in list(self._to_stop):
            stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                while not waited_for.isdisjoint(self._to_stop):
                    self._stopped.clear()
                    await self._stopped.wait()

    async def _open_in_thread(self) -> OpenFile:
        work = partial(OpenFile, self.path, self.gate, self.settings, self._known_keys)
        # Not a task: those are cancelled when the loop ends, and nobody would close what the thread goes on to open.
        opening = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await to_its_end(opening)
        except OSError as error:
            raise translate_os_error(error, self.path.parent) from error
        except asyncio.CancelledError:
            if not opening.cancelled() and opening.exception() is None:
                await to_its_end(asyncio.ensure_future(opening.result().close()))
            raise
