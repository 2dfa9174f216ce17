"""A shop, encrypted and not, and an archive for it, here and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypod.declarations import Snapshot
from berrypod.settings import Settings
from tests.archive.making import Keep, snapshot_of
from tests.faults.conftest import forks, quick_folder

__all__ = ["forks", "quick_folder"]


@pytest.fixture
def keep(settings: Settings, tmp_path: Path) -> Keep:
    """On this machine, of a plain shop."""
    return Keep.of(settings, tmp_path / "archive")


def _of(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    where, kind = request.param.split()
    settings: Settings = request.getfixturevalue("encrypted_settings" if kind == "encrypted" else "settings")
    return Keep.of(settings, tmp_path / "archive", elsewhere=where == "elsewhere")


@pytest.fixture(params=["here encrypted", "here plain", "elsewhere encrypted", "elsewhere plain"])
def any_keep(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    """Each test that takes it runs for archives here and elsewhere, of encrypted shops and plain ones."""
    return _of(request, tmp_path)


@pytest.fixture(params=["here encrypted", "elsewhere plain"])
def either_keep(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    """The same, for what encryption makes no difference to."""
    return _of(request, tmp_path)


@pytest.fixture
async def snapshot(settings: Settings, tmp_path: Path) -> Snapshot:
    """Of a plain shop."""
    return await snapshot_of(settings, tmp_path / "snapshot.db")
