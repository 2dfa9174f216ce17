"""What is known of backups now, of a shop that runs: cheap, and also when something cannot be read."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from berrypod_backup.archives import ArchiveListing, Archives
from berrypod_backup.drill.service import Drill
from berrypod_backup.schedule.settings import DEFAULT, KEY, SavedSchedule, ScheduleSettings
from berrypod_backup.watching import looking
from berrypod_backup.watching.looking import Looking
from berrypod_backup.watching.parts import health_part

from berrypod.errors import Invalid
from berrypod.plugins import Ok
from berrypod.settings import Settings
from berrypod.stored import Stored
from tests.backup import making
from tests.backup.drill.conftest import Rendering, quick_rendering
from tests.backup.drill.making import SHED, Shop, changed, flip, shop_with

__all__ = ["quick_rendering"]


def looking_at(shop: Shop, **more: Any) -> Looking:
    archives = Archives(shop.context)
    return Looking(shop.context, archives, Drill(shop.context, archives), **more)


async def test_a_shop_with_a_proven_backup_is_seen_with_all_of_it(
    settings: Settings, quick_rendering: Rendering
) -> None:
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
        await shop.drill.run(SHED, manifest.id, None)
        seen = await looking_at(shop).look()

    (archive,) = seen.archives
    assert [entry.manifest and entry.manifest.proven for entry in archive.entries] == [True]
    assert seen.expected_bytes
    assert seen.schedule is None
    assert [record.state for record in seen.drills] == ["proven"]
    assert [(disk.exporter, disk.device == seen.disks[0].device) for disk in seen.disks] == [(None, True), (SHED, True)]
    assert all(disk.free_bytes > 0 for disk in seen.disks)


async def test_a_shop_that_runs_is_told_of_a_schedule_that_makes_no_backups(settings: Settings) -> None:
    """By the plugin's own health part, which has to know of the schedule."""
    async with making.shop_with(settings) as shop:
        saved = SavedSchedule(settings=ScheduleSettings(kind="daily", zone="Nowhere"), since=shop.context.now())
        await Stored(shop.context.database, KEY, SavedSchedule, DEFAULT).put(saved)
        (part,) = [one for one in shop.parts.plugins.health_parts if one.plugin == "backup"]
        outcome = await shop.parts.plugins.conditions(part)
    assert isinstance(outcome, Ok)
    assert "backup_overdue" in [condition.code for condition in outcome.value]


async def test_archives_are_listed_once_for_all_who_ask_at_the_same_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrape, a page and an alarm: one look at the bucket."""
    listed: list[str] = []
    original = Archives.listing

    async def listing(self: Archives, exporter: Any) -> ArchiveListing:
        listed.append(exporter.declaration.name)
        return await original(self, exporter)

    monkeypatch.setattr(Archives, "listing", listing)
    async with shop_with(settings) as shop:
        watching = looking_at(shop)
        await asyncio.gather(*(watching.listings() for _ in range(3)))
        assert listed == [SHED]
        monkeypatch.setattr(looking, "_NEAR_SECONDS", 0.0)
        await watching.listings()
        assert listed == [SHED, SHED]


async def test_a_shop_whose_file_is_being_replaced_is_seen_without_what_is_in_it(settings: Settings) -> None:
    async def schedule() -> Any:
        raise Invalid("The zone Mars/Olympus is not known")

    async with shop_with(settings) as shop:
        watching = looking_at(shop, schedule=schedule)
        await shop.parts.database.close()
        seen = await watching.look()
        await shop.parts.database.open()

    assert (seen.last, seen.expected_bytes, seen.schedule) == (None, None, None)
    assert len(seen.archives) == 1


async def test_a_disk_that_hangs_takes_no_thread_from_the_shop(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one of the network whose server is away: logins wait for the same threads."""
    go_on, entered = threading.Event(), list[int]()

    def hang(_: object) -> int:
        entered.append(1)
        go_on.wait()
        return 0

    monkeypatch.setattr(looking, "free_bytes", hang)
    async with shop_with(settings) as shop:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=2))
        watching = looking_at(shop)
        looks: list[asyncio.Task[Any]] = []
        try:
            async with asyncio.timeout(60):
                for number in range(1, 4):
                    looks.append(asyncio.create_task(watching.look()))
                    while len(entered) < number:
                        await asyncio.sleep(0.01)
                assert await asyncio.to_thread(int) == 0
        finally:
            go_on.set()
            await asyncio.gather(*looks, return_exceptions=True)


async def test_the_health_part_names_what_a_drill_has_found(settings: Settings, quick_rendering: Rendering) -> None:
    """From a flipped bit to the condition, as the page and the alarms ask for it."""
    async with shop_with(settings) as shop:
        manifest = await shop.backup()
        changed(next(path for path in shop.parts_of_backups()), flip)
        await shop.drill.run(SHED, manifest.id, None)
        outcome = await health_part(looking_at(shop)).conditions()  # pyright: ignore[reportGeneralTypeIssues] - it is async

    assert f"drill_failed.{SHED}" in {condition.code for condition in outcome}
