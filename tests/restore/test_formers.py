"""The databases that were replaced: kept, listed, pruned; nobody else's files are touched."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from berrypod_restore.faults import FormerUnknown
from berrypod_restore.formers import Formers
from berrypod_restore.records import RestoreRecord

from berrypod.settings import Settings
from tests.restore.making import ADA, Shop, holds, shop_with


def folder(shop: Shop) -> Path:
    return shop.path.with_name(f"{shop.path.name}-former")


def formers(shop: Shop) -> Formers:
    return shop.restores._formers


async def restored(shop: Shop, times: int) -> list[RestoreRecord]:
    """Restore a new backup so many times."""
    return [await shop.applied(await shop.ready(await shop.backup())) for _ in range(times)]


async def test_as_many_as_are_to_be_kept_are_kept_the_newest_first(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_FORMERS": "2"}) as shop:
        records = await restored(shop, 4)
        found = await shop.restores.formers()
        assert [one.id for one in found] == [records[3].former, records[2].former]
        assert len(holds(folder(shop))) == 4, "each with what is known of it"
        assert shop.parts.plugins.flush(60)
        removed = [event.as_dict() for event in shop.third_party.events if event.name == "restore.former_removed"]
        assert [(one["former"], one["reason"]) for one in removed] == [
            (records[0].former, "pruned"),
            (records[1].former, "pruned"),
        ]


async def test_the_newest_is_kept_whatever_is_set(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_FORMERS": "1"}) as shop:
        records = await restored(shop, 2)
        assert [one.id for one in await shop.restores.formers()] == [records[1].former]
        formers(shop).prune(0)
        assert [one.id for one in await shop.restores.formers()] == [records[1].former]


async def test_an_undo_takes_no_place_that_it_does_not_need(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_FORMERS": "2"}) as shop:
        first, _ = await restored(shop, 2)
        record = await shop.undone()
        assert {one.id for one in await shop.restores.formers()} == {first.former, record.former}


async def test_two_in_one_second_have_names_of_their_own(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        now = shop.context.now()
        names = [formers(shop).plan(now, by=ADA, why="restore", restore_id="x", newest_at=None) for _ in range(3)]
        assert names == [f"{now:%Y%m%d-%H%M%S}", f"{now:%Y%m%d-%H%M%S}-2", f"{now:%Y%m%d-%H%M%S}-3"]


async def test_the_newest_that_opens_stays_however_many_came_after_it(settings: Settings) -> None:
    """A shop whose file was damaged took the place of the last good one."""
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_FORMERS": "1"}) as shop:
        await restored(shop, 1)
        (good,) = await shop.restores.formers()
        now = good.replaced_at + timedelta(seconds=1)
        later = formers(shop).plan(now, by=ADA, why="restore", restore_id="x", newest_at=None)
        formers(shop).path_of(later).write_bytes(b"damaged")
        formers(shop).replaced(later, openable=False, followed_by=None)
        formers(shop).prune(1)
        assert [(one.id, one.openable) for one in await shop.restores.formers()] == [(later, False), (good.id, True)]


async def test_the_folder_is_private(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await restored(shop, 1)
        assert stat.S_IMODE(folder(shop).stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder(shop).glob("*.json")} == {0}


async def test_what_is_known_goes_when_nothing_was_replaced(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        formers(shop).plan(shop.context.now(), by=ADA, why="restore", restore_id="x", newest_at=None)
        await shop.restores.sweep()
        assert holds(folder(shop)) == []


async def test_files_that_are_not_ours_are_left_alone(settings: Settings) -> None:
    async with shop_with(settings, environ={"BERRYPOD_RESTORE_FORMERS": "1"}) as shop:
        await restored(shop, 1)
        names = [
            f"{shop.path.stem}-notes.db",
            "other-20260101-000000.db",
            "other-20260101-000000.json",
            f"{shop.path.stem}-20260101-000000.txt",
        ]
        for name in names:
            (folder(shop) / name).write_text("somebody's")
        await restored(shop, 1)
        await shop.restores.sweep()
        assert set(names) <= set(holds(folder(shop)))
        assert len(await shop.restores.formers()) == 1


async def test_one_that_somebody_put_there_is_listed_by_its_name(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        (record,) = await restored(shop, 1)
        (former,) = await shop.restores.formers()
        assert record.former == former.id
        facts = folder(shop) / f"{shop.path.stem}-{former.id}.json"
        assert json.loads(facts.read_text())["by"] == ADA
        facts.write_text("nonsense")
        (told,) = await shop.restores.formers()
        assert (told.id, told.by, told.size_bytes) == (former.id, None, former.size_bytes)
        assert f"{told.replaced_at:%Y%m%d-%H%M%S}" == former.id
        odd = folder(shop) / f"{shop.path.stem}-20269999-999999.db"
        odd.write_bytes(b"x")
        assert "20269999-999999" in {one.id for one in await shop.restores.formers()}


@pytest.mark.parametrize("nonsense", ["", "..", "../x", "20260101-000000/../..", "20260101-000000\0", "20260101"])
async def test_nothing_but_an_id_becomes_part_of_a_path(settings: Settings, nonsense: str) -> None:
    async with shop_with(settings) as shop:
        with pytest.raises(FormerUnknown):
            formers(shop).get(nonsense)
