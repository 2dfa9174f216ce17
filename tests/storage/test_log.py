"""Is the write-ahead log beside a file its own? SQLite believes any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import belongs, first_frame, log_path
from tests.conftest import KEY
from tests.storage.making import keys_of


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, DatabaseKey]:
    """A copy of a shop with an unfolded log, as a crash leaves it. One setting is in the log alone."""
    path, crashed = tmp_path / "shop.db", tmp_path / "crashed.db"
    schema.create(path, KEY)
    key = find_key(path, KEY)
    writer = open_connection(path, key)
    writer.execute("INSERT INTO settings VALUES ('in the log', '1', '2026-01-01')")
    shutil.copyfile(path, crashed)
    shutil.copyfile(log_path(path), log_path(crashed))
    writer.close()
    assert key is not None
    return crashed, key


def test_its_own_log_belongs_and_is_read(written: tuple[Path, DatabaseKey]) -> None:
    path, key = written
    frame = first_frame(log_path(path))
    assert frame is not None
    assert key.authenticates(frame.page, frame.page_number)
    assert belongs(path, key)
    connection = open_connection(path, find_key(path, KEY))
    assert keys_of(connection) == ["in the log"]
    connection.close()


def test_no_log_an_empty_one_and_rubbish_are_no_strangers(written: tuple[Path, DatabaseKey]) -> None:
    """SQLite ignores what fails its checksum, so there is nothing to refuse."""
    path, key = written
    log = log_path(path)
    whole = log.read_bytes()
    flipped = bytearray(whole)
    flipped[100] ^= 1
    for content in (b"", whole[:20], whole[:40], whole[:3000], b"x" * 10_000, bytes(flipped)):
        log.write_bytes(content)
        assert first_frame(log) is None
        assert belongs(path, key)
    log.unlink()
    assert belongs(path, key)


def test_the_log_of_another_file_with_the_same_passphrase_does_not_belong(
    written: tuple[Path, DatabaseKey], tmp_path: Path
) -> None:
    path, _ = written
    other = tmp_path / "other.db"
    schema.create(other, KEY)
    other_key = find_key(other, KEY)
    assert other_key is not None
    shutil.copyfile(log_path(path), log_path(other))
    assert not belongs(other, other_key)


def test_a_plain_log_beside_an_encrypted_file_does_not_belong(
    written: tuple[Path, DatabaseKey], tmp_path: Path
) -> None:
    """Also with another page size, whose frames have another length."""
    path, key = written
    for page_size in (4096, 1024, 65536):
        plain = tmp_path / f"plain-{page_size}.db"
        writer = dbapi2.connect(str(plain), isolation_level=None)
        writer.execute(f"PRAGMA page_size = {page_size}")
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (a)")
        shutil.copyfile(log_path(plain), log_path(path))
        writer.close()
        assert first_frame(log_path(path)) is not None
        assert not belongs(path, key)


def test_what_would_happen_otherwise(written: tuple[Path, DatabaseKey], tmp_path: Path) -> None:
    """The reason for all this: opening such a pair and closing it again destroys a good database."""
    stranger, _ = written
    path = tmp_path / "good.db"
    schema.create(path, KEY)
    key = find_key(path, KEY)
    shutil.copyfile(log_path(stranger), log_path(path))
    open_connection(path, key).close()
    with pytest.raises(dbapi2.DatabaseError):
        connection = open_connection(path, DatabaseKey.derive(Secret(KEY.reveal()), path.read_bytes()[:16]))
        connection.execute("SELECT * FROM settings").fetchall()
