"""Several processes use one shop: workers, the command line. One that is killed leaves nothing behind for long."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from berrypod.events import BackupFailed
from berrypod.records import is_id
from berrypod.settings import Settings
from berrypod.storage.locks import one_of_all
from tests.backup.making import grow, holds, shop_with
from tests.conftest import KEY
from tests.storage.processes import running

# A worker: starts a backup, tells its id, says so when it is ready, and holds it.
_WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from berrypod.settings import Secret, Settings
from tests.backup.making import shop_with

async def main(path, key, until):
    async with shop_with(Settings(environment="test", database_path=Path(path), secret_key_db=Secret(key))) as shop:
        record = await shop.backups.start(["download"], "admin:worker@example.org")
        if until == "begun":
            print(record.id, flush=True)
        if until == "copying":
            await shop.until(record.id, lambda record: record.state == "copying")
            while shop.backups.store.copied_bytes(record.id) < 1_000_000:
                await asyncio.sleep(0.001)
            print(record.id, flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)  # with its threads, in the middle, until it is killed
        await shop.ended(record.id)
        print(record.id, flush=True)
        await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


def start(path: Path, key: str, until: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """The process, when it has told the id of its backup. This process's loop stands still until then."""
    return running(_WORKER, path, key, until)


def only_id(folder: Path) -> str:
    (record,) = (folder / "jobs").glob("*.json")
    assert is_id(record.stem)
    return record.stem


@pytest.mark.slow
async def test_any_process_follows_a_backup_that_another_one_makes(encrypted_settings: Settings) -> None:
    grow(encrypted_settings, 30)
    arguments = encrypted_settings.database_path, KEY.reveal(), "begun"
    async with shop_with(encrypted_settings) as shop:
        with start(*arguments) as worker:
            backup_id = only_id(shop.work_folder)
            record = await shop.backups.get(backup_id)
            assert record.started_by == "admin:worker@example.org"
            shares: list[float] = []
            while (record := await shop.backups.get(backup_id)).active:
                shares.append(await shop.backups.progress(record))
                await asyncio.sleep(0.005)
            assert record.state == "ready"
            assert shares == sorted(shares)
            fetch = await shop.backups.fetch(backup_id)
            assert fetch.path.stat().st_size == fetch.file.size_bytes
            worker.kill()
            worker.wait()


@pytest.mark.slow
async def test_a_killed_ones_backup_is_told_as_interrupted_at_once_and_swept_at_the_next_start(
    encrypted_settings: Settings,
) -> None:
    grow(encrypted_settings, 30)
    arguments = encrypted_settings.database_path, KEY.reveal(), "copying"
    async with shop_with(encrypted_settings) as shop:
        with start(*arguments) as worker:
            backup_id = only_id(shop.work_folder)
            assert (await shop.backups.get(backup_id)).active
            worker.kill()
            worker.wait()
        record = await shop.backups.get(backup_id)
        assert record.state == "interrupted"
        assert record.error is not None
        assert "ended before it was done" in record.error.message
        assert holds(shop.work_folder / "data"), "what it left"
        async with asyncio.timeout(60), one_of_all(shop.backups.store.turn_file):
            """The dead one's turn is over."""
        assert (await shop.backup()).state == "ready", "and others make theirs"
    async with shop_with(encrypted_settings) as shop:
        assert holds(shop.work_folder / "data") == []
        assert [(event.code, event.backup_id) for event in shop.events if isinstance(event, BackupFailed)] == [
            ("backup_interrupted", backup_id)
        ]
        stored = json.loads((shop.work_folder / "jobs" / f"{backup_id}.json").read_text())
        assert stored["state"] == "interrupted"
    async with shop_with(encrypted_settings) as shop:
        assert not [event for event in shop.events if isinstance(event, BackupFailed)], "told once"


@pytest.mark.slow
async def test_a_killed_ones_ready_backup_can_be_fetched_until_the_next_start(encrypted_settings: Settings) -> None:
    arguments = encrypted_settings.database_path, KEY.reveal(), "ready"
    async with shop_with(encrypted_settings) as shop:
        with start(*arguments) as worker:
            backup_id = only_id(shop.work_folder)
            worker.kill()
            worker.wait()
        assert (await shop.backups.fetch(backup_id)).path.is_file()
        await shop.backups.sweep()
        assert (await shop.backups.get(backup_id)).state == "gone"
        assert holds(shop.work_folder / "data") == []


async def test_the_start_of_another_process_takes_nothing_from_one_that_lives(encrypted_settings: Settings) -> None:
    arguments = encrypted_settings.database_path, KEY.reveal(), "ready"
    with start(*arguments):
        async with shop_with(encrypted_settings) as shop:
            backup_id = only_id(shop.work_folder)
            await shop.backups.sweep()
            assert (await shop.backups.fetch(backup_id)).path.is_file()
