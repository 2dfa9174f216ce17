"""A plan is carried out archive by archive, deletion by deletion; and told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from berrypod_backup import shared
from berrypod_backup.retention.applying import Retention
from berrypod_backup.retention.settings import RetentionSettings

from berrypod.archive.archive import Archive
from berrypod.errors import BackupError
from berrypod.events import BackupRetentionChanged, KeptBackupDeleted
from berrypod.settings import Settings
from tests.backup.making import Shop, shop_with

ONE = RetentionSettings(enabled=True, last=1, daily=0, weekly=0, monthly=0, manual=True)


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    async with shop_with(settings) as found:
        yield found


async def keep(shop: Shop, count: int) -> list[str]:
    records = [await shop.backup("keep") for _ in range(count)]
    assert {record.state for record in records} == {"done"}
    return [record.id for record in records]


def retention_of(shop: Shop) -> Retention:
    return shared.retention_of(shop.parts.context("backup"))


def archive_of(shop: Shop) -> Archive:
    (declared,) = [one for one in shop.context.plugins.backup_exporters if one.declaration.name == "keep"]
    assert declared.declaration.archive
    return declared.declaration.archive


async def left(shop: Shop) -> list[str]:
    return [entry.manifest.id for entry in await archive_of(shop).entries() if entry.manifest]


async def test_what_the_preview_says_is_what_goes_and_each_is_told(shop: Shop) -> None:
    ids, retention = await keep(shop, 3), retention_of(shop)
    await retention.save(ONE, by="admin:ada@example.org")
    (planned,) = await retention.preview()
    assert planned.plan
    assert [going.manifest.id for going in planned.plan.go] == [ids[1], ids[0]]
    (pruned,) = await retention.prune(by="admin:ada@example.org", address="192.0.2.1")
    assert [manifest.id for manifest in pruned.deleted] == ids[:2]
    assert await left(shop) == ids[2:]
    told = [event for event in shop.events if isinstance(event, KeptBackupDeleted)]
    assert [(event.copy_id, event.actor, event.address) for event in told] == [
        (each, "admin:ada@example.org", "192.0.2.1") for each in ids[:2]
    ]
    assert [event.enabled for event in shop.events if isinstance(event, BackupRetentionChanged)] == [True]


async def test_one_deletion_that_fails_stops_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, retention = await keep(shop, 3), retention_of(shop)
    await retention.save(ONE, by=None)
    delete = archive_of(shop).delete

    async def fails_once(backup_id: str) -> None:
        if backup_id == ids[0]:
            raise BackupError("The disk refuses", hint="Ask it why.")
        await delete(backup_id)

    monkeypatch.setattr(archive_of(shop), "delete", fails_once)
    (pruned,) = await retention.prune(by="schedule")
    assert [manifest.id for manifest in pruned.deleted] == [ids[1]]
    assert [(one.manifest.id, one.trouble.message) for one in pruned.failed] == [(ids[0], "The disk refuses")]
    assert [trouble.hint for trouble in pruned.troubles] == ["Ask it why."]
    assert await left(shop) == [ids[2], ids[0]]


async def test_what_has_to_stay_instead_of_one_that_a_person_deletes_meanwhile_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, retention = await keep(shop, 4), retention_of(shop)
    await retention.save(ONE, by=None)
    delete = archive_of(shop).delete

    async def and_somebody_else_the_newest(backup_id: str) -> None:
        await delete(backup_id)
        if ids[3] in await left(shop):
            await delete(ids[3])

    monkeypatch.setattr(archive_of(shop), "delete", and_somebody_else_the_newest)
    (pruned,) = await retention.prune(by=None)
    assert [manifest.id for manifest in pruned.deleted] == ids[:2]
    assert await left(shop) == [ids[2]]


async def test_an_archive_that_cannot_be_looked_at_loses_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(shop, 2)
    retention = retention_of(shop)
    await retention.save(ONE, by=None)

    async def cut() -> Any:
        raise BackupError("The line is cut", hint="Mend it.")

    with monkeypatch.context() as patch:
        patch.setattr(archive_of(shop), "entries", cut)
        (pruned,) = await retention.prune(by="schedule")
        assert [trouble.message for trouble in pruned.troubles] == ["The line is cut"]
    assert len(await left(shop)) == 2


async def test_two_at_once_delete_each_backup_once(shop: Shop) -> None:
    ids, retention = await keep(shop, 3), retention_of(shop)
    await retention.save(ONE, by=None)
    both = await asyncio.gather(retention.prune(by="cli"), retention_of(shop).prune(by="schedule"))
    deleted = [manifest.id for pruned in both for one in pruned for manifest in one.deleted]
    assert deleted == ids[:2]
    assert [trouble for pruned in both for one in pruned for trouble in one.troubles] == []


async def test_only_the_archives_that_are_named_are_thinned_out(shop: Shop) -> None:
    await keep(shop, 2)
    retention = retention_of(shop)
    await retention.save(ONE, by=None)
    assert await retention.prune(by="schedule", exporters=["moon"]) == []
    assert len(await left(shop)) == 2
