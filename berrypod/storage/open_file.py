"""The shop's file while a process has it open: the gate is held, its key is known, and connections wait to be used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import handover, schema
from berrypod.storage.connection import CACHE_KIBIBYTES, open_connection
from berrypod.storage.diagnosis import require_file, unlocked
from berrypod.storage.dialect import create_engine
from berrypod.storage.entering import enter
from berrypod.storage.failures import explain
from berrypod.storage.fields import field_key
from berrypod.storage.files import sweep
from berrypod.storage.gate import Gate
from berrypod.storage.jobs import Jobs
from berrypod.storage.journals import sweep_begun_journal
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.reads import ReadPool
from berrypod.storage.sessions import Sessions
from berrypod.storage.swap_journal import is_cut_short

_HOT_READ_THREADS = 2
_READ_SESSIONS = 4
_SESSION_CACHE_KIBIBYTES = 16_384
_WATCHER_CACHE_KIBIBYTES = 64


class OpenFile:
    """What is there while the file is open. Built in a thread: deriving the key takes 90 ms."""

    def __init__(self, path: Path, gate: Gate, settings: Settings, known_keys: Sequence[DatabaseKey] = ()) -> None:
        self.path = path
        with ExitStack() as stack:
            _require_file_or_note(path)  # Before the gate leaves a lock file in a folder where no shop is.
            enter(gate, path, settings.secret_key_db)
            stack.callback(gate.leave)
            sweep(path.parent, of=path)
            self.key = stack.enter_context(unlocked(path, settings.secret_key_db, known=known_keys))
            self.passphrase = handover.current(path, settings.secret_key_db, self.key, known_keys)
            handover.tidy(path, self.key)
            self.reads = self._open_first()
            stack.callback(self.reads.close)
            sweep_begun_journal(path)
            # The first one encrypts; all of them decrypt.
            field_keys = tuple(map(field_key, (settings.secret_key_base, *settings.secret_key_base_former)))
            self.writer = Sessions(self._engine(1, field_keys, read_only=False), path, limit=1, writing=True)
            self.reader = Sessions(
                self._engine(_READ_SESSIONS, field_keys, read_only=True), path, limit=_READ_SESSIONS, writing=False
            )
            self.jobs = Jobs()
            self._stack = stack.pop_all()

    def connect(self, *, read_only: bool, cache_kibibytes: int = _SESSION_CACHE_KIBIBYTES) -> dbapi2.Connection:
        return open_connection(self.path, self.key, read_only=read_only, cache_kibibytes=cache_kibibytes)

    async def drain(self, *, timeout: float) -> None:
        """Let the sessions end, and none begin. If they don't in time, it is as if nothing had been asked."""
        await self.writer.drain(timeout=timeout)
        try:
            await self.reader.drain(timeout=timeout)
        except BaseException:
            self.writer.resume()
            raise

    async def close(self) -> None:
        await self.jobs.close()
        await self.writer.close()
        await self.reader.close()
        # The last connection of the last process folds the log into the file as it closes.
        await asyncio.to_thread(self._stack.close)

    def _open_first(self) -> ReadPool:
        """The first connections. Nothing is written to the file before its schema is known to be ours."""
        try:
            first = self.connect(read_only=True, cache_kibibytes=_WATCHER_CACHE_KIBIBYTES)
            try:
                schema.check(first)
                self.connect(read_only=False).close()  # Switches a file from elsewhere to write-ahead logging.
                return ReadPool(
                    lambda: self.connect(read_only=True, cache_kibibytes=CACHE_KIBIBYTES),
                    threads=_HOT_READ_THREADS,
                    watcher=first,
                )
            except BaseException:
                first.close()
                raise
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, self.path) from error

    def _engine(self, connections: int, field_keys: tuple[bytes, ...], *, read_only: bool) -> AsyncEngine:
        return create_engine(
            str(self.path),
            lambda: self.connect(read_only=read_only),
            read_only=read_only,
            pool_size=connections,
            field_keys=field_keys,
        )


def _require_file_or_note(path: Path) -> None:
    try:
        require_file(path)
    except errors.DatabaseMissing:
        if not is_cut_short(path):  # On a disk without links, a replacement leaves no file for an instant.
            raise
