"""Records of long jobs, as several processes share them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from berrypod.errors import BerrypodError, Conflict
from berrypod.records import Records, is_id, new_id

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    created_at: datetime
    state: str = "running"

    @property
    def active(self) -> bool:
        return self.state == "running"


class Jobs(Records[Job]):
    def __init__(self, folder: Path) -> None:
        super().__init__(lambda: folder, Job)

    def orphaned(self, record: Job) -> Job:
        return msgspec.structs.replace(record, state="dead")

    def keeps_data(self, record: Job) -> bool:
        return record.state == "waiting"


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "work")


def job(at: datetime = NOW, state: str = "done") -> Job:
    return Job(id=new_id(at), created_at=at, state=state)


def test_those_of_one_second_are_in_the_order_in_which_they_began(jobs: Jobs) -> None:
    made = [job(NOW + timedelta(milliseconds=passed)) for passed in range(20)]
    for one in made:
        jobs.add(one)
    assert jobs.all() == made[::-1]


def test_one_that_is_under_way_with_nobody_at_it_is_told_as_dead_and_settled_once(jobs: Jobs) -> None:
    record = job(state="running")
    with jobs.claim(record.id):
        jobs.add(record)
        assert jobs.get(record.id) == record
        assert jobs.sweep() == []
    dead = jobs.get(record.id)
    assert dead is not None
    assert dead.state == "dead"
    assert jobs.sweep() == [(record, dead)]
    assert jobs.sweep() == []


def test_files_stay_while_somebody_works_on_them_or_they_are_waited_for(jobs: Jobs) -> None:
    working, waiting, done = job(state="running"), job(state="waiting"), job()
    with jobs.claim(working.id):
        for record in (working, waiting, done):
            jobs.add(record)
            jobs.data_folder(record.id).mkdir()
        (jobs.data_folder(waiting.id).parent / "nobodys").mkdir()
        jobs.sweep()
        left = {path.name for path in jobs.data_folder("x").parent.iterdir() if path.is_dir()}
        assert left == {working.id, waiting.id}


def test_a_refusal_is_decided_alone_with_all_records(jobs: Jobs) -> None:
    def full(records: object) -> BerrypodError | None:
        return Conflict("full") if records else None

    jobs.add(job(), unless=full)
    with pytest.raises(Conflict, match="full"):
        jobs.add(job(), unless=full)
    assert len(jobs.all()) == 1


def test_a_deleted_one_is_not_brought_back_by_a_change(jobs: Jobs) -> None:
    record = job()
    jobs.add(record)
    assert jobs.delete(record.id)
    assert not jobs.delete(record.id)
    assert jobs.update(record.id, lambda found: found) is None
    assert jobs.get(record.id) is None


def test_a_record_of_another_version_is_none(jobs: Jobs) -> None:
    record = job()
    jobs.add(record)
    jobs.work_path(f"jobs/{record.id}.json").write_text('{"id": 7}')
    assert jobs.get(record.id) is None
    assert jobs.all() == []


@pytest.mark.parametrize("text", ["", "..", "20260314-120000", "20260314-120000-xyz", "20260314-120000-0123abcd/.."])
def test_nothing_but_an_id_becomes_part_of_a_path(jobs: Jobs, text: str) -> None:
    assert not is_id(text)
    assert jobs.get(text) is None
    assert not jobs.exists(text)
