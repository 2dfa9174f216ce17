"""A shop with a few things in it; see `making`."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from berrypod.events import Event
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.storage.database import Database
from tests.shop.making import stock_shop


@pytest.fixture(scope="session")
def stocked_file(tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Path) -> Path:
    """Filled once and copied for each test."""
    path = tmp_path_factory.mktemp("stocked") / "shop.db"
    shutil.copyfile(empty_shop_file, path)

    async def fill() -> None:
        database = Database(Settings(environment="test", database_path=path))
        await database.open()
        await stock_shop(Shop(database))
        await database.close()

    asyncio.run(fill())
    return path


@pytest.fixture
async def database(tmp_path: Path, stocked_file: Path) -> AsyncIterator[Database]:
    path = tmp_path / "shop.db"
    shutil.copyfile(stocked_file, path)
    database = Database(Settings(environment="test", database_path=path))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def events() -> list[Event]:
    """What the shop told its observers, in order."""
    return []


@pytest.fixture
def stocked(database: Database, events: list[Event]) -> Shop:
    return Shop(database, emit=events.append)
