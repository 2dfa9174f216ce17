"""What a restore has put aside is listed among the backups that are kept."""

from __future__ import annotations

import hashlib

import pytest

from berrypod.kept import ExporterFailed, Kept
from berrypod.settings import Settings
from tests.restore.making import Shop, shop_with
from tests.restore.test_formers import folder, restored


async def fetched(shop: Shop, copy_id: str) -> bytes:
    file = await Kept(shop.parts.plugins).open("former", copy_id)
    return b"".join([piece async for piece in file.chunks])


async def test_a_former_database_is_a_kept_backup_made_before_a_restore(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        (record,) = await restored(shop, 1)
        (listing,) = await Kept(shop.parts.plugins).listings()
        assert (listing.exporter, listing.title, listing.error) == ("former", "Before a restore", None)
        (copy,) = listing.copies
        assert copy.id == record.former
        content = await fetched(shop, copy.id)
        assert hashlib.sha256(content).digest() == hashlib.sha256((folder(shop) / copy.filename).read_bytes()).digest()


async def test_it_can_be_deleted_but_for_the_newest(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        first, second = await restored(shop, 2)
        assert first.former is not None
        assert second.former is not None
        kept = Kept(shop.parts.plugins)
        with pytest.raises(ExporterFailed, match="always kept"):
            await kept.delete("former", second.former)
        await kept.delete("former", first.former, by="admin:ada@example.org")
        assert [one.id for one in await shop.restores.formers()] == [second.former]
        assert shop.parts.plugins.flush(60)
        (removed,) = [event for event in shop.third_party.events if event.name == "restore.former_removed"]
        assert removed.as_dict()["reason"] == "deleted"


async def test_it_is_no_button_and_has_a_list_of_its_own_where_backups_are_brought_back(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await restored(shop, 1)
        assert await shop.restores.kept() == []
        (exporter,) = [one.declaration for one in shop.parts.plugins.backup_exporters if one.plugin == "restore"]
        assert exporter.export is None
