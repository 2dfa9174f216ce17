"""Many who ask for a backup in the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from berrypod_backup.faults import TooManyBackups
from berrypod_backup.records import BackupRecord

from berrypod.settings import Settings
from berrypod.storage.locks import one_of_all
from tests.backup.making import QUICK, shop_with


async def test_no_more_are_begun_than_may_be_however_many_ask_at_once(settings: Settings) -> None:
    """Each takes as much space as the shop."""
    async with (
        shop_with(settings, pace=replace(QUICK, held_at_most=2)) as shop,
        one_of_all(shop.backups.store.turn_file),
    ):
        asked = [shop.backups.start(["download"], None) for _ in range(5)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        begun = [answer for answer in answers if isinstance(answer, BackupRecord)]
        assert len(begun) == 2
        assert sum(isinstance(answer, TooManyBackups) for answer in answers) == 3
