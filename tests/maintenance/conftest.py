"""A shop and a file that may take its place."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from berrypod.maintenance import Maintenance
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.files import file_mark
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.swap import Swap

MakeSwap = Callable[..., Swap]


@pytest.fixture
async def maintenance(database: Database) -> AsyncIterator[Maintenance]:
    maintenance = Maintenance(database)
    async with maintenance.watching():
        yield maintenance


def staged_beside(settings: Settings, source: Path, *, name: str = "staged.db", mark: str = "the new one") -> Path:
    """A copy of `source` with a setting that tells it apart, as a restore leaves it: no log, WAL mode."""
    staged = settings.database_path.with_name(name)
    shutil.copyfile(source, staged)
    connection = open_connection(staged, find_key(staged, settings.secret_key_db))
    connection.execute("INSERT INTO settings (key, value, updated_at) VALUES ('mark', ?, '2026-01-01')", (f'"{mark}"',))
    connection.close()
    return staged


def swap_to(staged: Path, key: Secret | None = None, **changes: object) -> Swap:
    plan: dict[str, object] = {
        "id": "20260102-030405-5eed",
        "operation": "restore",
        "staged": staged,
        "staged_key": find_key(staged, key) if key else None,
        "staged_mark": file_mark(staged),
        "former": staged.with_name("former") / "shop-1.db",
        "look": lambda _: None,
        "carry": lambda _live, _staged: None,
    }
    return Swap(**(plan | changes))  # pyright: ignore[reportArgumentType]


@pytest.fixture
def plan(settings: Settings, empty_shop_file: Path) -> Swap:
    """A plan to put a marked file in the place of the plain shop of `settings`."""
    return swap_to(staged_beside(settings, empty_shop_file))


def mark_of(path: Path, key: DatabaseKey | None = None) -> str | None:
    """What tells a file apart, read as another process would. Of a file that nobody has open."""
    connection = open_connection(path, key, read_only=True)
    try:
        row = connection.execute("SELECT value FROM settings WHERE key = 'mark'").fetchone()
    finally:
        connection.close()
    return row and str(row[0]).strip('"')
