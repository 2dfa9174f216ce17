"""The shop's key is changed while a file waits to be restored: what is restored afterwards is under the new one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from berrypod_restore.faults import RestoreNotReady
from berrypod_restore.records import CONFIRMATION, RestoreRecord

from berrypod.maintenance import Alone
from berrypod.settings import Secret, Settings
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.restore.making import ADA, Shop, shop_with

NEW = Secret("the key that comes after it, as long as the other")


async def rotate(shop: Shop) -> None:
    await shop.parts.rotation.rotate(NEW, by="cli")


async def apply(shop: Shop, record: RestoreRecord, expect: str) -> RestoreRecord:
    return await shop.restores.apply(record.id, confirm=CONFIRMATION, expect=expect, by=ADA, address=None)


@pytest.mark.slow
async def test_what_was_ready_before_asks_for_its_key_and_never_brings_the_former_one_back(
    encrypted_settings: Settings,
) -> None:
    """It did: the shop ran on under the former key, and would not have started with the one that the admin had set."""
    async with shop_with(encrypted_settings) as shop:
        await shop.order("A")
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        await rotate(shop)
        with pytest.raises(RestoreNotReady):
            await apply(shop, record, expect)
        record = await shop.restores.get(record.id)
        assert (record.state, record.wants_key, record.mark) == ("refused", True, None)
        assert record.verdict is not None
        assert (record.verdict.code, "was changed" in record.verdict.message) == ("wrong_key", True)
        assert shop.events[-1] == "restore.refused"
        record = await shop.ended(await shop.restores.rekey(record.id, KEY, by=ADA))
        assert record.state == "ready", (record.error, record.verdict)
        assert (await shop.applied(record)).state == "applied"
        assert await shop.orders() == ["A"]
    find_key(encrypted_settings.database_path, NEW)


async def test_a_plain_file_that_was_ready_is_no_more_when_the_shop_was_encrypted_since(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.ready(await shop.backup())
        database = shop.parts.database
        database.settings = replace(database.settings, secret_key_db=NEW)  # as `berrypod db encrypt` does it
        with pytest.raises(RestoreNotReady):
            await shop.restores.compare(record.id)
        assert (await shop.restores.get(record.id)).wants_encryption


@pytest.mark.slow
async def test_a_change_in_the_last_moment_leaves_the_shop_as_it_is(
    encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look at the file and the closing of the gate, by another process."""
    async with shop_with(encrypted_settings) as shop:
        record = await shop.ready(await shop.backup())
        expect = await shop.expect(record)
        alone = shop.parts.maintenance.alone

        @asynccontextmanager
        async def alone_after_a_rotation(operation: str, *, timeout: float) -> AsyncGenerator[Alone]:
            monkeypatch.undo()
            await rotate(shop)
            async with alone(operation, timeout=timeout) as held:
                yield held

        monkeypatch.setattr(shop.parts.maintenance, "alone", alone_after_a_rotation)
        record = await shop.ended(await apply(shop, record, expect))
        assert (record.state, record.error and record.error.code) == ("ready", "state_changed")
        with pytest.raises(RestoreNotReady):
            await shop.restores.compare(record.id)
    find_key(encrypted_settings.database_path, NEW)


@pytest.mark.slow
async def test_the_comparison_tells_the_key_that_the_shop_has_now(encrypted_settings: Settings) -> None:
    async with shop_with(encrypted_settings) as shop:
        file = await shop.backup()
        record = await shop.ready(file)
        await shop.restores.compare(record.id)
        await rotate(shop)
        record = await shop.ended(await shop.restores.rekey((await shop.staged(file)).id, KEY, by=ADA))
        comparison = await shop.restores.compare(record.id)
        assert comparison.current is not None
        assert comparison.current.key_fingerprint == passphrase_fingerprint(NEW)
        assert comparison.candidate.key_fingerprint == passphrase_fingerprint(KEY)
