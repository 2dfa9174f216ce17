"""Is it a shop's, whole and nothing else; and which version of Berrypod is it from?"""

from __future__ import annotations

from pathlib import Path

import pytest

import berrypod
from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import origin
from berrypod.storage.connection import open_connection, open_in_memory
from berrypod.storage.database import Database
from berrypod.storage.snapshot import make_snapshot
from berrypod.storage.structure import differences


def changed_by(settings: Settings, statements: str) -> list[str]:
    connection = open_connection(settings.database_path, None)
    try:
        connection.executescript(statements)
        return differences(connection)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ("", []),
        ("ANALYZE", []),
        ("CREATE INDEX by_city ON orders (city)", []),
        ("CREATE TABLE recipes (name)", ["the table recipes is not a shop's"]),
        ("CREATE VIEW buyers AS SELECT email FROM orders", ["the view buyers is not a shop's"]),
        (
            "CREATE TRIGGER spy AFTER INSERT ON orders BEGIN UPDATE settings SET value = new.email; END",
            ["the trigger spy is not a shop's"],
        ),
        ("CREATE UNIQUE INDEX one_each ON orders (email)", ["the index one_each is not a shop's"]),
        ("DROP INDEX ix_orders_status", ["the index ix_orders_status is missing"]),
        ("DROP TABLE login_attempts", ["the table login_attempts is missing"]),
        ("ALTER TABLE orders ADD COLUMN secret", ["the table orders has, and should not have, secret"]),
        (
            "ALTER TABLE orders RENAME COLUMN note TO remark",
            ["the table orders lacks note", "the table orders has, and should not have, remark"],
        ),
    ],
)
def test_what_does_not_belong_there_is_named_and_what_is_missing(
    settings: Settings, statements: str, told: list[str]
) -> None:
    found = changed_by(settings, statements)
    assert found == told


def test_another_programs_database_is_no_shop(settings: Settings) -> None:
    with pytest.raises(errors.ForeignDatabase):
        changed_by(settings, "DROP TABLE products")


def test_with_a_later_schema_there_is_nothing_to_compare(settings: Settings) -> None:
    with pytest.raises(errors.SchemaNewer):
        changed_by(settings, "UPDATE alembic_version SET version_num = '9999'")


def test_a_new_file_tells_the_version_that_made_it(settings: Settings) -> None:
    connection = open_connection(settings.database_path, None, read_only=True)
    assert origin.version_of(connection) == berrypod.__version__
    connection.close()


async def test_a_copy_tells_the_version_that_made_it_not_the_one_that_made_the_shop(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(settings)
    await database.open()
    monkeypatch.setattr(berrypod, "__version__", "0.9.4")
    made = await make_snapshot(database, tmp_path / "copy.db")
    await database.close()
    copy = made.open()
    assert origin.version_of(copy) == "0.9.4"
    copy.close()


def test_a_file_from_before_says_nothing_until_it_is_stamped(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = open_in_memory()
    assert origin.version_of(connection) is None
    monkeypatch.setattr(berrypod, "__version__", "12.34.567rc1")
    origin.stamp(connection)
    assert origin.version_of(connection) == "12.34.567"
    connection.close()
