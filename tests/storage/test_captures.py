"""Captures and raw snapshots of an open shop, by a process of their own: what may befall it, and what is left."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import capture as capture_module
from berrypod.storage.capture import Bounds, CaptureOutrun, capture
from berrypod.storage.capturing import CaptureFailed, PagesUnfit
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.facts import count_rows
from berrypod.storage.snapshot import make_snapshot
from berrypod.storage.verification import verify
from tests.storage.captures import Kept, befalling
from tests.storage.making import keys_of, put
from tests.storage.processes import running

POINTS = [
    "capture.begun",
    "capturing.block",
    "chunks.written",
    "chunks.named",
    "capturing.chunks",
    "files.written",
    "files.renamed",
    "capturing.mapped",
]


@pytest.fixture
def kept(either_database: Database, tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept", either_database.key)


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Have something happen to the process that copies."""
    return lambda point, what: monkeypatch.setattr(capture_module, "COMMAND", befalling(point, what))


async def held_reader(database: Database) -> dbapi2.Connection:
    """One that keeps the log from being folded, with something committed after it began."""
    connection = open_connection(database.path, database.key, read_only=True)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM settings").fetchone()
    await put(database, "after the reader began", "x" * 50_000)
    return connection


class TestCaptures:
    async def test_it_tells_what_it_has(self, either_database: Database, kept: Kept) -> None:
        await put(either_database, "one", "x" * 100_000)
        shares: list[float] = []
        captured, page_map = await kept.capture(either_database, progress=shares.append)
        key, file = either_database.key, kept.assembled(page_map)
        facts = await verify(file, either_database.settings.secret_key_db)
        assert captured.size_bytes == facts.size_bytes == captured.page_count * 4096
        assert (captured.encrypted, captured.salt) == (key is not None, key.salt.hex() if key else None)
        assert captured.row_counts == facts.row_counts
        assert captured.row_counts["settings"] == 1
        assert captured.schema_revision == facts.schema_revision
        assert captured.used_chunks == page_map.chunks == tuple(chunk.digest for chunk in captured.new_chunks)
        assert captured.changed_pages == captured.page_count
        assert captured.written_bytes > captured.size_bytes
        assert kept.check(page_map).sha256 == facts.sha256
        assert shares == sorted(shares)

        await put(either_database, "two")
        again, _ = await kept.capture(either_database, fast=True)
        assert 0 < again.changed_pages < 20
        assert again.row_counts["settings"] == 2
        assert set(again.used_chunks) - set(captured.used_chunks) == {chunk.digest for chunk in again.new_chunks}
        assert again.created_at > captured.created_at

    async def test_everything_is_private(self, either_database: Database, tmp_path: Path) -> None:
        staging = tmp_path / "staging"
        staging.mkdir(mode=0o700)
        before = os.umask(0)
        try:
            await capture(either_database, staging, None)
        finally:
            os.umask(before)
        modes = {path.stat().st_mode & 0o777 for path in staging.rglob("*") if path.is_file()}
        assert modes == {0o600}
        assert {path.stat().st_mode & 0o777 for path in staging.rglob("*") if path.is_dir()} == {0o700}

    async def test_new_chunks_are_told_as_they_come(self, either_database: Database, kept: Kept) -> None:
        told: list[str] = []
        captured, _ = await kept.capture(either_database, wrote=lambda chunk: told.append(chunk.digest))
        assert told == [chunk.digest for chunk in captured.new_chunks]

    async def test_what_a_reader_keeps_in_the_log_is_in_it(self, either_database: Database, kept: Kept) -> None:
        with closing(await held_reader(either_database)):
            captured, page_map = await kept.capture(either_database)
        assert captured.row_counts["settings"] == 1
        facts = await verify(kept.assembled(page_map), either_database.settings.secret_key_db)
        assert facts.row_counts["settings"] == 1

    async def test_chunks_that_are_not_trusted_are_not_relied_upon(self, either_database: Database, kept: Kept) -> None:
        first, _ = await kept.capture(either_database)
        again, _ = await kept.capture(either_database, distrusted=first.used_chunks)
        assert again.changed_pages == first.page_count

    async def test_a_log_that_grows_too_long_ends_it(self, either_database: Database, kept: Kept) -> None:
        with closing(await held_reader(either_database)), pytest.raises(CaptureOutrun, match="log has grown"):
            await kept.capture(either_database, bounds=Bounds(log_bytes=1))

    async def test_it_takes_no_longer_than_it_may(self, either_database: Database, kept: Kept) -> None:
        with pytest.raises(CaptureOutrun, match="longer than 0 seconds"):
            await kept.capture(either_database, bounds=Bounds(seconds=0.0))

    @pytest.mark.parametrize("point", POINTS)
    async def test_killed_anywhere_it_leaves_the_shop_and_what_is_kept_as_they_were(
        self, encrypted_database: Database, tmp_path: Path, helper: Callable[[str, str], None], point: str
    ) -> None:
        kept = Kept(tmp_path / "kept", encrypted_database.key)
        _, former = await kept.capture(encrypted_database)
        await put(encrypted_database, "one more")
        command = capture_module.COMMAND
        helper(point, "kill")
        with pytest.raises(CaptureFailed):
            await kept.capture(encrypted_database)
        capture_module.COMMAND = command  # type: ignore[misc]
        assert kept.check(former).whole
        captured, page_map = await kept.capture(encrypted_database)
        assert kept.check(page_map).whole
        assert captured.row_counts["settings"] == 1

    @pytest.mark.parametrize("point", POINTS[1:])
    async def test_a_disk_that_is_full_anywhere_is_told(
        self, encrypted_database: Database, tmp_path: Path, helper: Callable[[str, str], None], point: str
    ) -> None:
        kept = Kept(tmp_path / "kept", encrypted_database.key)
        helper(point, "ENOSPC")
        with pytest.raises(errors.DiskFull):
            await kept.capture(encrypted_database)
        await put(encrypted_database, "still open")

    async def test_a_disk_that_is_really_full_is_told(
        self, either_database: Database, small_disk: Path, helper: Callable[[str, str], None]
    ) -> None:
        await put(either_database, "much", "x" * 4_000_000)
        helper("", "unseen")
        staging = small_disk / "staging"
        staging.mkdir()
        with pytest.raises(errors.DiskFull):
            await capture(either_database, staging, None)
        await put(either_database, "still open")

    async def test_a_disk_that_is_nearly_full_is_left_to_the_shop(
        self, either_database: Database, small_disk: Path
    ) -> None:
        with pytest.raises(errors.DiskFull, match="are needed"):
            await capture(either_database, small_disk, None)

    async def test_closing_the_shop_ends_it(
        self, either_database: Database, kept: Kept, helper: Callable[[str, str], None], tmp_path: Path
    ) -> None:
        """A restore that comes meanwhile does not wait for it."""
        there = tmp_path / "there"
        helper("capture.begun", f"halt:{there}")
        task = asyncio.create_task(kept.capture(either_database))
        await _until(there.exists)
        await either_database.close()
        with pytest.raises(errors.DatabaseClosed):
            await task

    async def test_cancelling_ends_it(
        self, either_database: Database, kept: Kept, helper: Callable[[str, str], None], tmp_path: Path
    ) -> None:
        there = tmp_path / "there"
        helper("capturing.block", f"halt:{there}")
        task = asyncio.create_task(kept.capture(either_database))
        await _until(there.exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Nobody holds the log any more.
        assert await either_database.run_in_thread(_fold_all, read_only=False)


class TestRawSnapshots:
    @pytest.mark.parametrize("fast", [True, False])
    async def test_it_is_verified_and_nothing_lies_beside_it(
        self, either_database: Database, tmp_path: Path, fast: bool
    ) -> None:
        await put(either_database, "one", "x" * 100_000)
        folder = tmp_path / "copies"
        folder.mkdir()
        stages: list[str] = []
        made = await make_snapshot(
            either_database,
            folder / "copy.db",
            method="snapshot",
            fast=fast,
            progress=lambda stage, _: stages.append(stage),
        )
        assert made.method == "snapshot"
        assert made.facts.row_counts == await either_database.run_in_thread(count_rows)
        with closing(made.open()) as connection:
            assert keys_of(connection) == ["one"]
        assert [path.name for path in folder.iterdir()] == ["copy.db"]
        assert made.path.stat().st_mode & 0o777 == 0o600
        assert {"copying", "verifying"} == set(stages)
        assert made.facts.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()

    async def test_pages_that_have_not_changed_have_the_same_bytes(
        self, either_database: Database, tmp_path: Path
    ) -> None:
        copies: list[bytes] = []
        for number in range(2):
            await put(either_database, f"number {number}")
            made = await make_snapshot(either_database, tmp_path / f"{number}.db", method="snapshot")
            copies.append(made.path.read_bytes())
        pages = range(0, len(copies[0]), 4096)
        differing = sum(copies[0][at : at + 4096] != copies[1][at : at + 4096] for at in pages)
        assert 0 < differing < 20 < len(pages)

    async def test_what_a_reader_keeps_in_the_log_is_in_it(self, either_database: Database, tmp_path: Path) -> None:
        with closing(await held_reader(either_database)):
            made = await make_snapshot(either_database, tmp_path / "copy.db", method="snapshot")
        assert made.method == "snapshot"
        assert made.facts.row_counts["settings"] == 1

    @pytest.mark.parametrize("bounds", [Bounds(log_bytes=1), Bounds(seconds=0.0)])
    async def test_where_the_shop_writes_too_much_it_is_compact_instead(
        self, either_database: Database, tmp_path: Path, bounds: Bounds
    ) -> None:
        with closing(await held_reader(either_database)):
            made = await make_snapshot(either_database, tmp_path / "copy.db", method="snapshot", bounds=bounds)
        assert made.method == "compact"
        assert made.facts.row_counts["settings"] == 1

    @pytest.mark.parametrize("point", ["capture.begun", "raw_copy.copying", "raw_copy.copied"])
    @pytest.mark.parametrize("what", ["kill", "ENOSPC", "EIO"])
    async def test_whatever_befalls_the_copy_nothing_is_left_and_the_shop_goes_on(
        self,
        encrypted_database: Database,
        tmp_path: Path,
        helper: Callable[[str, str], None],
        point: str,
        what: str,
    ) -> None:
        folder = tmp_path / "copies"
        folder.mkdir()
        helper(point, what)
        expected = {"kill": CaptureFailed, "ENOSPC": errors.DiskFull, "EIO": errors.StorageError}[what]
        with pytest.raises(expected):
            await make_snapshot(encrypted_database, folder / "copy.db", method="snapshot")
        assert [*folder.iterdir()] == []
        await put(encrypted_database, "still open")

    async def test_a_disk_that_is_really_full_is_told_and_left_clean(
        self,
        either_database: Database,
        small_disk: Path,
        helper: Callable[[str, str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await put(either_database, "much", "x" * 4_000_000)
        helper("", "unseen")
        monkeypatch.setattr("berrypod.storage.snapshot.require_space", lambda *_: None)
        with pytest.raises(errors.DiskFull):
            await make_snapshot(either_database, small_disk / "copy.db", method="snapshot")
        assert [*small_disk.iterdir()] == []

    async def test_pages_of_another_size_are_copied_the_other_way(self, settings: Settings, tmp_path: Path) -> None:
        with closing(dbapi2.connect(str(settings.database_path))) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("VACUUM")
        database = Database(settings)
        await database.open()
        try:
            made = await make_snapshot(database, tmp_path / "copy.db", method="snapshot")
            assert made.method == "compact"
            with pytest.raises(PagesUnfit, match="8,192"):
                await Kept(tmp_path / "kept", None).capture(database)
        finally:
            await database.close()

    async def test_the_sqlcipher_of_others_opens_it(self, encrypted_database: Database, tmp_path: Path) -> None:
        """It opens in write-ahead mode, with the passphrase alone."""
        made = await make_snapshot(encrypted_database, tmp_path / "copy.db", method="snapshot")
        elsewhere = str(shutil.copy(made.path, tmp_path / "elsewhere.db"))
        passphrase = encrypted_database.settings.secret_key_db
        assert passphrase
        with closing(dbapi2.connect(elsewhere)) as connection:
            connection.execute(f"PRAGMA key = '{passphrase.reveal()}'")
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("SELECT count(*) FROM settings").fetchone() == (0,)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["snapshot", "capture"])
async def test_under_load_each_copy_has_whole_transactions_alone(
    either_database: Database, kept: Kept, tmp_path: Path, method: str
) -> None:
    """Two writers in processes of their own: each transaction adds as many rows of the one kind as of the other."""
    database, stop = either_database, tmp_path / "stop"
    passphrase = database.settings.secret_key_db
    await database.run_in_thread(_make_load_tables, read_only=False)
    secret = passphrase.reveal() if passphrase else ""
    with (
        running(_WRITER, database.path, secret, stop) as first,
        running(_WRITER, database.path, secret, stop) as second,
    ):
        seen: list[int] = []
        for turn in range(8):
            fast = turn % 2 == 0
            if method == "capture":
                captured, page_map = await kept.capture(database, fast=fast)
                assert kept.check(page_map).whole
                path, told = kept.assembled(page_map), captured.row_counts
            else:
                made = await make_snapshot(database, tmp_path / f"{turn}.db", method="snapshot", fast=fast)
                assert made.method == "snapshot"
                path, told = made.path, dict(made.facts.row_counts)
            assert (await verify(path, passphrase)).row_counts == told
            assert told["load_one"] == told["load_two"]
            seen.append(told["load_one"])
        stop.touch()
        assert (first.wait(60), second.wait(60)) == (0, 0)
        assert seen == sorted(seen)
        assert seen[-1] > seen[0], "nobody has written"


_WRITER = """
import random, sys, time
from pathlib import Path
from berrypod.settings import Secret
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key

path, secret, stop = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
connection = open_connection(path, find_key(path, Secret(secret) if secret else None))
print(flush=True)
while not stop.exists():
    connection.execute("BEGIN IMMEDIATE")
    for _ in range(random.randrange(1, 40)):
        connection.execute("INSERT INTO load_one VALUES (randomblob(1000))")
        connection.execute("INSERT INTO load_two VALUES (1)")
    connection.execute("COMMIT")
    time.sleep(0.02)  # so that the file stays small
connection.close()
"""


def _make_load_tables(connection: dbapi2.Connection) -> None:
    connection.execute("CREATE TABLE load_one (content)")
    connection.execute("CREATE TABLE load_two (content)")


def _fold_all(connection: dbapi2.Connection) -> bool:
    busy, frames, folded = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and frames == folded


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)
