"""What is counted over time: on disk, for all processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from berrypod_backup.watching.tallies import Tallies, Tally

from berrypod.events import BackupDrillFailed, BackupFailed, BackupFinished, BackupProven, ShopStarted

AT = datetime(2026, 3, 14, 12, tzinfo=UTC)
FINISHED = BackupFinished(
    at=AT, backup_id="1", exporter="keep", method="compact", size_bytes=9, sha256="0", seconds=1.5
)
FAILED = BackupFailed(at=AT, backup_id="2", exporter="keep", code="disk_full", error="Full.")


@pytest.fixture
def tallies(tmp_path: Path) -> Tallies:
    return Tallies(lambda: tmp_path)


def test_each_exporter_has_its_own(tallies: Tallies) -> None:
    for event in (
        FINISHED,
        FAILED,
        FAILED,
        BackupProven(at=AT, exporter="keep", copy_id="1", seconds=2.5),
        BackupDrillFailed(at=AT, exporter="s3", copy_id="1", code="x", error="No."),
        ShopStarted(version="1"),
    ):
        tallies.note(event)

    assert tallies.all() == {
        "keep": Tally(
            made=1,
            failed=2,
            made_at=AT,
            failed_at=AT,
            seconds=1.5,
            size_bytes=9,
            proven=1,
            drill_at=AT,
            drill_seconds=2.5,
        ),
        "s3": Tally(drills_failed=1, drill_at=AT),
    }


def test_none_is_lost_when_several_count_at_once(tallies: Tallies, tmp_path: Path) -> None:
    """Each with a `Tallies` of its own, as processes have."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: Tallies(lambda: tmp_path).note(FINISHED), range(20)))

    assert tallies.all()["keep"].made == 20


def test_what_cannot_be_read_counts_as_nothing(tallies: Tallies, tmp_path: Path) -> None:
    tallies.note(FINISHED)
    (tmp_path / "watching" / "tallies.json").write_text("{")

    assert tallies.all() == {}
    tallies.note(FAILED)
    assert tallies.all()["keep"].failed == 1
