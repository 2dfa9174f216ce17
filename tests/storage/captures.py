"""Shops whose states are captured, chunks that are kept, and the file that comes out of them."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from berrypod.storage.assembling import PagesChecked, check_pages, pages_in_order
from berrypod.storage.capture import Bounds, Captured, CaptureOutrun, capture
from berrypod.storage.capturing import MAP_NAME, PageCapture
from berrypod.storage.chunks import NewChunk, chunk_path
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.database import Database
from berrypod.storage.files import make_private_folder
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.page_map import PageMap, read_map
from berrypod.storage.page_source import LogPages, PageSource
from berrypod.storage.standstill import Standstill

Rows = list[tuple[Any, ...]]


def befalling(point: str, what: str) -> tuple[str, ...]:
    """The command of a helper process to which something happens."""
    return (sys.executable, "-P", "-c", _RUN_FROM_HERE, point, what)


# As `-m` would, but for -P: the tests are not installed.
_RUN_FROM_HERE = (
    f"import sys, runpy; sys.path.insert(0, {str(Path(__file__).parents[2])!r});"
    "runpy.run_module('tests.storage.capture_helper', run_name='__main__', alter_sys=False)"
)


@dataclass
class Kept:
    """Chunks and maps in a folder, as an archive has them."""

    folder: Path
    key: DatabaseKey | None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        make_private_folder(self.known)

    @property
    def known(self) -> Path:
        return self.folder / "chunks"

    def path(self, name: str) -> Path:
        return chunk_path(self.known, name)

    def staging(self) -> Path:
        return make_private_folder(self.folder / f"staging-{next(self._numbers)}")

    def keep(self, staging: Path, new: list[NewChunk]) -> PageMap:
        """Take what was captured to where it is kept."""
        for chunk in new:
            make_private_folder(self.path(chunk.digest).parent)
            chunk.path.rename(self.path(chunk.digest))
        page_map = read_map(staging / MAP_NAME)
        shutil.rmtree(staging)
        return page_map

    async def capture(self, database: Database, **options: Any) -> tuple[Captured, PageMap]:
        staging = self.staging()
        captured = await capture(database, staging, self.known, **options)
        return captured, self.keep(staging, list(captured.new_chunks))

    def assembled(self, page_map: PageMap) -> Path:
        """The ordinary file."""
        path = self.folder / f"assembled-{next(self._numbers)}.db"
        with path.open("wb") as file:
            for block in pages_in_order(page_map, self.path):
                file.write(block)
        return path

    def check(self, page_map: PageMap) -> PagesChecked:
        return check_pages(page_map, self.key, self.path)


def rows_of(path: Path, key: DatabaseKey | None, query: str) -> Rows:
    """What a whole file has, that nobody writes."""
    with closing(open_immutable(path, key)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(query).fetchall()


class SmallShop:
    """A small database with a writer, which has a page cache so small that big transactions spill into the log.

    It is a shop's as far as captures look. Each transaction leaves `total` as the sum of `things`.
    """

    QUERY = "SELECT id, n, length(content), hex(substr(content, 1, 8)) FROM things ORDER BY id"

    def __init__(self, folder: Path, key: DatabaseKey | None, auto_vacuum: str = "NONE") -> None:
        self.path, self.key = folder / "shop.db", key
        connection = open_connection(self.path, key, create=True)
        connection.execute(f"PRAGMA auto_vacuum = {auto_vacuum}")
        connection.execute("VACUUM")
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER, content BLOB)")
        connection.execute("CREATE INDEX things_n ON things (n, length(content))")
        connection.execute("CREATE TABLE total (sum INTEGER)")
        connection.execute("INSERT INTO total VALUES (0)")
        connection.close()
        self.writer = open_connection(self.path, key)
        self.writer.execute("PRAGMA cache_size = 10")
        self.put(30, 3000)

    def put(self, count: int, size: int, end: str = "COMMIT") -> None:
        self.writer.execute("BEGIN IMMEDIATE")
        self.writer.executemany(
            "INSERT INTO things (n, content) VALUES (abs(random() % 1000), randomblob(?))", [(size,)] * count
        )
        self.writer.execute("UPDATE things SET n = n + 1 WHERE id % 3 = 0")
        self.writer.execute("UPDATE total SET sum = (SELECT coalesce(sum(n), 0) FROM things)")
        self.writer.execute(end)

    def take(self, share: int) -> None:
        self.writer.execute("BEGIN IMMEDIATE")
        self.writer.execute("DELETE FROM things WHERE id % ? = 0", (share,))
        self.writer.execute("UPDATE total SET sum = (SELECT coalesce(sum(n), 0) FROM things)")
        self.writer.execute("COMMIT")

    def vacuum(self) -> None:
        with suppress(dbapi2.OperationalError):  # a reader of before
            self.writer.execute("VACUUM")

    def checkpoint(self, kind: str) -> None:
        self.writer.execute("PRAGMA busy_timeout = 1")
        with suppress(dbapi2.OperationalError):
            self.writer.execute(f"PRAGMA wal_checkpoint({kind})").fetchone()

    def rows(self) -> Rows:
        return self.writer.execute(self.QUERY).fetchall()

    @contextmanager
    def standing_still(self, bounds: Bounds | None = None) -> Generator[Standstill]:
        """In this process, which must close its connections before the files: so the writer goes, and comes again."""
        still = Standstill(self.path, self.key, bounds or Bounds(), CaptureOutrun)
        try:
            still.begin(folded=False)
            yield still
        finally:
            still.close()
            self.writer.close()
            still.close_files()
            self.writer = open_connection(self.path, self.key)
            self.writer.execute("PRAGMA cache_size = 10")

    def source(self, still: Standstill) -> PageSource:
        return PageSource(still.main, still.pages, LogPages(still.log, still.state, still.pages))

    def capture(self, still: Standstill, kept: Kept, after_block: Callable[[float], None]) -> PageMap:
        staging, new = kept.staging(), list[NewChunk]()
        PageCapture(
            source=self.source(still),
            encrypted=self.key is not None,
            staging=staging,
            known=kept.known,
            fast=True,
            wrote=new.append,
            after_block=after_block,
        ).run()
        return kept.keep(staging, new)
