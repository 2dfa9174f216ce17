"""A disk that is really full: a small one of its own, where the system lets the test make one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import snapshot
from berrypod.storage.models import Setting
from berrypod.storage.snapshot import make_snapshot
from tests.backup.making import grow, opened
from tests.backup.test_last import NOW

DISK_BYTES = 6_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here (that takes root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_the_space_is_looked_at_first(encrypted_settings: Settings, small_disk: Path) -> None:
    grow(encrypted_settings, 1)
    async with opened(encrypted_settings) as database:
        with pytest.raises(errors.DiskFull, match=r"are needed in .*, and 6\.0 MB are free"):
            await make_snapshot(database, small_disk / "copy.db")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("megabytes", [4, 8, 25])
async def test_a_disk_that_gets_full_meanwhile_leaves_nothing_and_the_shop_goes_on(
    encrypted_settings: Settings, small_disk: Path, megabytes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else filled it after it was looked at."""
    grow(encrypted_settings, megabytes)
    monkeypatch.setattr(snapshot, "require_space", lambda folder, needed: None)
    async with opened(encrypted_settings) as database:
        if megabytes > 6:
            with pytest.raises(errors.DiskFull, match=f"no space left in {small_disk}"):
                await make_snapshot(database, small_disk / "copy.db")
            assert list(small_disk.iterdir()) == []
        else:
            await make_snapshot(database, small_disk / "copy.db")
        async with database.write() as session:
            session.add(Setting(key="still.open", value=True, updated_at=NOW))
