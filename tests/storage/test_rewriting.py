"""The file under another key is the file: whatever was written while it was copied, and however."""

from __future__ import annotations

import hmac
import os
import struct
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlcipher3 import dbapi2

from berrypod.errors import DatabaseDamaged, StorageError
from berrypod.settings import Secret
from berrypod.storage import rewriting
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.reencryption import Reencryption
from berrypod.storage.rewriting import CannotKeepUp, Rewriting
from berrypod.storage.standstill import Bounds
from tests.conftest import KEY

OLD = DatabaseKey.derive(KEY, bytes(range(16)))
NEW_PASSPHRASE = Secret("the key that comes after it, as long as the other")
NEW = DatabaseKey.derive(NEW_PASSPHRASE, bytes(range(100, 116)))

Rows = list[tuple[int, int, bytes]]


class Shop:
    """A small database with a writer, which has a page cache so small that big transactions spill into the log."""

    def __init__(self, folder: Path, auto_vacuum: str = "NONE") -> None:
        self.path, self.target = folder / "shop.db", folder / "new.db"
        connection = open_connection(self.path, OLD, create=True)
        connection.execute(f"PRAGMA auto_vacuum = {auto_vacuum}")
        connection.execute("VACUUM")
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER, content BLOB)")
        connection.execute("CREATE INDEX things_n ON things (n, length(content))")
        connection.close()
        self.writer = open_connection(self.path, OLD)
        self.writer.execute("PRAGMA cache_size = 10")
        self.put(30, 3000)

    def put(self, count: int, size: int, end: str = "COMMIT") -> None:
        self.writer.execute("BEGIN IMMEDIATE")
        self.writer.executemany(
            "INSERT INTO things (n, content) VALUES (abs(random() % 1000), randomblob(?))", [(size,)] * count
        )
        # Pages that were spilled are changed once more: their frames are written over.
        self.writer.execute("UPDATE things SET n = n + 1 WHERE id % 3 = 0")
        self.writer.execute(end)

    def take(self, share: int) -> None:
        self.writer.execute("DELETE FROM things WHERE id % ? = 0", (share,))

    def vacuum(self) -> None:
        with suppress(dbapi2.OperationalError):  # a reader of before
            self.writer.execute("VACUUM")


def rows(path: Path, key: DatabaseKey) -> Rows:
    opened = open_immutable(path, key) if key is NEW else open_connection(path, key)
    with closing(opened) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []
        return connection.execute("SELECT id, n, content FROM things ORDER BY id").fetchall()


@contextmanager
def rewritten(shop: Shop, bounds: Bounds | None = None) -> Generator[Rewriting]:
    work = Rewriting(shop.path, OLD, shop.target, NEW, bounds or Bounds())
    try:
        work.begin()
        yield work
    finally:
        work.close()
        shop.writer.close()
        work.close_files()


def nobody(_: float) -> None:
    """Nobody wants to know."""


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 40), st.sampled_from([10, 900, 5000, 40_000])),
    st.tuples(st.just("in vain"), st.integers(1, 40), st.sampled_from([10, 5000, 40_000])),
    st.tuples(st.just("take"), st.integers(1, 4), st.none()),
    st.tuples(st.just("vacuum"), st.none(), st.none()),
    st.tuples(st.just("checkpoint"), st.sampled_from(["PASSIVE", "TRUNCATE"]), st.none()),
    st.tuples(st.just("catch up"), st.none(), st.none()),
)


