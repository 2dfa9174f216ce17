"""A backup that is due, by a real shop: made, found again, judged by archive."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from berrypod_backup import shared
from berrypod_backup.faults import BackupUnknown
from berrypod_backup.records import INTERRUPTED
from berrypod_backup.schedule.serving import CANCELLED, Serving
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.state import Pending

from berrypod.archive.manifest import Proof
from berrypod.errors import BackupError
from berrypod.settings import Settings
from tests.backup.making import Shop, shop_with

SETTINGS = ScheduleSettings(kind="daily")


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    async with shop_with(settings) as found:
        yield found


def serving_of(shop: Shop) -> Serving:
    return shared.schedule_of(shop.parts.context("backup")).leader.serving


def pending(shop: Shop, *exporters: str) -> Pending:
    now = shop.context.now()
    return Pending(due=now, exporters=exporters or ("keep",), attempts=1, begun_at=now)


async def test_it_is_kept_as_one_of_the_schedule(shop: Shop) -> None:
    attempt = await serving_of(shop).make(SETTINGS, pending(shop))
    assert (attempt.made, dict(attempt.failed)) == (("keep",), {})
    (listing,) = await serving_of(shop).archives.listings()
    (entry,) = listing.entries
    assert entry.manifest
    assert (entry.manifest.id, entry.manifest.origin) == (attempt.backup_id, "schedule")
    assert entry.manifest.made_by == "schedule"


async def test_an_archive_that_is_not_there_keeps_no_other_from_its_backup(shop: Shop) -> None:
    attempt = await serving_of(shop).make(SETTINGS, pending(shop, "keep", "moon"))
    assert attempt.made == ("keep",)
    assert attempt.failed["moon"].code == "archive_unknown"
    assert not attempt.final
    attempt = await serving_of(shop).make(SETTINGS, pending(shop, "moon"))
    assert (attempt.made, attempt.backup_id, list(attempt.failed)) == ((), None, ["moon"])


async def test_what_a_process_that_died_has_made_is_found_and_what_it_has_not_is_told(shop: Shop) -> None:
    serving, before = serving_of(shop), pending(shop)
    made = await serving.make(SETTINGS, before)
    assert await serving.found(before) == made
    after = Pending(due=before.due, exporters=("keep",), begun_at=shop.context.now() + timedelta(seconds=5))
    assert dict((await serving.found(after)).failed) == {"keep": INTERRUPTED}


async def test_one_that_somebody_cancelled_is_not_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deleted(backup_id: str) -> None:
        await shop.backups.delete(backup_id)
        raise BackupUnknown

    monkeypatch.setattr(shop.backups, "ended", deleted)
    attempt = await serving_of(shop).make(SETTINGS, pending(shop))
    assert attempt.final
    assert dict(attempt.failed) == {"keep": CANCELLED}


async def test_a_drill_that_fails_is_a_remark_and_no_failure_of_the_backup(shop: Shop) -> None:
    asked: list[tuple[str, str, str]] = []

    async def drill(exporter: str, backup_id: str, by: str) -> Proof:
        asked.append((exporter, backup_id, by))
        return Proof(at=shop.context.now(), seconds=1, how="", problem="It does not open.", hint="Look.")

    serving = dataclasses.replace(serving_of(shop), drill=drill)
    attempt = await serving.make(SETTINGS, pending(shop))
    (remark,) = await serving.prove(attempt)
    assert (remark.code, remark.message, remark.hint) == ("drill_failed", "It does not open.", "Look.")
    assert asked == [("keep", attempt.backup_id, "schedule")]


async def test_a_drill_that_cannot_be_made_is_a_remark_too(shop: Shop) -> None:
    async def drill(exporter: str, backup_id: str, by: str) -> Proof:
        raise BackupError("There is no space", hint="Free some.")

    serving = dataclasses.replace(serving_of(shop), drill=drill)
    attempt = await serving.make(SETTINGS, pending(shop))
    assert [remark.message for remark in await serving.prove(attempt)] == ["There is no space"]
