"""The gate as one process of the shop sees it: what waits, what is let through, and who has the file alone.

    async with maintenance.alone("restore") as alone:      # requests wait, all processes have closed the file
        await alone.replace(swap)
                                                           # it is open again, and the requests go on

Each process that serves, or keeps the file open for longer, runs `watching()`: it sees what another process announces
(`storage/gate.py`), closes its connections and opens them again afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Literal

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.cancelling import in_thread, to_its_end
from berrypod.storage import entering, swap
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import check_folder, find_key
from berrypod.storage.failures import LEAST_FREE_BYTES
from berrypod.storage.files import require_space
from berrypod.storage.gate import Announcement, Gate

log = logging.getLogger("berrypod.maintenance")

State = Literal["open", "closing", "closed", "unavailable"]

# How soon a process notices what another one announces, and that it has ended.
_LOOK_SECONDS = 0.04
_LOOK_AGAIN_SECONDS = 0.01

# Requests that began before are given this long. Those that take longer (a slow line) are not waited for: what they
# still want of the database waits until it is back.
_REQUESTS_SECONDS = 0.3

# Sessions and jobs that are under way are given this long, or nothing happens.
_SESSIONS_SECONDS = 6.0

_RETRY_SECONDS = 0.5

# A file that is open can be read on a full disk. One that was closed cannot be opened there.
_ROOM_BYTES = 4 * LEAST_FREE_BYTES

_UNAVAILABLE_HINT = (
    "The server's log says why, and it is tried again and again. "
    "`berrypod restore apply FILE` puts a backup in its place."
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`open`: the shop sells. `closing`: requests wait, those under way end. `closed`: the file is somebody's alone.
    `unavailable`: the file could not be opened again, for the reason in `error`; it is tried again and again.
    """

    state: State
    announcement: Announcement | None = None
    error: errors.StorageError | None = None


@dataclass
class Alone:
    """The file, while it is this process's alone. `since` is when requests began to wait, by `time.monotonic()`."""

    database: Database
    connect: swap.Connect | None = field(repr=False)
    since: float

    async def replace(self, plan: swap.Swap) -> None:
        """See `storage.swap.replace`. Not to be interrupted: a cancellation waits until it has ended.

        :raises StorageError: it could not be done; the former file is where it was.
        """
        if plan.staged_key:
            self.database.expect_key(plan.staged_key)
        await in_thread(lambda: swap.replace(self.database.path, self.connect, plan))


