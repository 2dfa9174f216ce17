"""The last backup is the last one that has left this machine, and the page of figures says when that was."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from berrypod_backup.last import KEY as SETTING
from berrypod_backup.last import LastBackup, last_figure, made_by, recall, remember

from berrypod.declarations import Finding
from berrypod.plugins import Ok
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.storage.files import people_size
from berrypod.storage.models import Setting
from berrypod.testing_tools import CheckPlugin, opened
from tests.backup.making import Shelf, Shop, exporter, shop_with
from tests.backup.test_exporting import deliver, write_csv

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
LAST = LastBackup(at=NOW, exporter="download", method="compact", size_bytes=8_400_000, sha256="ab", by="admin:a@b.org")


async def noted(shop: Shop) -> LastBackup:
    async with asyncio.timeout(60):
        while (last := await shop.backups.last()) is None:
            await asyncio.sleep(0.01)
    return last


async def test_one_that_was_only_made_does_not_count_and_one_that_was_fetched_does(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        record = await shop.backup()
        assert await shop.backups.last() is None
        shop.backups.fetched(await shop.backups.fetch(record.id), "admin:ada@example.org")
        last = await noted(shop)
        assert record.snapshot is not None
        assert (last.at, last.sha256) == (record.snapshot.created_at, record.snapshot.sha256)


async def test_one_that_an_exporter_keeps_counts(settings: Settings) -> None:
    async with shop_with(settings, exporter("shelf", deliver, kept=Shelf())) as shop:
        await shop.backup("shelf")
        assert (await noted(shop)).exporter == "shelf"


async def test_a_list_of_orders_is_no_backup(settings: Settings) -> None:
    async with shop_with(settings, exporter("csv", write_csv), exporter("mail", deliver)) as shop:
        record = await shop.backup("csv", "mail")
        shop.backups.fetched(await shop.backups.fetch(record.id, "csv"), None)
        await shop.ended(record.id, "gone")
        await asyncio.sleep(0.1)
        assert await shop.backups.last() is None


async def test_it_is_in_the_shops_file_and_read_leniently(database: Database) -> None:
    assert await recall(database) is None
    await remember(database, LAST)
    assert await recall(database) == LAST
    async with database.write() as session:
        await session.merge(Setting(key=SETTING, value={"of": "another version"}, updated_at=NOW))
    assert await recall(database) is None


async def test_a_file_that_cannot_be_written_is_no_failed_backup(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await remember(Database(settings), LAST)
    assert "could not be noted" in caplog.text


async def test_the_figure_is_on_the_page(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        (provider,) = shop.parts.plugins.stats_providers
        outcome = await shop.parts.plugins.figures(provider)
        assert isinstance(outcome, Ok)
        (figure,) = outcome.value
        assert (figure.code, figure.text) == ("last_backup", "never")
        assert figure.warning


def test_a_recent_one_is_told_with_its_time_and_an_old_one_warns() -> None:
    recent = last_figure(LAST, NOW + timedelta(days=2))
    assert recent.text == "14 March 2026, 12:00 UTC"
    assert (recent.warning, recent.hint) == (None, "8.4 MB, downloaded")
    assert last_figure(LAST, NOW + timedelta(days=9)).warning == "That was 9 days ago."


async def test_it_is_told_with_the_title_of_its_exporter(settings: Settings) -> None:
    async with shop_with(settings, exporter("shelf", deliver, kept=Shelf())) as shop:
        await shop.backup("shelf")
        last = await noted(shop)
        assert (last.title, made_by(last)) == ("Shelf", "Shelf")
        assert last_figure(last, last.at).hint == f"{people_size(last.size_bytes)}, Shelf"


class TestDoctor:
    """What `berrypod doctor` says of it."""

    @staticmethod
    def _look(check_plugin: CheckPlugin, now: datetime = NOW) -> Finding:
        import berrypod_backup.plugin

        checked = check_plugin(berrypod_backup.plugin, name="backup")
        (finding,) = checked.examine("backup", now=now)
        return finding

    def test_none(self, check_plugin: CheckPlugin) -> None:
        finding = self._look(check_plugin)
        assert (finding.level, finding.title) == ("warn", "There is no backup")
        assert "berrypod backup create" in finding.what_to_do

    @pytest.mark.parametrize(("days", "level"), [(0, "pass"), (6, "pass"), (7, "warn"), (400, "warn")])
    def test_its_age(self, check_plugin: CheckPlugin, days: int, level: str) -> None:
        async def note() -> None:
            async with opened(Database(check_plugin.shop.settings())) as database:
                await remember(database, LAST)

        asyncio.run(note())
        finding = self._look(check_plugin, NOW + timedelta(days=days, hours=1))
        assert finding.level == level
        assert "2026-03-14 12:00 UTC, downloaded, 8.4 MB, verified" in finding.why
        assert days < 7 or finding.title == f"The last backup is {days} days old"
