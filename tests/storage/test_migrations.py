"""The history of the schema, and upgrading along it."""

from __future__ import annotations

import builtins
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.models import metadata
from tests.storage.making import keys_of, put
from tests.storage.processes import stopped_within

SECOND = '''
"""Tests of upgrades.

Revision ID: 0002
Revises: 0001
"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Rebuilds a table to which others refer.
    with op.batch_alter_table("products", recreate="always") as batch:
        batch.add_column(sa.Column("colour", sa.String(), nullable=False, server_default="plum"))
    {then}
'''


@pytest.fixture
def second_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This program, one revision later. The file of the new revision, to be written by `make_second`."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    schema.known_revisions.cache_clear()
    yield folder / "versions" / "0002_second.py"
    schema.known_revisions.cache_clear()


def make_second(path: Path, then: str = "pass") -> None:
    path.write_text(SECOND.format(then=then))


async def fill(settings: Settings) -> None:
    """Products, variants and a setting, by this program."""
    database = Database(settings)
    await database.open()
    await put(database, "a")
    await database.run_in_thread(_insert_products, read_only=False)
    await database.close()


def _insert_products(driver: dbapi2.Connection) -> None:
    now = "2026-01-01"
    for number in range(1, 4):
        driver.execute(
            "INSERT INTO products (id, slug, title, summary, description, category, status, position, created_at,"
            " updated_at) VALUES (?, ?, 'T', '', '', '', 'active', 0, ?, ?)",
            (number, f"p{number}", now, now),
        )
        driver.execute(
            "INSERT INTO product_variants (product_id, sku, title, options, price_minor, stock, position, created_at,"
            " updated_at) VALUES (?, ?, '', '{}', 1, 1, 0, ?, ?)",
            (number, f"S{number}", now, now),
        )


def look(settings: Settings) -> dict[str, Any]:
    """The revision and the rows, by the driver alone."""
    connection = open_connection(
        settings.database_path, find_key(settings.database_path, settings.secret_key_db), read_only=True
    )
    try:
        return {
            "revision": schema.revision_of(connection),
            "keys": keys_of(connection),
            "variants": connection.execute("SELECT count(*) FROM product_variants").fetchone()[0],
            "columns": {row[1] for row in connection.execute("PRAGMA table_info(products)")},
            "check": connection.execute("PRAGMA integrity_check").fetchone()[0],
        }
    finally:
        connection.close()


def test_models_and_migrations_agree(empty_shop_file: Path) -> None:
    """What `alembic check` does: nothing is left to generate."""
    engine = create_engine("sqlite://", module=dbapi2, creator=lambda: open_connection(empty_shop_file, None))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, metadata)
            if getattr(difference[1], "name", None) != schema.VERSION_TABLE
        ]
    engine.dispose()
    assert differences == []


def test_the_checks_and_the_actions_on_deletion_agree_too(empty_shop_file: Path) -> None:
    """`alembic check` does not look at them: compare what SQLite stores with what the models would make."""
    made = dbapi2.connect(":memory:")
    engine = create_engine("sqlite://", module=dbapi2, creator=lambda: made)
    metadata.create_all(engine)
    migrated = open_connection(empty_shop_file, None)
    for table in metadata.tables:
        assert _definition(migrated, table) == _definition(made, table)
    migrated.close()
    engine.dispose()


def _definition(connection: dbapi2.Connection, table: str) -> dict[str, object]:
    create = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    indexes = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
    )
    return {
        "columns": connection.execute(f"PRAGMA table_info({table})").fetchall(),
        "references": sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})")),
        "checks": sorted(line.strip(" ,\t") for line in create.splitlines() if "CHECK" in line),
        "indexes": sorted(" ".join(sql.split()) for (sql,) in indexes),
    }


def test_the_history_is_one_line_and_alembic_reads_the_same_from_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    newest_first = list(ScriptDirectory.from_config(config).walk_revisions())
    assert schema.known_revisions() == tuple(script.revision for script in reversed(newest_first))
    assert schema.known_revisions()[0] == "0001"
    assert schema.head() == schema.known_revisions()[-1]


@pytest.mark.parametrize("kind", ["plain", "encrypted"])
async def test_an_older_file_is_refused_then_upgraded_with_all_its_rows(
    settings: Settings, encrypted_settings: Settings, second_revision: Path, kind: str
) -> None:
    chosen = settings if kind == "plain" else encrypted_settings
    await fill(chosen)
    before = look(chosen)
    make_second(second_revision)
    schema.known_revisions.cache_clear()

    with pytest.raises(errors.SchemaOlder) as caught:
        await Database(chosen).open()
    assert "berrypod db upgrade" in caught.value.hint
    assert look(chosen) == before

    assert schema.upgrade(chosen.database_path, chosen.secret_key_db) == ("0001", "0002")
    after = look(chosen)
    assert after["revision"] == "0002"
    assert (after["keys"], after["variants"], after["check"]) == (["a"], 3, "ok")
    assert "colour" in after["columns"]
    database = Database(chosen)
    await database.open()
    await database.close()
    assert schema.upgrade(chosen.database_path, chosen.secret_key_db) == ("0002", "0002")


async def test_an_upgrade_that_fails_leaves_the_file_as_it_was(settings: Settings, second_revision: Path) -> None:
    await fill(settings)
    before = look(settings)
    make_second(second_revision, "op.execute('INSERT INTO nowhere VALUES (1)')")
    schema.known_revisions.cache_clear()
    with pytest.raises(errors.StorageError, match="no such table"):
        schema.upgrade(settings.database_path, None)
    assert look(settings) == before


async def test_an_upgrade_that_leaves_rows_without_their_row_is_undone(
    settings: Settings, second_revision: Path
) -> None:
    """Foreign keys are off while tables are rebuilt, so they are checked before the upgrade is committed."""
    await fill(settings)
    before = look(settings)
    make_second(second_revision, "op.execute('DELETE FROM products WHERE id = 2')")
    schema.known_revisions.cache_clear()
    with pytest.raises(errors.StorageError, match="refer"):
        schema.upgrade(settings.database_path, None)
    assert look(settings) == before


async def test_an_upgrade_that_is_killed_leaves_the_file_as_it_was(settings: Settings, second_revision: Path) -> None:
    await fill(settings)
    before = look(settings)
    make_second(second_revision, "import builtins; builtins.stop()")
    schema.known_revisions.cache_clear()

    def work(stop: Callable[..., object]) -> None:
        setattr(builtins, "stop", stop)  # noqa: B010 - the type checker knows the builtins
        schema.upgrade(settings.database_path, None)

    with stopped_within(work):
        pass
    assert look(settings) == before


async def test_a_newer_file_is_not_upgraded(settings: Settings) -> None:
    connection = open_connection(settings.database_path, None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(errors.SchemaNewer) as caught:
        schema.upgrade(settings.database_path, None)
    assert caught.value.hint
    with pytest.raises(errors.SchemaNewer):
        await Database(settings).open()


def test_what_cannot_be_opened_is_not_upgraded_and_nothing_is_made(
    tmp_path: Path, encrypted_settings: Settings
) -> None:
    with pytest.raises(errors.DatabaseMissing):
        schema.upgrade(tmp_path / "nothing" / "shop.db", None)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(errors.DatabaseMissing):
        schema.upgrade(tmp_path / "nothing.db", None)
    assert not (tmp_path / "nothing.db-lock").exists()
    with pytest.raises(errors.WrongKey):
        schema.upgrade(encrypted_settings.database_path, Secret("a wrong key, as long as a right one is"))
