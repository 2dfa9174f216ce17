"""A shop, encrypted and not, and an archive for it, here and elsewhere."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from berrypod.declarations import Snapshot
from berrypod.settings import Settings
from tests.archive.making import Keep, snapshot_of
from tests.conftest import KEY
from tests.faults.conftest import forks, quick_folder

__all__ = ["forks", "quick_folder"]


@pytest.fixture(scope="session")
def snapshots(
    tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Path, empty_encrypted_file: Path
) -> dict[bool, Snapshot]:
    """Of a shop that is encrypted, or not: made once."""
    made: dict[bool, Snapshot] = {}
    for encrypted, file in ((False, empty_shop_file), (True, empty_encrypted_file)):
        folder = tmp_path_factory.mktemp("snapshots")
        path = Path(shutil.copy(file, folder / "shop.db"))
        settings = Settings(environment="test", database_path=path, secret_key_db=KEY if encrypted else None)
        made[encrypted] = asyncio.run(snapshot_of(settings, folder / "snapshot.db"))
    return made


@pytest.fixture
def snapshot(snapshots: dict[bool, Snapshot]) -> Snapshot:
    """Of a plain shop."""
    return snapshots[False]


@pytest.fixture
def keep(settings: Settings, tmp_path: Path, snapshot: Snapshot) -> Keep:
    """On this machine, of a plain shop."""
    return Keep.of(settings, tmp_path / "archive", snapshot=snapshot)


def _of(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    where, kind = request.param.split()
    encrypted = kind == "encrypted"
    settings: Settings = request.getfixturevalue("encrypted_settings" if encrypted else "settings")
    snapshot = request.getfixturevalue("snapshots")[encrypted]
    return Keep.of(settings, tmp_path / "archive", elsewhere=where == "elsewhere", snapshot=snapshot)


@pytest.fixture(params=["here encrypted", "here plain", "elsewhere encrypted", "elsewhere plain"])
def any_keep(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    """Each test that takes it runs for archives here and elsewhere, of encrypted shops and plain ones."""
    return _of(request, tmp_path)


@pytest.fixture(params=["here encrypted", "elsewhere plain"])
def either_keep(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    """The same, for what encryption makes no difference to."""
    return _of(request, tmp_path)
