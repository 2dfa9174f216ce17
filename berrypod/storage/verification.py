"""Is a file a whole backup of a shop? Found out as on another machine: by the file and the passphrase alone."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import integrity, schema
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import identify, require_file
from berrypod.storage.failures import explain, is_unusable_after
from berrypod.storage.jobs import Jobs
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey

_BLOCK_BYTES = 1024 * 1024
_PROBLEMS_TOLD = 3


class JournalBeside(errors.StorageError):
    code = "journal_beside"
    status = 409
    title = "There is a journal beside the file, so that the file alone is not the whole shop"
    default_hint = (
        "It is a database in use, or one that was copied while it was. Take a backup with `berrypod backup create`."
    )


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


async def verify(path: Path, passphrase: Secret | None) -> VerifiedFile:
    """Read a file that nobody writes, and check that a shop could be restored from it.

    Derives the key from the passphrase and the file's own salt, authenticates every page, compares indexes with their
    tables, follows references, and counts rows. Nothing is written, not even beside the file. Takes about a second for
    250 MB; a cancellation ends it.

    :raises DatabaseMissing: there is no file.
    :raises JournalBeside: it is in use, or was copied while it was.
    :raises WrongKey: (and KeyMissing, KeyNotNeeded, NotADatabase, DatabaseEmpty) the passphrase does not open it.
    :raises DatabaseDamaged: it is open, and something in it is not as it should be.
    :raises ForeignDatabase: it is whole, and not a shop's.
    """
    await asyncio.to_thread(_require_alone, path)
    key = await asyncio.to_thread(identify, path, passphrase)
    stop = threading.Event()

    def work(connection: dbapi2.Connection) -> VerifiedFile:
        # The digest beside the checks, on the other core: a seventh of their time.
        with ThreadPoolExecutor(1, thread_name_prefix="berrypod-digest") as threads:
            digest = threads.submit(_sha256, path, stop)
            try:
                return _check(connection, path, key, digest.result)
            finally:
                stop.set()

    try:
        return await Jobs().run(lambda: open_immutable(path, key), work)
    except (dbapi2.Error, MemoryError) as error:
        if is_unusable_after(error) and (pages := await asyncio.to_thread(_damaged_pages, path, key)):
            raise errors.DatabaseDamaged(f"{path} is damaged: {pages}") from error
        raise explain(error, path) from error


def _require_alone(path: Path) -> None:
    require_file(path)
    for end in ("-wal", "-journal"):
        journal = path.with_name(path.name + end)
        if journal.exists() and journal.stat().st_size > 0:
            raise JournalBeside(f"{journal} lies beside {path.name}, and so the file alone is not the whole shop")


def _check(
    connection: dbapi2.Connection, path: Path, key: DatabaseKey | None, digest: Callable[[], str]
) -> VerifiedFile:
    pages, page_size, free_pages = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "page_size", "freelist_count")
    )
    size = path.stat().st_size
    if size != pages * page_size:
        raise errors.DatabaseDamaged(f"{path} has {size:,} bytes, and should have {pages * page_size:,}")
    # SQLite's check reads every page but the free ones, and what it reads is authenticated: tried with a flipped bit in
    # each page of a file. SQLCipher's own check takes half again as long, and adds nothing where no page is free.
    if found := integrity.problems(connection, encrypted=key is not None and free_pages > 0):
        raise errors.DatabaseDamaged(f"{path} is damaged: {_damaged_pages(path, key) or _told(found)}")
    return VerifiedFile(
        size_bytes=size,
        sha256=digest(),
        page_count=pages,
        schema_revision=schema.revision_of(connection),
        row_counts=count_rows(connection),
        key=key,
    )


def count_rows(connection: dbapi2.Connection) -> dict[str, int]:
    """The rows of each table, SQLite's own left out."""
    statement = (
        r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"
    )
    counts: dict[str, int] = {}
    for (name,) in connection.execute(statement).fetchall():
        quoted = str(name).replace('"', '""')
        counts[str(name)] = int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608
    return counts


def _damaged_pages(path: Path, key: DatabaseKey | None) -> str:
    """The damaged pages by their numbers, where encryption tells: each page says whether it is as it was written."""
    if key is None:
        return ""
    damaged: list[str] = []
    with path.open("rb") as file:
        number = 1
        while (page := file.read(PAGE_BYTES)) and len(damaged) <= _PROBLEMS_TOLD:
            if not key.authenticates(page, number):
                damaged.append(f"page {number}")
            number += 1
    return ", ".join(damaged[:_PROBLEMS_TOLD]) + (" and more" if len(damaged) > _PROBLEMS_TOLD else "")


def _told(found: Sequence[str]) -> str:
    more = f" (and {len(found) - _PROBLEMS_TOLD} more)" if len(found) > _PROBLEMS_TOLD else ""
    return "; ".join(" ".join(text.split()) for text in found[:_PROBLEMS_TOLD]) + more


def _sha256(path: Path, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while not stop.is_set() and (block := file.read(_BLOCK_BYTES)):
            digest.update(block)
    return digest.hexdigest()
