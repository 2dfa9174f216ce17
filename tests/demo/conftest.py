"""One small demo shop for all tests: the whole of it, its pictures a tenth of their size each way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from berrypod.demo.counts import DemoCounts
from berrypod.demo.filling import fill_shop
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.database import Database

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


class FilledShop(NamedTuple):
    """A filled file, what `fill` said of it, and the shares that it told of its progress."""

    settings: Settings
    counts: DemoCounts
    shares: list[float]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FilledShop:
    path: Path = tmp_path_factory.mktemp("demo") / "shop.db"
    schema.create(path, None)
    settings = Settings(environment="test", database_path=path)
    shares: list[float] = []

    async def make() -> DemoCounts:
        database = Database(settings)
        await database.open()
        try:
            return await fill_shop(database, now=NOW, progress=shares.append, pixels=0.06)
        finally:
            await database.close()

    return FilledShop(settings, asyncio.run(make()), shares)
