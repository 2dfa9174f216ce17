"""Connections to a shop's file that leave no trace, whether the shop runs, was stopped, or was killed.

`storage.Database` would finish a replacement that was cut short, fold the log of a killed shop into the file, and make
files beside it: as root, if an admin looks with `sudo`, and the shop could not write them afterwards. So:

    -wal and -shm are there      the shop runs, or was killed: one more reader, that opens nothing for writing
    a log without its index      copied by hand: SQLite would make the index, so a copy elsewhere is looked at
    neither, or a stray log      nobody writes the file: it is read as it is
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage.connection import open_connection, open_immutable, open_watching
from berrypod.storage.failures import explain
from berrypod.storage.files import require_space
from berrypod.storage.gate import Gate
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import log_path

# The shop may start or stop between the look at what is there and the opening.
_TRIES = 3

_LOOK_SECONDS = 0.1


class Opening:
    """The ways into one file. It holds a copy, if one was needed, until it is left."""

    def __init__(self, path: Path, key: DatabaseKey | None, *, with_log: bool = True) -> None:
        """:param with_log: whether the log beside the file is its own, and so a part of the database."""
        self._path = path
        self._key = key
        self._with_log = with_log
        self._stack = ExitStack()
        self._copy: Path | None = None

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def connection(self) -> Generator[dbapi2.Connection]:
        """A connection that can only read. It is interrupted when somebody must have the file alone.

        :raises DatabaseLocked: somebody has it alone, or broke this off to have it.
        :raises StorageError: the subclass that says why the file cannot be read.
        """
        with self._at_the_gate():
            try:
                connection = self._connect()
            except (dbapi2.Error, MemoryError) as error:
                raise explain(error, self._path) from error
            with closing(connection), self._giving_way(connection) as gave_way:
                try:
                    yield connection
                except (dbapi2.Error, MemoryError) as error:
                    if gave_way.is_set():
                        raise errors.DatabaseLocked(
                            "Another process is about to have the file alone, and the look at it was broken off",
                            hint="Wait until it has finished, and look again.",
                        ) from error
                    raise explain(error, self._path) from error

    @contextmanager
    def _at_the_gate(self) -> Generator[None]:
        """Hold the gate, so that whoever must have the file alone waits; unless no process ever came through it."""
        gate = Gate(self._path)
        if not gate.path.exists():
            yield
            return
        gate.enter()
        try:
            yield
        finally:
            gate.leave()

    @contextmanager
    def _giving_way(self, connection: dbapi2.Connection) -> Generator[threading.Event]:
        """Interrupt the connection when somebody must have the file alone. The event says that it was done."""
        gate, gave_way, ended = Gate(self._path), threading.Event(), threading.Event()

        def watch() -> None:
            while not ended.wait(_LOOK_SECONDS):
                if gate.announced():
                    gave_way.set()
                    connection.interrupt()

        watcher = threading.Thread(target=watch, name="berrypod-doctor-gate", daemon=True)
        watcher.start()
        try:
            yield gave_way
        finally:
            ended.set()
            watcher.join()

    def _connect(self) -> dbapi2.Connection:
        for _ in range(_TRIES - 1):
            try:
                return self._connect_once()
            except (dbapi2.Error, MemoryError):
                continue
        return self._connect_once()

    def _connect_once(self) -> dbapi2.Connection:
        log = log_path(self._path)
        if self._with_log and log.exists():
            if self._path.with_name(self._path.name + "-shm").exists():
                return open_watching(self._path, self._key)
            if log.stat().st_size:
                return open_connection(self._copied(), self._key, read_only=True)
        return open_immutable(self._path, self._key)

    def _copied(self) -> Path:
        """The file and its log, as they are, in a private folder of the system's. Nothing in them is decrypted."""
        if self._copy is None:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="berrypod-doctor-")))
            require_space(folder, self._path.stat().st_size + log_path(self._path).stat().st_size)
            self._copy = folder / self._path.name
            shutil.copyfile(self._path, self._copy)
            shutil.copyfile(log_path(self._path), log_path(self._copy))
        return self._copy
