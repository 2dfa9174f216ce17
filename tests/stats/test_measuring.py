"""Sizes and rows are exact, add up, and reading them changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from berrypod_stats import helper, measurement
from berrypod_stats.helper import MeasurementError, measure
from berrypod_stats.wire import Measured, Question, RawKey

from berrypod.maintenance import Maintenance
from berrypod.storage.database import Database
from berrypod.storage.gate import Gate

from .conftest import ShopFile

MakeFile = Callable[..., ShopFile]

# Page by page, not aggregated; in a process of its own, as everything that loads a second SQLite library.
DBSTAT = """
import apsw, json, sys
path, key = json.loads(sys.stdin.read())
connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
if key:
    connection.execute("PRAGMA cipher = 'sqlcipher'; PRAGMA legacy = 4").fetchall()
    connection.execute(f"PRAGMA key = 'raw:{key}'")
statement = "SELECT name, count(*), sum(pgsize), sum(unused) FROM dbstat GROUP BY name"
rows = connection.execute(statement).fetchall()
print(json.dumps([rows, connection.pragma("page_count"), connection.pragma("freelist_count")]))
"""


def dbstat(file: ShopFile) -> tuple[dict[str, tuple[int, int, int]], int, int]:
    key = file.key and file.key.derived.hex() + file.key.salt.hex()
    done = subprocess.run(
        [sys.executable, "-c", DBSTAT],
        input=json.dumps([str(file.path), key]),
        capture_output=True,
        text=True,
        check=True,
    )
    rows, pages, free = json.loads(done.stdout)
    return {name: (count, size, unused) for name, count, size, unused in rows}, pages, free


async def ask(question: Question) -> Measured:
    return await measure(question, timeout_seconds=120)


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
async def test_equals_dbstat_of_the_same_file(make_file: MakeFile, encrypted: bool) -> None:
    """Each b-tree has the pages, bytes and unused bytes that dbstat gives, and each table its rows."""
    file = make_file(encrypted=encrypted)

    measured = await ask(file.question)

    expected, page_count, free_pages = dbstat(file)
    assert {tree.name: (tree.pages, tree.size_bytes, tree.unused_bytes) for tree in measured.btrees} == expected
    assert (measured.page_count, measured.free_pages) == (page_count, free_pages)
    assert free_pages > 60
    for table, rows in measured.rows.items():
        quoted = table.replace('"', '""')
        assert file.connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone() == (rows,)
    assert set(measured.rows) == {tree.table for tree in measured.btrees}


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
async def test_all_pages_are_accounted_for(make_file: MakeFile, encrypted: bool) -> None:
    """Tables, indexes, schema and free pages together are the file, to the byte."""
    file = make_file(encrypted=encrypted)
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    measured = await ask(file.question)

    trees = sum(tree.size_bytes for tree in measured.btrees)
    assert measured.other_pages == 0
    assert trees + measured.free_pages * measured.page_size == measured.size_bytes == file.path.stat().st_size


async def test_pointer_maps_are_the_other_pages(make_file: MakeFile) -> None:
    """A file with auto_vacuum has pages that belong to no b-tree: they are counted apart, never lost."""
    file = make_file(encrypted=False, pragma="PRAGMA auto_vacuum = INCREMENTAL")

    measured = await ask(file.question)

    assert measured.other_pages == 1
    trees = sum(tree.pages for tree in measured.btrees)
    assert trees + measured.free_pages + measured.other_pages == measured.page_count


async def test_indexes_belong_to_their_tables(make_file: MakeFile) -> None:
    """Named indexes and those that SQLite makes by itself are known with their table."""
    measured = await ask(make_file().question)

    indexes = {tree.name: tree.table for tree in measured.btrees if tree.kind == "index"}
    assert indexes == {
        "sqlite_autoindex_products_1": "products",
        "sqlite_autoindex_images_1": "images",
        "images_by_size": "images",
    }


async def test_the_bytes_tell_whether_it_is_encrypted(make_file: MakeFile) -> None:
    """Encryption is what the first page says: SQLCipher's HMAC of it, or SQLite's plain header."""
    encrypted = await ask(make_file(name="a.db").question)
    plain = await ask(make_file(name="b.db", encrypted=False).question)

    assert (encrypted.header, encrypted.cipher_proven) == ("not plain", True)
    assert (plain.header, plain.cipher_proven) == ("plain", False)


async def test_reading_a_log_that_nobody_has_open_changes_nothing(make_file: MakeFile, tmp_path: Path) -> None:
    """After a crash the log holds committed rows: they are counted, and file and log keep every byte."""
    file = make_file()
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    file.connection.execute("INSERT INTO nothing_yet DEFAULT VALUES")
    copy = tmp_path / "crashed.db"
    for ending in ("", "-wal"):
        shutil.copyfile(file.beside(ending), copy.with_name(copy.name + ending))
    crashed = ShopFile(copy, file.key, file.connection)
    before = {ending: digest(crashed.beside(ending)) for ending in ("", "-wal")}

    measured = await ask(crashed.question)

    assert measured.rows["nothing_yet"] == 1
    assert {ending: digest(crashed.beside(ending)) for ending in ("", "-wal")} == before


def digest(path: Path) -> tuple[int, str]:
    return path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()


async def test_beside_a_writer(make_file: MakeFile) -> None:
    """Ten measurements while rows are committed: each adds up, no writer is disturbed, no row is lost."""
    file = make_file()
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            file.connection.execute("INSERT INTO nothing_yet DEFAULT VALUES")
            written += 1
            if written % 50 == 0:
                file.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        counts: list[int] = []
        for _ in range(10):
            before = written
            measured = await ask(file.question)
            counts.append(measured.rows["nothing_yet"])
            assert measured.other_pages == 0
            assert before <= counts[-1] <= written + 1
    finally:
        stop.set()
        thread.join()
    assert counts == sorted(counts)
    assert file.connection.execute("SELECT count(*) FROM nothing_yet").fetchone() == (written,)
    assert file.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def refusal(question: Question) -> str:
    with pytest.raises(MeasurementError) as caught:
        await ask(question)
    assert caught.value.hint
    assert "Traceback" not in caught.value.message
    return caught.value.reason


async def test_each_unreadable_file_has_its_own_words(make_file: MakeFile, tmp_path: Path) -> None:
    """Wrong key, no key, needless key, no file, empty file and damage are told apart."""
    file = make_file()
    plain = make_file(encrypted=False, name="plain.db")
    assert file.key is not None
    key = RawKey(file.key.derived.hex(), file.key.salt.hex())
    empty = tmp_path / "empty.db"
    empty.touch()

    assert await refusal(Question(str(file.path), RawKey("00" * 32, key.salt))) == "wrong_key"
    assert await refusal(Question(str(file.path))) == "key_missing"
    assert await refusal(Question(str(plain.path), key)) == "key_not_needed"
    assert await refusal(Question(str(tmp_path / "none.db"), key)) == "file_gone"
    assert await refusal(Question(str(empty), key)) == "file_empty"
    assert empty.stat().st_size == 0


async def test_damage_is_named(make_file: MakeFile) -> None:
    """A page that was overwritten is damage, not a wrong key."""
    file = make_file()
    file.connection.close()
    with file.path.open("r+b") as opened:
        opened.seek(4096 * 3)
        opened.write(bytes(4096 * 20))

    assert await refusal(file.question) == "database_damaged"


async def test_who_has_the_file_alone_is_not_disturbed(make_file: MakeFile) -> None:
    """During an upgrade, a restore or a change of key nothing is read: the gate is respected."""
    file = make_file()
    with Gate(file.path).alone():
        assert await refusal(file.question) == "database_locked"
    await ask(file.question)


async def test_a_measurement_ends_when_somebody_must_have_the_file_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process holds the gate, and may take minutes: a restore does not wait for it."""
    waits = "import sys; sys.stdin.readline(); sys.stdin.readline()"
    monkeypatch.setattr(helper, "COMMAND", [sys.executable, "-c", waits])
    measuring = asyncio.create_task(measurement.take(database, now=datetime.now(UTC)))
    await asyncio.sleep(0)  # It has begun.

    async with Maintenance(database).alone("restore"):
        with pytest.raises(MeasurementError, match="being replaced"):
            await measuring

    assert await database.fetch(lambda driver: driver.execute("SELECT 1").fetchone()) == (1,)
