"""What all tests share: a shop in a folder of its own, unencrypted unless encryption is what is tested."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.database import Database

KEY = Secret("the key of the tests, long enough for production")


@pytest.fixture(scope="session")
def empty_shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty plain shop, made once: a copy costs a millisecond, creating one a tenth of a second."""
    path = tmp_path_factory.mktemp("empty") / "shop.db"
    schema.create(path, None)
    return path


@pytest.fixture(scope="session")
def empty_encrypted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, encrypted with `KEY`."""
    path = tmp_path_factory.mktemp("encrypted") / "shop.db"
    schema.create(path, KEY)
    return path


@pytest.fixture
def settings(tmp_path: Path, empty_shop_file: Path) -> Settings:
    path = tmp_path / "shop.db"
    shutil.copyfile(empty_shop_file, path)
    return Settings(environment="test", database_path=path)


@pytest.fixture
def encrypted_settings(tmp_path: Path, empty_encrypted_file: Path) -> Settings:
    path = tmp_path / "encrypted.db"
    shutil.copyfile(empty_encrypted_file, path)
    return Settings(environment="test", database_path=path, secret_key_db=KEY)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    yield database
    await database.close()
