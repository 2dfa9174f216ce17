"""Two shops that keep their backups in one place, by mistake: neither touches what the other has."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from berrypod.archive.archive import Archive
from tests.archive.making import Keep
from tests.archive.test_pages import chunks


def shared_with(keep: Keep, shop: str | None) -> Archive:
    """The same folder as another shop sees it: from its own work folder, and so with its own locks."""
    work = keep.work.parent / f"work of {shop}"

    async def known() -> str | None:
        await asyncio.sleep(0)
        return shop

    return Archive(keep.archive.storage, work_folder=lambda: work, shop=known)


async def test_a_backup_of_another_shop_is_told_as_that(keep: Keep) -> None:
    ours, theirs = shared_with(keep, "a"), shared_with(keep, "b")
    before = await keep.keep(keep.snapshot)  # when shops had no names yet
    manifest = await keep.keep(keep.snapshot, shop="a")

    assert {one.id: one.kind for one in await ours.entries()} == {manifest.id: "backup", before.id: "backup"}
    kinds = {one.id: one.kind for one in await theirs.entries()}
    assert kinds == {manifest.id: "other_shop", before.id: "backup"}
    assert [copy.id for copy in await theirs.list()] == [before.id]
    assert {one.kind for one in await keep.archive.entries()} == {"backup"}, "who only brings back sees all alike"
    assert {one.kind for one in await shared_with(keep, None).entries()} == {"backup", "other_shop"}


async def test_what_another_shop_is_just_adding_is_not_freed(keep: Keep, tmp_path: Path) -> None:
    """Its backup has no map yet, and its lock is in its own work folder."""
    ours = shared_with(keep, "a")
    mine = await keep.keep(keep.snapshot, shop="a")
    await keep.keep(keep.snapshot, shop="b")
    [needed] = chunks(keep)
    added = needed.with_name(needed.name[:2] + "0" * 62)
    added.write_bytes(needed.read_bytes())

    await ours.delete(mine.id)
    assert chunks(keep) == sorted([needed, added])
    os.utime(added, (0, 0))  # nobody adds a backup for that long
    await ours.sweep()
    assert chunks(keep) == [needed]


async def test_one_shop_alone_frees_at_once(keep: Keep) -> None:
    manifest = await keep.keep(keep.snapshot, shop="a")
    await shared_with(keep, "a").delete(manifest.id)
    assert keep.objects() == []
