"""Is a file a whole backup of a shop? Found out as on another machine: by the file and the passphrase alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import integrity, schema
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import identify, require_closed, require_file
from berrypod.storage.facts import count_rows
from berrypod.storage.failures import explain, is_of_the_file, was_interrupted
from berrypod.storage.jobs import Jobs
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.pages import PagesRead, read_pages
from berrypod.storage.priority import give_way
from berrypod.storage.unfit import JournalBeside, ReferencesBroken
from berrypod.storage.watching import in_loop
from berrypod.storage.wholeness import require_alone, require_whole, require_written

__all__ = ["JournalBeside", "VerifiedFile", "check_content", "count_rows", "told", "unlock_backup", "verify"]

_PROBLEMS_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class VerifiedFile:
    """What is known of a file that was read to its last page. `sha256` is of its bytes, in hex.

    `row_counts` maps each table to its rows; `key` opens this file, and is None for one that is not encrypted.
    """

    size_bytes: int
    sha256: str
    page_count: int
    schema_revision: str
    row_counts: Mapping[str, int]
    key: DatabaseKey | None = field(repr=False)

    @property
    def encrypted(self) -> bool:
        return self.key is not None


class _Found(Exception):
    """Something is wrong: what SQLite says of it, and the damaged pages, if they were looked for."""

    def __init__(self, problems: Sequence[str], read: PagesRead | None = None) -> None:
        self.problems = problems
        self.read = read


async def verify(path: Path, passphrase: Secret | None) -> VerifiedFile:
    """Read a file that nobody writes, and check that a shop could be restored from it.

    Derives the key from the passphrase and the file's own salt, authenticates every page, compares indexes with their
    tables, follows references, and counts rows. Nothing is written, not even beside the file. Takes about a second for
    250 MB; a cancellation ends it.

    :raises DatabaseMissing: there is no file.
    :raises JournalBeside: it is in use, or was copied while it was.
    :raises HalfWritten: it was never finished.
    :raises WrongKey: (and KeyMissing, KeyNotNeeded, NotADatabase, DatabaseEmpty) the passphrase does not open it.
    :raises DatabaseDamaged: (and its subclasses in `unfit`) it is open, and something in it is not as it should be.
    :raises ForeignDatabase: it is whole, and not a shop's.
    """
    return await check_content(path, await asyncio.to_thread(unlock_backup, path, passphrase))


def unlock_backup(path: Path, passphrase: Secret | None) -> DatabaseKey | None:
    """The key of a file that nobody has open, which is all there as far as its first page and its size tell. Blocks.

    :raises StorageError: as `verify`; a damaged page that is not the first one is not noticed.
    """
    require_file(path)
    require_alone(path)
    require_closed(path)
    with suppress(PermissionError):  # `identify` has the words for it.
        require_written(path)
    key = identify(path, passphrase)
    require_whole(path, key)
    return key


async def check_content(
    path: Path,
    key: DatabaseKey | None,
    *,
    sha256: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> VerifiedFile:
    """The part of `verify` that takes its time, for a file whose key is known and whose size is right.

    :param sha256: of its bytes, if that is known: saves computing it.
    :param progress: called in the event loop with the share of the file that was read, from 0 to 1.
    :raises ReferencesBroken: every page is as it was written, and rows refer to rows that are not there.
    :raises DatabaseDamaged: something is not as it should be. `details` have it in words: `damaged_pages`, empty where
        the file does not tell, and `problems`.
    :raises ForeignDatabase: it is not a shop's.
    """
    stop = threading.Event()
    tell = in_loop(progress) if progress is not None else None

    def work(connection: dbapi2.Connection) -> VerifiedFile:
        # SQLite's check reads every page but the free ones, and what it reads is authenticated: tried with a flipped
        # bit in each page of a file. So it takes another look at each page only where some are free, or where somebody
        # wants to see how far it is.
        closely = key is not None and (progress is not None or _number(connection, "freelist_count") > 0)

        def read() -> PagesRead:
            return read_pages(
                path, key if closely else None, stop=stop, digest=sha256 is None, unwritten=True, tell=tell
            )

        # Beside the checks, where there is a processor that nobody else needs.
        with ThreadPoolExecutor(1, thread_name_prefix="berrypod-reading", initializer=give_way) as threads:
            try:
                reading = threads.submit(read if closely or sha256 is None else PagesRead)
                _check(connection, reading)
                return VerifiedFile(
                    size_bytes=path.stat().st_size,
                    sha256=sha256 or reading.result().sha256 or "",
                    page_count=_number(connection, "page_count"),
                    schema_revision=schema.revision_of(connection),
                    row_counts=count_rows(connection),
                    key=key,
                )
            finally:
                stop.set()

    try:
        return await Jobs().run(lambda: open_immutable(path, key), work)
    except _Found as found:
        raise await _damage(path, key, found) from None
    except (dbapi2.Error, MemoryError) as error:
        if is_of_the_file(error):
            raise await _damage(path, key, _Found([str(error)])) from error
        raise explain(error, path) from error


def _check(connection: dbapi2.Connection, reading: Future[PagesRead]) -> None:
    """:raises _Found: something is wrong.
    :raises ReferencesBroken: rows refer to rows that are not there."""

    def end_check(ended: Future[PagesRead]) -> None:
        if ended.exception() is None and ended.result().damaged:
            connection.interrupt()

    reading.add_done_callback(end_check)
    try:
        if found := integrity.structural_problems(connection):
            raise _Found(found)
        broken = integrity.broken_references(connection)
    except dbapi2.OperationalError as error:
        if was_interrupted(error) and reading.done() and reading.result().damaged:
            raise _Found((), reading.result()) from None
        raise
    if reading.result().damaged:
        raise _Found((), reading.result())
    if broken:
        raise ReferencesBroken(f"The file is whole, but {told(broken)}", problems=broken)


async def _damage(path: Path, key: DatabaseKey | None, found: _Found) -> errors.DatabaseDamaged:
    """The damaged pages by their numbers, where encryption tells: each page says whether it is as it was written."""
    read, stop = found.read, threading.Event()
    if read is None and key is not None:
        try:
            read = await asyncio.to_thread(read_pages, path, key, stop=stop)
        finally:
            stop.set()
    pages = read.words if read is not None else ""
    return errors.DatabaseDamaged(
        f"{path} is damaged: {pages or told(found.problems)}", damaged_pages=pages, problems=list(found.problems)
    )


def told(found: Sequence[str]) -> str:
    """What was found, for people: the first few."""
    more = f" (and {len(found) - _PROBLEMS_TOLD} more)" if len(found) > _PROBLEMS_TOLD else ""
    return "; ".join(" ".join(text.split()) for text in found[:_PROBLEMS_TOLD]) + more


def _number(connection: dbapi2.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