@settings(max_examples=25)
@given(
    before=st.lists(STEPS, max_size=3),
    meanwhile=st.lists(STEPS, max_size=8),
    auto_vacuum=st.sampled_from(["NONE", "FULL", "INCREMENTAL"]),
    reader=st.booleans(),
)
def test_the_new_file_has_what_the_old_one_has_whatever_is_written_meanwhile(
    before: list[tuple[str, object, object]],
    meanwhile: list[tuple[str, object, object]],
    auto_vacuum: str,
    reader: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), auto_vacuum)
        for step in before:
            _do(shop, step, None)
        with rewritten(shop) as work:
            other = open_connection(shop.path, OLD, read_only=True)
            if reader:  # With one at the log's end, the first writer goes on in the log as it is.
                other.execute("BEGIN")
                other.execute("SELECT count(*) FROM things").fetchone()
            half = len(meanwhile) // 2
            for step in meanwhile[:half]:
                _do(shop, step, None)
            work.copy(nobody)
            for step in meanwhile[half:]:
                _do(shop, step, work)
            other.close()
            level = work.finish()
        assert rows(shop.target, NEW) == rows(shop.path, OLD)
        assert shop.target.stat().st_size == level.pages * PAGE_BYTES


def _do(shop: Shop, step: tuple[str, object, object], work: Rewriting | None) -> None:
    match step:
        case ("put", int(count), int(size)):
            shop.put(count, size)
        case ("in vain", int(count), int(size)):
            shop.put(count, size, "ROLLBACK")
        case ("take", int(share), _):
            shop.take(share)
        case ("vacuum", _, _):
            shop.vacuum()
        case ("checkpoint", str(kind), _):
            shop.writer.execute("PRAGMA busy_timeout = 1")
            with suppress(dbapi2.OperationalError):
                shop.writer.execute(f"PRAGMA wal_checkpoint({kind})").fetchone()
        case _:
            if work is not None:
                work.catch_up(nobody)


def test_the_new_file_opens_with_the_new_passphrase_alone(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with rewritten(shop) as work:
        work.copy(nobody)
        work.finish()
    first = shop.target.read_bytes()[:PAGE_BYTES]
    assert first[:16] == NEW.salt
    assert DatabaseKey.derive(NEW_PASSPHRASE, first[:16]).authenticates(first, 1)
    assert not OLD.authenticates(first, 1)
    assert shop.target.stat().st_mode & 0o777 == 0o600


def test_no_two_pages_have_the_same_vector() -> None:
    page = Reencryption(OLD, NEW)
    pages = [page.page(_under_the_old_key(number), number) for number in range(2, 200)]
    assert len({one[4016:4032] for one in pages}) == len(pages)


def _under_the_old_key(number: int) -> bytes:
    sealed = bytes([number % 251]) * 4032
    return sealed + hmac.digest(OLD.page_hmac_key, sealed + struct.pack("<I", number), "sha512")


def test_a_damaged_page_is_named_and_stops_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    shop.writer.close()
    content = bytearray(shop.path.read_bytes())
    content[6 * PAGE_BYTES + 1000] ^= 1
    shop.path.write_bytes(content)
    shop.writer = open_connection(shop.path, OLD)
    with rewritten(shop) as work, pytest.raises(DatabaseDamaged, match="Page 7 "):
        work.copy(nobody)


def test_a_log_that_grows_too_long_ends_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with rewritten(shop, Bounds(log_bytes=1_000_000)) as work:
        shop.put(40, 40_000)
        with pytest.raises(CannotKeepUp, match="MB"):
            work.copy(nobody)


def test_a_shop_that_writes_all_the_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    monkeypatch.setattr(rewriting, "_LEVEL_PAGES", 0)
    with rewritten(shop) as work:
        work.copy(nobody)
        shop.put(1, 10)
        with pytest.raises(CannotKeepUp):
            work.catch_up(lambda _: shop.put(1, 10))


def test_a_file_that_did_not_stand_still_is_not_believed(tmp_path: Path) -> None:
    """It cannot be, with the gate held."""
    shop = Shop(tmp_path)
    with rewritten(shop) as work:
        work.copy(nobody)
        os.utime(shop.path)
        with pytest.raises(StorageError, match="changed in the last moment"):
            work.finish()


def test_a_file_that_was_replaced_meanwhile_is_not_believed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with rewritten(shop) as work:
        work.copy(nobody)
        another = tmp_path / "another.db"
        another.write_bytes(b"another shop")
        another.rename(shop.path)
        with pytest.raises(StorageError, match="changed in the last moment"):
            work.finish()
