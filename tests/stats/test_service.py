"""Figures come from memory, know their age, and are renewed when the data changed: never twice at once."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from berrypod_stats.facts import Counts, Facts
from berrypod_stats.helper import MeasurementError
from berrypod_stats.measurement import Measurement
from berrypod_stats.service import DatabaseSource, Measurements, Pace, State
from sqlalchemy import delete

from berrypod.storage.database import Database
from berrypod.storage.models import Product, Setting

from .conftest import add_subscriber

QUICK = Pace(least=0.02, unwatched=0.05, rest_factor=0.0)
NOW = datetime(2025, 5, 1, 12, 30, tzinfo=UTC)


class FakeSource:
    """Stands for the measuring: answers with one real measurement, as often and as slowly as a test says."""

    def __init__(self, database: Database, facts: Facts, real: Measurement) -> None:
        self.database, self.real, self.real_facts = database, real, facts
        self.calls = self.running = self.most_running = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def facts(self) -> Facts:
        return self.real_facts

    async def measurement(self) -> Measurement:
        self.calls += 1
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        version = self.database.data_version()
        try:
            await self.go.wait()
            if self.error:
                raise self.error
            return dataclasses.replace(self.real, data_version=version)
        finally:
            self.running -= 1


@pytest.fixture
async def source(database: Database) -> FakeSource:
    real = DatabaseSource(database, lambda: NOW)
    return FakeSource(database, await real.facts(), await real.measurement())


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def becomes(service: Measurements, state: State) -> Callable[[], bool]:
    return lambda: service.look().state == state


async def test_a_real_measurement_of_a_shop(database: Database) -> None:
    """One round of everything: the measuring process, the counts, the versions, the time."""
    await add_subscriber(database, "ada@example.org")
    await add_subscriber(database, "gone@example.org", status="unsubscribed")

    view = await Measurements(database, DatabaseSource(database, lambda: NOW)).refresh()

    assert view.state == "current"
    facts, taken = view.facts, view.measurement
    assert facts is not None
    assert taken is not None
    assert taken.taken_at == facts.taken_at == NOW
    assert taken.measured.cipher_proven
    assert taken.measured.rows["newsletter_subscribers"] == 2
    assert facts.counts == Counts(products=0, orders=0, media_files=0, newsletter_subscribers=1)
    assert facts.sqlcipher_version.startswith("4.")
    assert facts.sqlite_version.startswith("3.")
    assert facts.page_count == taken.measured.page_count
    assert facts.journal_mode == "wal"


async def test_when_the_shop_was_made(database: Database) -> None:
    """What is recorded counts, then the oldest first row; an empty shop does not know."""
    real = DatabaseSource(database, lambda: NOW)
    await clear(database, "database.created_at")
    assert (await real.facts()).created_at is None

    made = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
    async with database.write() as session:
        session.add(Product(slug="jam", title="Jam", created_at=made, updated_at=made))
    assert (await real.facts()).created_at == made

    async with database.write() as session:
        session.add(Setting(key="database.created_at", value="2023-01-02T03:04:05+00:00", updated_at=NOW))
    assert (await real.facts()).created_at == datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC)


async def clear(database: Database, key: str) -> None:
    async with database.write() as session:
        await session.execute(delete(Setting).where(Setting.key == key))


async def test_facts_are_there_when_measuring_fails(source: FakeSource) -> None:
    """Where the measuring library does not exist, the counts are shown all the same."""
    source.error = MeasurementError("no library", reason="library_missing")
    view = await Measurements(source.database, source).refresh()

    assert view.state == "failed"
    assert view.facts is source.real_facts
    assert view.measurement is None


async def test_the_first_look_does_not_wait(source: FakeSource) -> None:
    """Before anything was measured the answer is that it is being measured."""
    source.go.clear()
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(lambda: source.running == 1)
        view = service.look()
        assert (view.state, view.measurement) == ("measuring", None)
        assert view.file_bytes == source.database.path.stat().st_size

        source.go.set()
        await until(becomes(service, "current"))


async def test_it_is_renewed_when_data_changed_and_only_then(source: FakeSource) -> None:
    """Looking again measures nothing; a commit makes the figures stale, and the next look has them renewed."""
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(becomes(service, "current"))
        for _ in range(40):
            service.look()
            await asyncio.sleep(0.005)
        assert source.calls == 1

        source.go.clear()  # Nobody has measured anew when we look.
        await add_subscriber(source.database, "ada@example.org")
        assert service.look().state == "stale"
        assert service.look().measurement is not None
        source.go.set()
        await until(becomes(service, "current"))
        assert source.calls == 2


async def test_it_is_renewed_without_anybody_looking(source: FakeSource) -> None:
    """Who asks once an hour gets figures of the last minutes, not of the last hour."""
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(lambda: source.calls == 1 and not source.running)
        await add_subscriber(source.database, "ada@example.org")
        await until(lambda: source.calls == 2)


async def test_one_at_a_time_and_with_rests(source: FakeSource) -> None:
    """However often somebody looks and something changes, measurements do not overlap or follow at once."""
    service = Measurements(source.database, source, pace=Pace(least=0.2, unwatched=5, rest_factor=0))
    begun = time.monotonic()
    async with service.running():
        number = 0
        while source.calls < 3:
            number += 1
            await add_subscriber(source.database, f"{number}@example.org")
            service.look()
    assert source.most_running == 1
    assert time.monotonic() - begun >= 0.4


async def test_a_long_measurement_is_followed_by_a_long_rest(source: FakeSource) -> None:
    """A file that takes long to read is read seldom."""
    source.real = dataclasses.replace(source.real, seconds=60.0)
    service = Measurements(source.database, source, pace=Pace(least=0.01, unwatched=0.02, rest_factor=10))
    async with service.running():
        await until(becomes(service, "current"))
        await add_subscriber(source.database, "ada@example.org")
        for _ in range(20):
            assert service.look().state in ("current", "stale")
            await asyncio.sleep(0.01)
        assert source.calls == 1


async def test_a_failure_is_told_and_tried_again(source: FakeSource) -> None:
    """The error stands beside the older figures, and goes when a measurement succeeds."""
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(becomes(service, "current"))
        source.error = MeasurementError("the disk is on fire", reason="fire")
        await add_subscriber(source.database, "ada@example.org")
        await until(becomes(service, "failed"))
        view = service.look()
        assert view.error is source.error
        assert view.measurement is not None

        source.error = None
        await until(becomes(service, "current"))
        assert service.look().error is None


async def test_an_error_that_nobody_foresaw_does_not_end_it(source: FakeSource) -> None:
    """A mistake of ours becomes an error on the page, and the next attempt is made."""
    source.error = ZeroDivisionError("division by zero")
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(becomes(service, "failed"))
        error = service.look().error
        assert isinstance(error, MeasurementError)
        assert error.reason == "unexpected"
        source.error = None
        await until(becomes(service, "current"))


async def test_stopping_ends_the_measurement_under_way(source: FakeSource) -> None:
    """The server's end does not wait for a measurement."""
    source.go.clear()
    service = Measurements(source.database, source, pace=QUICK)
    async with service.running():
        await until(lambda: source.running == 1)
    assert source.running == 0


async def test_while_the_database_is_closed_nothing_breaks(source: FakeSource) -> None:
    """During a restore the last figures stay."""
    service = Measurements(source.database, source, pace=QUICK)
    await service.refresh()
    await source.database.close()
    try:
        assert service.look().state == "current"
        view = await Measurements(source.database, DatabaseSource(source.database, lambda: NOW)).refresh()
        assert view.state == "failed"
        assert view.error is not None
        assert "not open" in view.error.message
    finally:
        await source.database.open()


async def test_looking_takes_no_time(source: FakeSource) -> None:
    """A look costs microseconds, whatever a measurement costs."""
    service = Measurements(source.database, source)
    await service.refresh()
    took: list[float] = []
    for _ in range(100):
        begun = time.perf_counter()
        service.look()
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.005
