"""A disk that is really full, and folders that really cannot be written, from some step of a restore on."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from berrypod.errors import DiskFull
from berrypod.maintenance import Maintenance
from berrypod.settings import Settings
from berrypod.storage import faults
from berrypod.storage.database import Database
from tests.faults import work
from tests.faults.admin import Admin, Doing
from tests.faults.commands import Printed
from tests.faults.forks import Forks
from tests.faults.shops import Templates
from tests.faults.test_commands import NAMED, require_words
from tests.faults.work import NOBODY, Stop
from tests.maintenance.conftest import staged_beside, swap_to
from tests.storage.making import keys_of, put

DISK_BYTES = 80_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which has room for some restores of a small shop."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here (that takes root)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """Where a user without rights can do everything, until it is locked. Root is not told that it may not write."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    folder = Path(tempfile.mkdtemp(prefix="berrypod-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def named_points(admin: Admin) -> Counter[str]:
    whole = admin.shop()
    printed: Printed = admin.run(whole).result()
    assert printed.status == 0, printed.err
    shutil.rmtree(whole)
    return Counter(point for point in printed.points if point.startswith(NAMED[admin.doing]))


@pytest.mark.slow
@pytest.mark.parametrize("doing", NAMED)
def test_a_disk_that_is_full_from_a_named_point_on(
    small_disk: Path, templates: Templates, forks: Forks, doing: Doing
) -> None:
    """Another program has filled it. As soon as there is space again, the shop is there: the old one or the new."""
    templates.warm(forks)
    admin = Admin(small_disk, doing, templates, forks)
    refused = 0
    for point in named_points(admin):
        folder = admin.shop()
        printed: Printed = admin.run(folder, stop=Stop(0, point=point, do=partial(work.fill, small_disk))).result()
        (small_disk / "ballast").unlink()
        became = admin.judge(folder)
        if printed.status:
            refused += 1
            require_words(printed, point)
            assert "space" in printed.err, f"{point}: {printed.err}"
        assert printed.status or became == "new", point
        shutil.rmtree(folder)
    assert refused


@pytest.mark.slow
@pytest.mark.parametrize("doing", NAMED)
def test_folders_that_cannot_be_written_from_a_named_point_on(
    folder_of_nobody: Path, templates: Templates, forks: Forks, doing: Doing
) -> None:
    templates.warm(forks)
    admin = Admin(folder_of_nobody, doing, templates, forks)
    points, refused = named_points(admin), 0
    _give(folder_of_nobody, NOBODY)
    for point in points:
        folder = admin.shop()
        _give(folder, NOBODY)
        lock = Stop(0, point=point, do=partial(work.lock_folders, folder))
        printed: Printed = admin.run(folder, stop=lock, as_nobody=True).result()
        for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            each.chmod(0o700)
        _give(folder, os.geteuid())
        became = admin.judge(folder)
        if printed.status:
            refused += 1
            require_words(printed, point)
        assert printed.status or became == "new", point
        shutil.rmtree(folder)
    assert refused


def _give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


@pytest.mark.parametrize("point", ["swap.log_folded", "swap.journalled", "swap.renamed", "swap.told"])
async def test_a_shop_whose_disk_fills_while_it_is_closed_opens_by_itself_when_there_is_space(
    settings: Settings, small_disk: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open file can be read on a full disk, a closed one cannot be opened there. So there is room when it closes."""
    settings = replace(settings, database_path=Path(shutil.copy(settings.database_path, small_disk)))
    plan = swap_to(staged_beside(settings, settings.database_path))
    database = Database(settings)
    maintenance = Maintenance(database)
    await database.open()
    async with maintenance.watching():
        await put(database, "sold")
        monkeypatch.setattr(faults, "on_reach", lambda reached: reached == point and work.fill(small_disk))
        done = point == "swap.told"
        with nullcontext() if done else pytest.raises(DiskFull):
            async with maintenance.alone("restore") as alone:
                await alone.replace(plan)
        stage = maintenance.stage
        assert stage.state == "unavailable"
        assert isinstance(stage.error, DiskFull)

        (small_disk / "ballast").unlink()
        async with asyncio.timeout(60):
            while not database.is_open:
                await asyncio.sleep(0.01)
        assert await database.fetch(keys_of) == (["mark"] if done else ["sold"])
        assert plan.former.exists() is done
        await put(database, "goes on")
    await database.close()


async def test_a_full_disk_closes_no_shop(settings: Settings, small_disk: Path) -> None:
    settings = replace(settings, database_path=Path(shutil.copy(settings.database_path, small_disk)))
    plan = swap_to(staged_beside(settings, settings.database_path))
    database = Database(settings)
    await database.open()
    await put(database, "sold")
    work.fill(small_disk)
    maintenance = Maintenance(database)
    with pytest.raises(DiskFull):
        async with maintenance.alone("restore") as alone:
            await alone.replace(plan)
    assert maintenance.stage.state == "open"
    assert await database.fetch(keys_of) == ["sold"]
    (small_disk / "ballast").unlink()
    await put(database, "goes on")
    await database.close()
