"""Nothing of the shop is on the disk in plain text: not in the file, the log, a copy, or a temporary file."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.storage.keys import PLAIN_HEADER
from berrypod.storage.models import NewsletterSubscriber, Product
from tests.support import file_type

TITLE = "Zwetschgenröster-Marker-7f3a"
EMAIL = "plaintext-marker@example.org"
# With what SQLite itself would write in plain text.
MARKERS = [TITLE.encode(), EMAIL.encode(), b"newsletter_subscribers", b"CREATE TABLE", PLAIN_HEADER]

SORT = """
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 150000)
SELECT count(*) FROM (SELECT p.title || n AS t FROM c, products p ORDER BY t DESC LIMIT 150000)
"""


class Watch:
    """Looks at folders for as long as it runs, also at files that live for a moment."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.seen: set[str] = set()
        self.found: list[str] = []
        # Standard output and error are pytest's own deleted files, with what all tests so far have printed; and what
        # other tests have left open for the collector is theirs.
        self._others = {*_open_and_deleted().values(), *(os.fstat(descriptor).st_ino for descriptor in (1, 2))}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Look once, at every byte. Not at the database itself: this process has it open."""
        for folder in self.folders:
            for path in folder.rglob("*"):
                if not path.name.endswith((".db", "-shm")):
                    self._look_at(path)
        # SQLite removes a temporary file as soon as it is open. Its name in /proc tells where it was.
        for descriptor, inode in _open_and_deleted().items():
            if inode not in self._others:
                self._look_at(descriptor)

    def _look_at(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError:
            return
        self.seen.add(path.name)
        self.found += [f"{marker!r} in {path}" for marker in MARKERS if marker in data]

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.look()


def _open_and_deleted() -> dict[Path, int]:
    """Files of this process that have no name any more, with their inodes."""
    found: dict[Path, int] = {}
    for descriptor in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            if str(descriptor.readlink()).endswith("(deleted)"):
                found[descriptor] = descriptor.stat().st_ino
    return found


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where SQLite and Python put temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


async def test_no_plaintext_anywhere_while_the_shop_runs(
    encrypted_settings: Settings, tmp_path: Path, temporary_folder: Path
) -> None:
    database = Database(encrypted_settings)
    await database.open()
    log = database.path.with_name(database.path.name + "-wal")
    with Watch([tmp_path]) as watch:
        await _fill(database)
        await database.run_in_thread(lambda driver: driver.execute(SORT).fetchone())
        await database.run_in_thread(_sort_for_an_index, read_only=False)
        copy = database.work_folder("backup") / "copy"
        await database.run_in_thread(lambda driver: driver.execute("VACUUM INTO ?", (str(copy),)), read_only=False)
        await asyncio.sleep(0.05)
    assert log.name in watch.seen
    assert copy.name in watch.seen
    assert watch.found == []
    await database.close()
    assert not any(marker in database.path.read_bytes() for marker in MARKERS)
    assert list(temporary_folder.iterdir()) == []


async def _fill(database: Database) -> None:
    async with database.write() as session:
        session.add(Product(slug="roester", title=TITLE, description=TITLE * 1000))
        session.add(NewsletterSubscriber(email=EMAIL, token="t", subscribed_at=datetime.now(UTC)))


def _sort_for_an_index(driver: dbapi2.Connection) -> None:
    """The sorter of CREATE INDEX is the one that spills to a file first."""
    driver.execute("PRAGMA cache_size = 20")
    driver.execute("CREATE TEMP TABLE big (t TEXT)")
    driver.execute(SORT.replace("SELECT count(*) FROM (SELECT", "INSERT INTO big SELECT * FROM (SELECT"))
    driver.execute("CREATE INDEX temp.by_t ON big (t)")


def test_the_watch_would_find_it(tmp_path: Path) -> None:
    """The test above is worth something: the same, with temporary files allowed, is found."""
    (tmp_path / "spilled").write_bytes(b"..." + TITLE.encode())
    watch = Watch([tmp_path])
    watch.look()
    assert len(watch.found) == 1


async def test_the_file_is_just_data(encrypted_settings: Settings) -> None:
    database = Database(encrypted_settings)
    await database.open()
    await _fill(database)
    await database.close()
    path = encrypted_settings.database_path
    assert not path.read_bytes().startswith(PLAIN_HEADER)
    if file_type.PROGRAM is not None:
        assert file_type.file_type(path) == "data"


async def test_a_plain_shop_is_found_to_be_plain(settings: Settings) -> None:
    """So that the tests above would fail if nothing were encrypted."""
    database = Database(settings)
    await database.open()
    await _fill(database)
    await database.close()
    data = settings.database_path.read_bytes()
    assert all(marker in data for marker in MARKERS)
