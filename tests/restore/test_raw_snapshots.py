"""A snapshot that was copied byte for byte is restored as any backup is."""

from __future__ import annotations

import hashlib

import pytest

from berrypod.settings import Settings
from berrypod.storage.snapshot import make_snapshot
from tests.restore.making import shop_with


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
async def test_it_is_restored_and_is_left_as_it_was(
    settings: Settings, encrypted_settings: Settings, encrypted: bool
) -> None:
    async with shop_with(encrypted_settings if encrypted else settings) as shop:
        await shop.order("A")
        folder = shop.path.with_name("copies")
        folder.mkdir()
        made = await make_snapshot(shop.parts.database, folder / "copy.db", method="snapshot")
        assert made.method == "snapshot"
        await shop.order("B")
        record = await shop.applied(await shop.ready(made.path))
        assert record.state == "applied", record
        assert await shop.orders() == ["A"]
        assert [path.name for path in folder.iterdir()] == ["copy.db"]
        assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.facts.sha256
