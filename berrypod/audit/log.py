"""Events on their way into the file: nobody who emits one waits, and none is lost when the process ends."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from berrypod.audit.entries import AuditEntry, Kind, is_audited
from berrypod.audit.file import AuditFile
from berrypod.audit.flood import Flood
from berrypod.audit.reading import AuditPage, read_page
from berrypod.errors import BerrypodError
from berrypod.events import Event, PluginQuarantined
from berrypod.storage.files import translate_os_error

log = logging.getLogger("berrypod.audit")

# Lines that wait for a disk that is full.
_WAITING_AT_MOST: Final = 1000

# Each process and each command meets a broken plugin anew: that is told once a day.
_TOLD_AGAIN_AFTER: Final = timedelta(days=1)
_LOOKED_BACK: Final = 200
_COMPARED: Final = 500


@dataclass(frozen=True, kw_only=True)
class AuditTrouble:
    """The log cannot be written. `lines` wait, and are written when it can; `lost` were too many to wait."""

    since: datetime
    message: str
    hint: str
    lines: int
    lost: int


@dataclass
class _Waiting:
    line: bytes
    event: Event | None
    told: bool = False


class AuditLog:
    """The audit log of one database, as one process writes it. All methods may be called from any thread.

    A thread writes what waits, and ends; the interpreter waits for it as for any other, so that a command that ends
    right after its event loses nothing.
    """

    def __init__(
        self,
        database_path: Path,
        *,
        file: AuditFile | None = None,
        flood: Flood | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Opens nothing. `file`, `flood` and `clock` are for tests."""
        self._database_path = database_path
        self._file = file or AuditFile(database_path.with_name(database_path.name + "-audit.jsonl"))
        self._flood = flood or Flood()
        self._clock = clock
        self._changed = threading.Condition()
        # What follows is read and written under the condition.
        self._waiting: deque[_Waiting] = deque()
        self._taken = 0
        self._ended = 0
        self._lost = 0
        self._working = False
        self._trouble: tuple[datetime, Exception] | None = None

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def trouble(self) -> AuditTrouble | None:
        """Why it could not be written the last time; None if all is well."""
        with self._changed:
            if self._trouble is None:
                return None
            since, error = self._trouble
            told = translate_os_error(error, self.path.parent) if isinstance(error, OSError) else error
            message, hint = (told.message, told.hint) if isinstance(told, BerrypodError) else (str(told), None)
            return AuditTrouble(
                since=since,
                message=message,
                hint=hint or "The server's log says more.",
                lines=len(self._waiting),
                lost=self._lost,
            )

    def tell(self, event: Event) -> None:
        """Have the event written, if it is one of those that are. Returns at once, and never raises."""
        if not is_audited(event):
            return
        if isinstance(event, PluginQuarantined) and not self._database_path.exists():
            return  # `berrypod plugins`, in a folder where no shop is, must not leave a file there
        with self._changed:
            if lines := self._flood.lines(event, self._clock()):
                self._take(_Waiting(lines, event))
        self._work_if_needed()

    async def record(self, event: Event, timeout: float = 5.0) -> bool:
        """As `tell`, and wait until it is on the disk. False if that could not be done; it never raises.

        :param timeout: seconds.
        """
        self.tell(event)
        return await self.settle(timeout)

    async def settle(self, timeout: float = 5.0) -> bool:
        """Wait until all that was told so far is on the disk. False if it is not."""
        return await asyncio.to_thread(self.flush, timeout)

    def flush(self, timeout: float = 5.0) -> bool:
        """As `settle`, for threads. What could not be written before is tried again."""
        self.retry()
        with self._changed:
            taken = self._taken
            self._changed.wait_for(lambda: self._ended >= taken or not self._working, timeout)
            return self._ended >= taken

    def retry(self) -> None:
        """Try again to write what could not be written. Returns at once."""
        self._work_if_needed()

    def close(self, timeout: float = 5.0) -> bool:
        """As `flush`, at the end of a process: what was only counted is told, too. The log may be used again."""
        with self._changed:
            if line := self._flood.overdue(self._clock(), at_once=True):
                self._take(_Waiting(line, None))
        return self.flush(timeout)

    async def page(
        self, *, limit: int = 50, before: str | None = None, kind: Kind | None = None, text: str = ""
    ) -> AuditPage:
        """The newest entries; see `read_page`.

        :raises FolderNotWritable: (or OSError) the file cannot be read.
        """
        return await asyncio.to_thread(self.read, limit=limit, before=before, kind=kind, text=text)

    def read(
        self, *, limit: int = 50, before: str | None = None, kind: Kind | None = None, text: str = ""
    ) -> AuditPage:
        """As `page`, for threads."""
        return read_page(self._file.paths(), limit=limit, before=before, kind=kind, text=text)

    # --- inside ---

    def _take(self, one: _Waiting) -> None:
        self._waiting.append(one)
        self._taken += 1

    def _work_if_needed(self) -> None:
        with self._changed:
            if self._working or not self._waiting:
                return
            self._working = True
        try:
            threading.Thread(target=self._work, name="berrypod audit").start()
        except RuntimeError:  # the interpreter is ending, or the system has no thread left
            self._work()

    def _work(self) -> None:
        while batch := self._next():
            try:
                self._write(batch)
            except Exception as error:  # noqa: BLE001 - told on the page and in the server's log, by `_fail`
                self._fail(error)
                return
            with self._changed:
                for _ in batch:
                    self._waiting.popleft()
                self._ended += len(batch)
                self._lost, self._trouble = 0, None
                self._changed.notify_all()

    def _next(self) -> Sequence[_Waiting]:
        with self._changed:
            self._working = bool(self._waiting)
            if not self._working:
                self._changed.notify_all()
            return tuple(self._waiting)

    def _write(self, batch: Sequence[_Waiting]) -> None:
        with self._file.alone() as file:
            lines = b"".join(one.line for one in batch if not self._repeats(one.event))
            if lines:
                file.append(lines)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            if self._trouble is None:
                unexpected = None if isinstance(error, OSError) else error
                log.error("the audit log %s cannot be written: %s", self.path, error, exc_info=unexpected)
                self._trouble = (self._clock(), error)
            # Nowhere else are they written then.
            for one in self._waiting:
                if not one.told:
                    log.warning("not in the audit log yet: %s", one.line.decode("utf-8", "replace").strip())
                    one.told = True
            while len(self._waiting) > _WAITING_AT_MOST:
                self._waiting.popleft()
                self._ended += 1
                self._lost += 1
            self._working = False
            self._changed.notify_all()

    def _repeats(self, event: Event | None) -> bool:
        """Whether it is a quarantine that is in the log already. The file is locked: no other process adds it now."""
        if not isinstance(event, PluginQuarantined):
            return False
        newest = read_page(self._file.paths()[:1], limit=_LOOKED_BACK, kind="plugins").entries
        return any(_same(event, entry) for entry in newest)


def _same(event: PluginQuarantined, entry: AuditEntry) -> bool:
    return (
        entry.event == event.name
        and entry.details.get("plugin") == event.plugin
        and str(entry.details.get("error"))[:_COMPARED] == event.error[:_COMPARED]
        and event.at - entry.at < _TOLD_AGAIN_AFTER
    )