class Maintenance:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stage = Stage(state="open")
        self._open = asyncio.Event()
        self._open.set()
        self._busy = asyncio.Lock()
        self._requests = 0
        self._no_requests = asyncio.Event()
        self._no_requests.set()
        self._retrying: asyncio.Task[None] | None = None

    @property
    def stage(self) -> Stage:
        return self._stage

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Follow what other processes announce, for as long as the block runs."""
        watcher = asyncio.create_task(self._watch(), name="berrypod: the gate")
        try:
            yield
        finally:
            tasks = [watcher, *([self._retrying] if self._retrying else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def wait_until_open(self, timeout: float) -> None:
        """Wait while the file is somebody's alone.

        :param timeout: seconds.
        :raises UnderMaintenance: it took longer; or the file cannot be opened, for which nobody waits.
        """
        if not self._open.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._open.wait()
            except TimeoutError:
                raise self._told() from None
        if self._stage.state == "unavailable":
            raise errors.UnderMaintenance(
                "The shop's file cannot be opened at present", hint=_UNAVAILABLE_HINT, retry_after=30
            )

    @contextmanager
    def request(self) -> Generator[None]:
        """Count a request that is waited for before the file is closed."""
        self._requests += 1
        self._no_requests.clear()
        try:
            yield
        finally:
            self._requests -= 1
            if self._requests == 0:
                self._no_requests.set()

    @asynccontextmanager
    async def alone(self, operation: str, *, timeout: float = 10.0) -> AsyncGenerator[Alone]:
        """Have the file alone, over all processes, while the block runs. Requests wait meanwhile.

        Whether or not the database is open here, and whether or not it can be opened. If it was open, it is again
        afterwards.

        :param timeout: seconds for other processes to close the file.
        :raises DatabaseLocked: another operation is under way, or a process did not close the file in time.
        :raises DatabaseBusy: what is under way in this process did not end in time. Nothing has changed.
        :raises DiskFull: (or FolderNotWritable) once closed, the file might not open again.
        """
        async with self._busy, AsyncExitStack() as reopening:
            was_open = self._database.is_open or self._stage.state == "unavailable"
            with ExitStack() as held:
                await asyncio.to_thread(_require_room, self._database.path)
                await self._fold_log()  # Before other processes are told: they make customers wait from then on.
                gate = Gate(self._database.path)
                announcement = await in_thread(lambda: held.enter_context(gate.announce(operation)))
                if was_open:
                    reopening.push_async_callback(self._reopen_undisturbed)
                else:
                    reopening.callback(self._open_door)
                known = self._database.is_open
                key = self._database.key if known else None
                since = monotonic()
                self._close_door(announcement)
                await self._drain()
                await in_thread(lambda: held.enter_context(gate.alone(timeout=timeout)))
                self._stage = Stage(state="closed", announcement=announcement)
                await in_thread(self._recover)
                path = self._database.path
                connect = (lambda: open_connection(path, key)) if known else await self._connect()
                yield Alone(self._database, connect, since)

    def _recover(self) -> None:
        """Finish what a crash may have cut short, before anything else is begun."""
        entering.recover(self._database.path, self._database.settings.secret_key_db)

    async def _fold_log(self) -> None:
        """Before anybody waits: with a short log, closing the file takes a moment."""
        if self._database.is_open:
            with suppress(dbapi2.Error, errors.StorageError):  # A damaged file is no reason not to replace it.
                await self._database.run_in_thread(_checkpoint, read_only=False)

    async def _connect(self) -> swap.Connect | None:
        """How to open the file, if it was not open here; None if it cannot be opened."""
        path, passphrase = self._database.path, self._database.settings.secret_key_db
        try:
            key = await asyncio.to_thread(find_key, path, passphrase)
        except errors.StorageError as error:
            log.warning("the database cannot be opened: %s", error.message)
            return None
        return lambda: open_connection(path, key)

    async def _watch(self) -> None:
        gate = self._database.gate
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                if not self._busy.locked() and (announcement := gate.announced()):
                    async with self._busy:
                        await self._follow(gate, announcement)
            except Exception:
                # Too many open files, say. A process that looks no more would keep the file from everybody for ever.
                log.exception("the gate could not be looked at; it is tried again")
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, gate: Gate, announcement: Announcement) -> None:
        self._close_door(announcement)
        try:
            await self._drain()
            self._stage = Stage(state="closed", announcement=announcement)
        except errors.StorageError as error:
            # The other one gives up when its time is over: it finds us inside.
            log.warning("the file is not closed for %s: %s", announcement.operation, error.message)
        try:
            while gate.announced():  # noqa: ASYNC110 - another process's, of which no event of ours can tell
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        finally:
            await self._reopen()

    async def _drain(self) -> None:
        """Let what is under way end, and close the file.

        :raises DatabaseBusy: it did not end in time.
        """
        try:
            async with asyncio.timeout(_REQUESTS_SECONDS):
                await self._no_requests.wait()
        except TimeoutError:
            log.warning("%d requests are still under way; they are not waited for", self._requests)
        await self._database.pause(timeout=_SESSIONS_SECONDS)

    async def _reopen(self) -> None:
        """Open the file again; if it cannot be opened, go on trying."""
        error = await self._try_to_open()
        if error is None:
            self._open_door()
            return
        log.error("the database cannot be opened: %s %s", error.message, error.hint)
        self._stage = Stage(state="unavailable", error=error)
        self._database.give_up_waiting()
        self._open.set()  # Nobody waits for what may take hours: requests are told.
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.create_task(self._retry(), name="berrypod: opening again")

    async def _reopen_undisturbed(self) -> None:
        """To its end, even if this task is cancelled: nobody else would open the door."""
        await to_its_end(asyncio.ensure_future(self._reopen()))

    async def _try_to_open(self) -> errors.StorageError | None:
        """Returns why it cannot be opened."""
        try:
            await self._database.open()
        except errors.StorageError as error:
            return error
        except OSError as error:
            return errors.StorageError(f"{self._database.path} cannot be opened ({error.strerror})")
        return None

    async def _retry(self) -> None:
        while self._stage.state == "unavailable":
            await asyncio.sleep(_RETRY_SECONDS)
            async with self._busy:
                if self._stage.state != "unavailable":
                    return
                if error := await self._try_to_open():
                    self._stage = Stage(state="unavailable", error=error)
                else:
                    self._open_door()

    def _close_door(self, announcement: Announcement) -> None:
        self._open.clear()
        self._stage = Stage(state="closing", announcement=announcement)

    def _open_door(self) -> None:
        self._stage = Stage(state="open")
        self._open.set()

    def _told(self) -> errors.StorageError:
        announcement = self._stage.announcement
        return errors.UnderMaintenance(
            stage=self._stage.state, operation=announcement.operation if announcement else None
        )


def _require_room(path: Path) -> None:
    check_folder(path)
    require_space(path.parent, _ROOM_BYTES)


def _checkpoint(connection: dbapi2.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
