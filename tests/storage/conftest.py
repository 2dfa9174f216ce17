"""Databases that are open, other processes, other users, and a disk that is soon full."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.conftest import KEY
from tests.storage.processes import can_become_nobody


@pytest.fixture(params=["plain", "encrypted"])
async def either_database(
    request: pytest.FixtureRequest, settings: Settings, encrypted_settings: Settings
) -> AsyncIterator[Database]:
    """An open shop, once plain and once encrypted."""
    database = Database(settings if request.param == "plain" else encrypted_settings)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def encrypted_database(encrypted_settings: Settings) -> AsyncIterator[Database]:
    database = Database(encrypted_settings)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def digest() -> Callable[[Path], str]:
    """Of a file that this process has not open."""
    return lambda path: hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of its own, so that it can be filled."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux":
        pytest.skip("no way to mount a small file system here")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"mounting a small file system is not allowed here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk_settings(small_disk: Path, empty_encrypted_file: Path) -> Settings:
    path = small_disk / "shop.db"
    shutil.copyfile(empty_encrypted_file, path)
    return Settings(environment="test", database_path=path, secret_key_db=KEY)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    if not can_become_nobody():
        pytest.skip("only root can act as another user")
    folder = Path(tempfile.mkdtemp(prefix="berrypod-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same shop, copied to another folder."""
    path = folder / settings.database_path.name
    shutil.copyfile(settings.database_path, path)
    path.chmod(0o600)
    return replace(settings, database_path=path)
