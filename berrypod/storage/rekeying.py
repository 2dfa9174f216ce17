"""A file written anew under another key, or under none: a backup that was made with another key, a plain shop.

A new file is written: `PRAGMA rekey` would leave the file unreadable if it were killed at the wrong moment. By
`sqlcipher_export`, and not by `VACUUM INTO`, which takes its key in the name of the file: that is in the text of its
errors.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.cancelling import in_thread
from berrypod.settings import Secret
from berrypod.storage import integrity
from berrypod.storage.connection import open_immutable
from berrypod.storage.failures import explain
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    PRIVATE_FILE,
    claimed,
    fsync_folder,
    require_space,
    sweep,
    temporary_path,
    translate_os_error,
)
from berrypod.storage.jobs import Jobs
from berrypod.storage.journals import remove_database
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.pages import read_pages
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod.storage.verification import count_rows, told, unlock_backup
from berrypod.storage.watching import Watcher, in_loop

# What the copy takes of memory, for each of the two files.
_CACHE_KIBIBYTES = 4_096

Progress = Callable[[float], None]
T = TypeVar("T")


async def rekey(path: Path, old: Secret | None, new: Secret | None, *, progress: Progress | None = None) -> None:
    """Write a file that nobody has open anew under another key, and put it in its place when it is whole.

    A kill at any moment leaves the old file or the new one; what else it leaves is removed by the next call, and by
    `files.sweep`. So does a cancellation, which ends it within moments and leaves nothing else. Takes about two
    seconds for 100 MB, and as much space again. The rows of each table come along; free pages do not.

    :param old: the key with which it was made; None for a plain file.
    :param new: the key that it gets; None for a plain file.
    :param progress: called in the event loop with the share (0 to 1) that is written.
    :raises WrongKey: (and KeyMissing, KeyNotNeeded, NotADatabase, DatabaseEmpty) `old` does not open it.
    :raises DatabaseDamaged: it is damaged or cut off.
    :raises DiskFull: there is no space for the new one.
    :raises FolderNotWritable: the folder cannot be written.
    """
    tell = in_loop(progress or _nobody)
    try:
        old_key = await asyncio.to_thread(unlock_backup, path, old)
        await asyncio.to_thread(_make_room, path)
        await require_undamaged(path, old_key)
        with temporary_beside(path) as temporary:
            await write_anew(path, old_key, temporary, new, tell)
            await in_thread(lambda: _put_in_place(temporary, path))
        reach("rekey.done")
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


async def write_anew(
    path: Path, key: DatabaseKey | None, target: Path, new: Secret | None, tell: Progress, *, thorough: bool = False
) -> DatabaseKey | None:
    """Write what is in `path` to `target`, an empty file, under another key; and see whether it is all there.

    Nobody may write to either meanwhile, and no log may lie beside them.

    :param key: opens `path`; None for a plain one.
    :param new: the key of `target`; None for a plain one.
    :param tell: called from a thread with the share (0 to 1) that is written.
    :param thorough: compare indexes with their tables as well, in what was written.
    :returns: what opens `target`.
    :raises StorageError: it could not be done, or did not come out as it should. `target` is to be thrown away.
    """
    new_key = await asyncio.to_thread(DatabaseKey.for_new_file, new) if new is not None else None
    reach("rekey.begun")
    rows = await _run(path, key, lambda source: _export(source, path, target, new_key, tell))
    reach("rekey.written")
    await _verify(target, new, rows, thorough=thorough)
    reach("rekey.verified")
    return new_key


def _make_room(path: Path) -> None:
    sweep(path.parent, of=path)
    require_space(path.parent, path.stat().st_size + SPARE_BYTES)


async def require_undamaged(path: Path, key: DatabaseKey | None) -> None:
    """What is damaged must not come out as if it were whole: pages that nobody uses are not read by the export."""
    if key is None:
        return
    stop = threading.Event()
    try:
        read = await asyncio.to_thread(read_pages, path, key, stop=stop)
    finally:
        stop.set()
    if read.damaged:
        raise errors.DatabaseDamaged(f"The file is damaged: {read.words}", damaged_pages=read.words)


@contextmanager
def temporary_beside(path: Path) -> Generator[Path]:
    """A file beside it, readable by its owner alone, that no other process sweeps away; gone afterwards."""
    temporary = temporary_path(path)
    with claimed(temporary):
        try:
            os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
            yield temporary
        finally:
            remove_database(temporary)


def _put_in_place(temporary: Path, path: Path) -> None:
    temporary.replace(path)
    reach("rekey.renamed")
    fsync_folder(path.parent)


def _export(
    source: dbapi2.Connection, path: Path, target: Path, key: DatabaseKey | None, tell: Progress
) -> dict[str, int]:
    """In a thread. Returns the rows of each table."""
    descriptor = os.open(target, os.O_RDWR | os.O_CLOEXEC)
    try:
        # Keys are never part of a statement, which can be traced. An empty one is SQLCipher's word for none.
        source.execute("ATTACH ? AS target KEY ?", (str(target.absolute()), key.raw() if key is not None else ""))
        source.execute(f"PRAGMA target.cache_size = -{_CACHE_KIBIBYTES}")
        # It is thrown away if anything fails, so it needs no journal; and its syncs are the watcher's.
        source.execute("PRAGMA target.journal_mode = OFF").fetchone()
        source.execute("PRAGMA target.synchronous = OFF")
        with Watcher(descriptor, path.stat().st_size, tell).watching():
            source.execute("BEGIN")
            source.execute("SELECT sqlcipher_export('target')").fetchone()
            for pragma in ("user_version", "application_id"):  # The export leaves them out.
                (value,) = source.execute(f"PRAGMA main.{pragma}").fetchone()
                source.execute(f"PRAGMA target.{pragma} = {int(value)}")
            source.execute("COMMIT")
        source.execute("DETACH target")
        os.fsync(descriptor)
        return count_rows(source)
    finally:
        os.close(descriptor)


async def _verify(target: Path, passphrase: Secret | None, rows: dict[str, int], *, thorough: bool) -> None:
    """Never trust: it must open as a stranger would open it, and hold what the old one held."""
    try:
        key = await asyncio.to_thread(unlock_backup, target, passphrase)
    except (errors.KeyNotNeeded, errors.KeyMissing, errors.WrongKey) as error:
        raise errors.StorageError("The new file did not come out encrypted as it should. It was deleted.") from error

    def look(connection: dbapi2.Connection) -> tuple[list[str], dict[str, int]]:
        return integrity.structural_problems(connection, thorough=thorough), count_rows(connection)

    problems, copied = await _run(target, key, look)
    if problems:
        raise errors.StorageError(f"The new file is not as it should be, and was deleted: {told(problems)}")
    if copied != rows:
        raise errors.StorageError("The new file lacks rows of the old one. It was deleted.")


async def _run(path: Path, key: DatabaseKey | None, work: Callable[[dbapi2.Connection], T]) -> T:
    try:
        return await Jobs().run(lambda: open_immutable(path, key), work)
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error


def _nobody(share: float) -> None:
    """Nobody wants to know."""
