"""A page is damaged that opening does not need: found when it is touched, and by the check."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.integrity import problems
from berrypod.storage.keys import PAGE_BYTES
from tests.conftest import KEY


@pytest.fixture
def with_damage(encrypted_settings: Settings) -> Settings:
    """A leaf of `settings` is damaged."""
    path = encrypted_settings.database_path
    writer = open_connection(path, find_key(path, KEY))
    writer.executemany("INSERT INTO settings VALUES (?, ?, '2026-01-01')", [(f"k{n}", "v" * 500) for n in range(200)])
    writer.close()
    with path.open("r+b") as file:
        file.seek(-PAGE_BYTES + 50, os.SEEK_END)
        file.write(os.urandom(8))
    return encrypted_settings


async def test_it_is_told_when_it_is_touched_by_whichever_way(with_damage: Settings) -> None:
    database = Database(with_damage)
    await database.open()
    with pytest.raises(errors.DatabaseDamaged):
        await database.fetch(_read_all)
    with pytest.raises(errors.DatabaseDamaged):
        await database.run_in_thread(_read_all)
    for use in (database.read, database.write):
        with pytest.raises(errors.DatabaseDamaged):
            async with use() as session:
                await session.execute(text("SELECT sum(length(value)) FROM settings"))
    await database.close()


async def test_the_rest_of_the_shop_goes_on(with_damage: Settings) -> None:
    """The connection that met it fails good pages too: it must be gone."""
    database = Database(with_damage)
    await database.open()
    for _ in range(5):
        with pytest.raises(errors.DatabaseDamaged):
            await database.fetch(_read_all)
        products = await database.fetch(lambda driver: driver.execute("SELECT count(*) FROM products").fetchone())
        assert products == (0,)
    await database.close()


def test_the_check_finds_it(with_damage: Settings) -> None:
    assert any("page" in problem for problem in _check(with_damage.database_path))


def test_a_whole_file_has_no_problems(empty_encrypted_file: Path, empty_shop_file: Path) -> None:
    assert _check(empty_encrypted_file) == []
    connection = open_connection(empty_shop_file, None, read_only=True)
    assert problems(connection, encrypted=False) == []
    connection.close()


def test_a_row_that_refers_to_nothing_is_a_problem(settings: Settings) -> None:
    connection = open_connection(settings.database_path, None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO product_variants (product_id, sku, title, options, price_minor, stock, position, created_at,"
        " updated_at) VALUES (4711, 'S', '', '{}', 1, 1, 1, '2026-01-01', '2026-01-01')"
    )
    assert problems(connection, encrypted=False) == [
        "a row of product_variants refers to a row of products that is not there"
    ]
    assert problems(connection, encrypted=False, thorough=False) == []
    connection.close()


def _check(path: Path) -> list[str]:
    connection = open_connection(path, find_key(path, KEY), read_only=True)
    try:
        return problems(connection, encrypted=True)
    finally:
        connection.close()


def _read_all(driver: dbapi2.Connection) -> object:
    return driver.execute("SELECT sum(length(value)) FROM settings").fetchone()
