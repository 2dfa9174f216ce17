"""A drill whose process is killed leaves nothing behind for long, and another process's waits for its turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.backup.drill.conftest import Rendering
from tests.backup.drill.making import ADA, SHED, shop_with
from tests.storage.processes import running

# A worker whose drill has fetched the backup, and stands still in the middle of it; it tells the drill's id.
_WORKER = """
import asyncio, sys
from pathlib import Path
from berrypod.declarations import Rehearsed, RestoreRehearsal
from berrypod.settings import Settings
from tests.backup.drill.making import SHED, shop_with

async def main(path, backup_id):
    async def rehearse(file):
        assert file.stat().st_size > 0
        print((await shop.drill.all())[0].id, flush=True)
        await asyncio.sleep(600)

    slow = RestoreRehearsal(name="slow", title="Slow", rehearse=rehearse)
    settings = Settings(environment="test", database_path=Path(path))
    async with shop_with(settings, rehearsals=[slow], restores=False) as shop:
        await shop.drill.run(SHED, backup_id, "cli")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_drill_that_is_killed_is_told_as_interrupted_and_its_files_go(
    settings: Settings, quick_rendering: Rendering
) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
        before = shop.digest()
        with running(_WORKER, settings.database_path, manifest.id) as worker:
            (record,) = await shop.drill.all()
            assert record.state == "rehearsing"
            assert shop.left_over() != []
            worker.kill()
            worker.wait()
        assert (await shop.drill.get(record.id)).state == "interrupted", "at once: the kernel tells"
        await shop.drill.sweep()

        assert shop.left_over() == []
        assert shop.digest() == before
        assert (await shop.archive.manifest(manifest.id)).proof is None, "nothing was found out"
        assert (await shop.drill.run(SHED, manifest.id, ADA)).problem is None, "and it can be done again"


@pytest.mark.slow
async def test_one_of_another_process_waits_until_the_first_has_ended(
    settings: Settings, quick_rendering: Rendering
) -> None:
    async with shop_with(settings) as shop:
        first, second = await shop.backup(), await shop.backup()
        with running(_WORKER, settings.database_path, first.id) as worker:
            record = await shop.drill.start(SHED, second.id, ADA)
            async with asyncio.timeout(60):
                while not (await shop.drill.get(record.id)).waits_for_another:
                    await asyncio.sleep(0.01)
            assert quick_rendering == []
            worker.kill()
            worker.wait()
        async with asyncio.timeout(60):
            assert (await shop.drill.ended(record.id)).state == "proven"


def test_the_folder_of_drills_is_private(settings: Settings, quick_rendering: Rendering) -> None:
    async def made() -> Path:
        async with shop_with(settings) as shop:
            await shop.drill.run(SHED, (await shop.backup()).id, ADA)
            return shop.context.work_folder() / "drills"

    folder = asyncio.run(made())
    assert [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077] == []
