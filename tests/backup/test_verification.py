"""A backup is good if a shop could be restored from it by the file and the passphrase alone; anything else is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import schema, verification
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key, identify
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.snapshot import make_snapshot
from berrypod.storage.verification import JournalBeside, verify
from tests.backup.making import grow, holds, opened
from tests.conftest import KEY


@pytest.fixture
async def backup(encrypted_settings: Settings, tmp_path: Path) -> Path:
    """An encrypted one, in a folder of its own, with pages of every kind."""
    grow(encrypted_settings, 0.2)
    target = tmp_path / "backups" / "copy.db"
    target.parent.mkdir()
    async with opened(encrypted_settings) as database:
        await make_snapshot(database, target)
    return target


async def test_a_good_one_is_known_to_its_last_row(backup: Path) -> None:
    facts = await verify(backup, KEY)
    assert facts.schema_revision == schema.head()
    assert facts.row_counts["images"] == 2
    assert facts.size_bytes == facts.page_count * PAGE_BYTES == backup.stat().st_size
    assert facts.encrypted
    assert "key" not in repr(facts)


async def test_it_is_not_changed_and_nothing_appears_beside_it(backup: Path) -> None:
    before = backup.read_bytes(), backup.stat().st_mtime_ns
    await verify(backup, KEY)
    assert (backup.read_bytes(), backup.stat().st_mtime_ns) == before
    assert holds(backup.parent) == ["copy.db"]


async def test_one_flipped_bit_is_found_in_whichever_page_and_the_page_is_named(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its content, its initialisation vector or its HMAC.

    So SQLCipher's own check, which takes longer than SQLite's, need not run where no page is free.
    """
    key = identify(backup, KEY)
    monkeypatch.setattr(verification, "identify", lambda *_: key)  # deriving it for each page would take long
    content = backup.read_bytes()
    for page in range(len(content) // PAGE_BYTES):
        for place in (40, PAGE_BYTES - 70, PAGE_BYTES - 5):
            damaged = bytearray(content)
            damaged[page * PAGE_BYTES + place] ^= 1
            backup.write_bytes(damaged)
            with pytest.raises(errors.DatabaseDamaged, match=f"damaged: page {page + 1}$"):
                await verify(backup, KEY)


async def test_damage_in_a_free_page_is_found_too(encrypted_settings: Settings) -> None:
    """A copy made by another program may have free pages, which SQLite's check does not read."""
    grow(encrypted_settings, 0.5)
    path = encrypted_settings.database_path
    connection = open_connection(path, find_key(path, KEY))
    connection.execute("DELETE FROM images")
    connection.close()
    assert (await verify(path, KEY)).row_counts["images"] == 0
    with path.open("r+b") as file:
        file.seek(-PAGE_BYTES + 50, os.SEEK_END)
        file.write(b"12345678")
    with pytest.raises(errors.DatabaseDamaged, match="damaged: page"):
        await verify(path, KEY)


@pytest.mark.parametrize("change", [-PAGE_BYTES, -3 * PAGE_BYTES, -100, 100, PAGE_BYTES])
async def test_what_is_cut_off_or_too_long_is_damaged(backup: Path, change: int) -> None:
    content = backup.read_bytes()
    backup.write_bytes(content[:change] if change < 0 else content + os.urandom(change))
    with pytest.raises(errors.DatabaseDamaged):
        await verify(backup, KEY)


async def test_the_wrong_key_is_told(backup: Path) -> None:
    with pytest.raises(errors.WrongKey):
        await verify(backup, Secret("another key, just as long as the one of the tests"))
    with pytest.raises(errors.KeyMissing):
        await verify(backup, None)


async def test_a_plain_one_needs_no_key_and_takes_none(settings: Settings) -> None:
    facts = await verify(settings.database_path, None)
    assert not facts.encrypted
    with pytest.raises(errors.KeyNotNeeded):
        await verify(settings.database_path, KEY)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", errors.DatabaseEmpty),
        (b"short", errors.NotADatabase),
        (b"a letter to a friend\n" * 1000, errors.NotADatabase),
    ],
)
async def test_what_is_no_database_is_told(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(error):
        await verify(tmp_path / "x.db", KEY)


async def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.DatabaseMissing):
        await verify(tmp_path / "x.db", KEY)


async def test_another_programs_database_is_told(tmp_path: Path) -> None:
    connection = dbapi2.connect(str(tmp_path / "x.db"))
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    with pytest.raises(errors.ForeignDatabase):
        await verify(tmp_path / "x.db", None)


async def test_a_row_that_refers_to_nothing_is_damage(settings: Settings) -> None:
    """A restore would refuse it; so it is no backup."""
    connection = open_connection(settings.database_path, None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
        " VALUES (7, 7, '', 0, '2026-01-01', '2026-01-01')"
    )
    connection.close()
    with pytest.raises(errors.DatabaseDamaged, match="refers to a row of"):
        await verify(settings.database_path, None)


async def test_a_file_in_use_is_not_taken_for_a_backup(encrypted_settings: Settings) -> None:
    """What was committed last is in the log beside it."""
    async with opened(encrypted_settings) as database:
        async with database.write() as session:
            await session.connection()
            await session.execute(text("INSERT INTO settings VALUES ('a', '1', '2026-01-01')"))
        with pytest.raises(JournalBeside, match="-wal lies beside"):
            await verify(encrypted_settings.database_path, KEY)


async def test_one_that_waits_in_a_read_only_place_can_be_verified(backup: Path, tmp_path: Path) -> None:
    copy = tmp_path / "read only" / "copy.db"
    copy.parent.mkdir()
    shutil.copyfile(backup, copy)
    copy.chmod(0o400)
    copy.parent.chmod(0o500)
    try:
        assert (await verify(copy, KEY)).encrypted
    finally:
        copy.parent.chmod(0o700)
