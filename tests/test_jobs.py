"""Long jobs of one process: recorded and claimed while they are worked on, however that ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from berrypod.errors import BackupError, Conflict
from berrypod.jobs import Jobs
from berrypod.records import Records, new_id


class Job(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    created_at: datetime
    active: bool = True


class Store(Records[Job]):
    def orphaned(self, record: Job) -> Job:
        return msgspec.structs.replace(record, active=False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(lambda: tmp_path / "work", Job)


def job() -> Job:
    now = datetime.now(UTC)
    return Job(id=new_id(now), created_at=now)


async def nothing() -> None:
    """Done at once."""


async def test_it_is_claimed_for_as_long_as_it_is_worked_on(store: Store) -> None:
    jobs, record, go_on = Jobs(store), job(), asyncio.Event()

    async def work() -> None:
        await go_on.wait()

    await jobs.begin(record, work, name="a job")
    task = jobs.task(record.id)
    assert task is not None
    assert (store.get(record.id), store.is_worked_on(record.id)) == (record, True)
    go_on.set()
    await task
    assert not store.is_worked_on(record.id)
    await asyncio.sleep(0)
    assert jobs.task(record.id) is None


async def test_one_that_is_cancelled_before_its_first_step_is_claimed_no_more(store: Store) -> None:
    jobs, record = Jobs(store), job()
    await jobs.begin(record, nothing, name="a job")
    await jobs.cancel(record.id)
    assert not store.is_worked_on(record.id)
    found = store.get(record.id)
    assert found is not None
    assert not found.active, "others tell it as one that nobody works on"


async def test_what_is_refused_leaves_neither_a_record_nor_a_claim(store: Store) -> None:
    record = job()
    with pytest.raises(Conflict):
        await Jobs(store).begin(record, nothing, name="a job", unless=lambda _: Conflict("Too many"))
    assert store.get(record.id) is None
    assert not store.is_worked_on(record.id)


async def test_while_the_shop_stops_all_end_and_none_is_begun(store: Store) -> None:
    jobs, record, ended = Jobs(store), job(), list[bool]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(store.is_worked_on(record.id))

    async with jobs.running():
        await jobs.begin(record, work, name="a job")
        await asyncio.sleep(0)
    assert ended == [True], "it is claimed to its very end"
    with pytest.raises(BackupError, match="is being stopped"):
        await jobs.begin(job(), nothing, name="another")
    async with jobs.running():
        await jobs.begin(job(), nothing, name="another")
