"""A shop, encrypted and not, and an archive for it, here and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypod.declarations import Snapshot
from berrypod.settings import Settings
from tests.archive.making import Keep, snapshot_of


@pytest.fixture(params=["encrypted", "plain"])
def either_settings(request: pytest.FixtureRequest) -> Settings:
    """Each test that takes it runs for an encrypted shop and for a plain one."""
    return request.getfixturevalue("encrypted_settings" if request.param == "encrypted" else "settings")


@pytest.fixture
def keep(settings: Settings, tmp_path: Path) -> Keep:
    """On this machine, of a plain shop."""
    return Keep.of(settings, tmp_path / "archive")


@pytest.fixture(params=["here", "elsewhere"])
def any_keep(request: pytest.FixtureRequest, either_settings: Settings, tmp_path: Path) -> Keep:
    """Each test that takes it runs for archives here and elsewhere, of encrypted shops and plain ones."""
    return Keep.of(either_settings, tmp_path / "archive", elsewhere=request.param == "elsewhere")


@pytest.fixture
async def snapshot(settings: Settings, tmp_path: Path) -> Snapshot:
    return await snapshot_of(settings, tmp_path / "snapshot.db")
