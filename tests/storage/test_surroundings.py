"""The folder and the disk around the file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from berrypod import errors
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from tests.conftest import KEY
from tests.storage.conftest import elsewhere
from tests.storage.making import fill
from tests.storage.processes import as_nobody


class TestPermissions:
    """What an admin's `sudo` leaves behind."""

    @staticmethod
    def _open_as_nobody(settings: Settings) -> object:
        def work() -> str:
            try:
                asyncio.run(_open_and_close(settings))
            except errors.StorageError as error:
                return f"{type(error).__name__}: {error.message} {error.hint}"
            return "opened"

        return as_nobody(work)

    def test_a_folder_that_cannot_be_written(self, encrypted_settings: Settings, public_folder: Path) -> None:
        moved = elsewhere(encrypted_settings, public_folder)
        moved.database_path.chmod(0o666)
        before = moved.database_path.read_bytes()
        told = str(self._open_as_nobody(moved))
        assert told.startswith("FolderNotWritable")
        assert str(public_folder) in told
        assert moved.database_path.read_bytes() == before
        assert {path.name for path in public_folder.iterdir()} == {"encrypted.db"}

    @pytest.mark.parametrize("mode", [0o600, 0o444], ids=["not readable", "not writable"])
    def test_a_file_of_another_user(self, encrypted_settings: Settings, public_folder: Path, mode: int) -> None:
        public_folder.chmod(0o777)
        moved = elsewhere(encrypted_settings, public_folder)
        moved.database_path.chmod(mode)
        told = str(self._open_as_nobody(moved))
        assert told.startswith("FolderNotWritable")
        assert "ownership of the file" in told

    def test_a_folder_that_cannot_be_entered(self, encrypted_settings: Settings, public_folder: Path) -> None:
        moved = elsewhere(encrypted_settings, public_folder)
        public_folder.chmod(0o700)
        assert str(self._open_as_nobody(moved)).startswith("FolderNotWritable")

    def test_with_the_rights_it_opens(self, encrypted_settings: Settings, public_folder: Path) -> None:
        moved = elsewhere(encrypted_settings, public_folder)
        public_folder.chmod(0o777)
        moved.database_path.chmod(0o666)
        assert self._open_as_nobody(moved) == "opened"

    def test_a_new_shop_in_a_folder_that_cannot_be_written(self, public_folder: Path) -> None:
        def work() -> str:
            with pytest.raises(errors.FolderNotWritable) as caught:
                schema.create(public_folder / "shop.db", KEY)
            return caught.value.hint

        assert "permission" in as_nobody(work)
        assert list(public_folder.iterdir()) == []


async def _open_and_close(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    await database.close()


class TestFullDisk:
    async def test_at_start(self, small_disk_settings: Settings) -> None:
        before = small_disk_settings.database_path.read_bytes()
        fill(small_disk_settings.database_path.with_name("ballast"))
        with pytest.raises(errors.DiskFull) as caught:
            await _open_and_close(small_disk_settings)
        assert str(small_disk_settings.database_path.parent) in caught.value.message
        assert small_disk_settings.database_path.read_bytes() == before

    def test_while_a_shop_is_made(self, small_disk: Path) -> None:
        ballast = small_disk / "ballast"
        fill(ballast)
        os.truncate(ballast, ballast.stat().st_size - 300 * 1024)
        with pytest.raises(errors.DiskFull):
            schema.create(small_disk / "shop.db", KEY)
        assert list(small_disk.iterdir()) == [ballast]
