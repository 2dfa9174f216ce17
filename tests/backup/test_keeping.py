"""The archive that every shop has: where it is, and where it must not be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from berrypod_backup.keeping import folder_of, require_own_folder

from berrypod.errors import SettingsError
from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.backup.making import shop_with


def test_backups_are_kept_beside_the_shop_unless_a_folder_is_set(tmp_path: Path) -> None:
    database = tmp_path / "shop.db"

    assert folder_of(database, None) == folder_of(database, "") == tmp_path / "shop.db-backups"
    assert folder_of(database, "/mnt/backups") == Path("/mnt/backups")
    require_own_folder(folder_of(database, None), database)
    require_own_folder(tmp_path / "shop.db-work-of-mine", database)


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("backups", "depends on where the shop is started"),
        ("{data}", "the shop's file lies in there itself"),
        ("{data}/..", "the shop's file lies in there itself"),
        ("{data}/shop.db", "the shop's file lies in there itself"),
        ("{data}/shop.db-work", "where the shop keeps what is temporary"),
        ("{data}/shop.db-work/backup/kept", "where the shop keeps what is temporary"),
        ("{link}", "the shop's file lies in there itself"),
    ],
)
def test_a_folder_in_which_the_shop_lives_is_refused(tmp_path: Path, folder: str, why: str) -> None:
    data, link = tmp_path / "data", tmp_path / "link"
    data.mkdir()
    link.symlink_to(data)
    with pytest.raises(SettingsError, match=why) as refused:
        require_own_folder(Path(folder.format(data=data, link=link)), data / "shop.db")
    assert "leave it out" in refused.value.hint


def test_the_work_folder_is_the_one_that_is_meant(tmp_path: Path) -> None:
    """The name is put together in two places."""
    database = Database(Settings(environment="test", database_path=tmp_path / "shop.db"))
    with pytest.raises(SettingsError):
        require_own_folder(database.work_folder("backup"), database.path)


async def test_what_a_killed_process_has_left_in_the_archive_goes_at_the_next_start(settings: Settings) -> None:
    """It had written the map and its chunks, and died before the manifest."""
    async with shop_with(settings) as shop:
        whole = await shop.backup("keep")
        killed = await shop.backup("keep")
        folder = folder_of(shop.context.database.path, None)
        [work] = shop.work_folder.glob("archives/*")
    (folder / f"berrypod-backup-{killed.id}.json").unlink()
    (work / "unfinished" / killed.id).touch()

    async with shop_with(settings) as shop, asyncio.timeout(60):
        while list((work / "unfinished").iterdir()):
            await asyncio.sleep(0.01)
    assert {path.stem for path in folder.glob("berrypod-backup-*")} == {f"berrypod-backup-{whole.id}"}
