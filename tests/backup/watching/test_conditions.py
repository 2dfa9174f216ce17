"""When backups are not as they should be: from what was seen, with codes that stay the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from berrypod_backup.archives import ArchiveListing
from berrypod_backup.drill.records import DrillRecord
from berrypod_backup.last import LastBackup
from berrypod_backup.schedule.state import Outcome
from berrypod_backup.watching.conditions import conditions
from berrypod_backup.watching.limits import DEFAULT_LIMITS
from berrypod_backup.watching.looking import Disk, Seen

from berrypod.archive.entries import Entry
from berrypod.archive.manifest import Manifest, Proof
from berrypod.declarations import Condition
from berrypod.records import Trouble

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
TROUBLE = Trouble(code="backup_damaged", message="Chunk 3fa9 is damaged", hint="Make a new backup now.")
GB = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Schedule:
    enabled: bool = True
    next_at: datetime | None = NOW + timedelta(hours=1)
    last_success: Outcome | None = None
    last_failure: Outcome | None = None
    failing: bool = False
    given_up: bool = False
    overdue_since: datetime | None = None


def manifest(days: float = 0.1, *, proven_days: float | None = 0.1, number: int = 0) -> Manifest:
    at = NOW - timedelta(days=days)
    proven_at = None if proven_days is None else NOW - timedelta(days=proven_days)
    return Manifest(
        id=f"{at:%Y%m%d-%H%M%S}-{number:08x}",
        created_at=at,
        finished_at=at + timedelta(seconds=9),
        size_bytes=GB,
        sha256="0" * 64,
        page_count=1,
        schema_revision="0001",
        row_counts={},
        encrypted=True,
        key_fingerprint="5eed5eed",
        salt="00" * 16,
        method="compact",
        storage="file",
        stored_bytes=GB,
        app_version="0.1.0",
        proof=proven_at and Proof(at=proven_at, seconds=1, how="Tried."),
        proven_at=proven_at,
    )


def entry(kept: Manifest, *, problem: Trouble | None = None, kind: Any = "backup") -> Entry:
    return Entry(
        kind=kind,
        name=f"berrypod-backup-{kept.id}.json",
        manifest=kept if kind != "manifest_unreadable" else None,
        size_bytes=kept.size_bytes,
        stored_bytes=kept.stored_bytes,
        modified_at=kept.created_at,
        problem=problem,
    )


def archive(*entries: Entry, exporter: str = "keep", **more: Any) -> ArchiveListing:
    fields: dict[str, Any] = {"title": exporter.capitalize(), "location": "/safe", "off_site": False, **more}
    return ArchiveListing(exporter=exporter, entries=entries, **fields)


def drill(state: Literal["proven", "failed", "interrupted"], copy_id: str, exporter: str = "keep") -> DrillRecord:
    return DrillRecord(
        id="20260314-120000-00000000",
        state=state,
        exporter=exporter,
        copy_id=copy_id,
        created_at=NOW,
        started_by=None,
        error=TROUBLE if state == "failed" else None,
    )


WELL = Seen(
    at=NOW,
    production=True,
    listings=[
        archive(entry(manifest())),
        archive(entry(manifest()), exporter="s3", off_site=True),
    ],
    last=None,
    expected_bytes=GB,
    schedule=Schedule(),
    drills=[drill("proven", manifest().id)],
    tallies={},
    disks=[Disk(exporter=None, path=Path("/srv"), free_bytes=50 * GB, device=1)],
)


def codes(seen: Seen) -> list[str]:
    return [condition.code for condition in conditions(seen)]


def only(seen: Seen) -> Condition:
    (condition,) = conditions(seen)
    return condition


def test_where_all_is_well_there_is_nothing_to_say() -> None:
    assert conditions(WELL) == []


def test_a_schedule_that_is_overdue_is_told_with_its_time() -> None:
    late = only(replace(WELL, schedule=Schedule(overdue_since=NOW - timedelta(hours=3))))

    assert (late.code, late.severity, late.path) == ("backup_overdue", "bad", "/admin/backup")
    assert "14 March 2026, 09:00 UTC" in late.text


@pytest.mark.parametrize("schedule", [None, Schedule(enabled=False)])
def test_without_a_schedule_a_week_is_too_long(schedule: Schedule | None) -> None:
    def of(days: float, **more: Any) -> Seen:
        kept = archive(entry(manifest(days)), exporter="s3", off_site=True)
        return replace(WELL, schedule=schedule, listings=[kept], drills=[], **more)

    assert codes(of(6.9)) == []
    assert codes(of(8)) == ["backup_overdue", "off_site_missing"]
    last = LastBackup(at=NOW - timedelta(days=1), exporter="download", method="compact", size_bytes=1, sha256="0")
    assert "backup_overdue" not in codes(of(8, last=last)), "one that was downloaded counts"


def test_a_shop_without_any_backup_is_told_so() -> None:
    none = replace(WELL, production=False, schedule=None, listings=[archive()], drills=[])

    assert (only(none).code, only(none).severity, only(none).title) == ("backup_overdue", "warn", "There is no backup")


def test_the_last_scheduled_one_that_failed_is_told_with_its_reason() -> None:
    failure = Outcome(due=NOW, at=NOW, attempts=3, exporters=("keep",), trouble=TROUBLE)
    failed = only(replace(WELL, schedule=Schedule(failing=True, given_up=True, last_failure=failure)))

    assert (failed.code, failed.what_to_do) == ("backup_failed", TROUBLE.hint)
    assert failed.text == f"{TROUBLE.message}. The backup is missing in “Keep”."
    assert codes(replace(WELL, schedule=Schedule(failing=True, last_failure=failure))) == [], "it is tried again"
    assert codes(replace(WELL, schedule=Schedule(failing=False, last_failure=failure))) == []


def test_an_archive_that_has_its_backup_is_not_said_to_lack_it() -> None:
    """The schedule has two archives, and the one elsewhere does not answer for hours."""
    failure = Outcome(due=NOW, at=NOW, attempts=3, exporters=("s3",), trouble=TROUBLE)
    late = Schedule(failing=True, last_failure=failure, overdue_since=NOW - timedelta(hours=3))

    assert only(replace(WELL, schedule=late)).text == "One was due on 14 March 2026, 09:00 UTC, and is missing in “S3”."


@pytest.mark.parametrize("kind", ["backup", "file_missing", "manifest_unreadable"])
def test_what_is_damaged_is_named_with_its_archive(kind: str) -> None:
    bad = archive(entry(manifest()), entry(manifest(2, number=1), problem=TROUBLE, kind=kind), exporter="shed")
    found = only(replace(WELL, listings=[*WELL.listings, bad]))

    assert (found.code, found.severity) == ("archive_damaged.shed", "bad")
    assert TROUBLE.message in found.text


def test_what_is_not_ours_harms_nothing() -> None:
    strange = archive(entry(manifest(), kind="foreign"), entry(manifest(), kind="no_manifest"), exporter="shed")
    assert codes(replace(WELL, listings=[*WELL.listings, strange])) == []


def test_a_drill_that_failed_last_is_told_until_the_next_one_or_until_the_backup_is_gone() -> None:
    kept = manifest().id
    failed = replace(WELL, drills=[drill("interrupted", kept), drill("failed", kept), drill("proven", kept)])

    assert (only(failed).code, only(failed).severity) == ("drill_failed.keep", "bad")
    assert codes(replace(WELL, drills=[drill("proven", kept), drill("failed", kept)])) == []
    assert codes(replace(WELL, drills=[drill("failed", "deleted")])) == []
    assert codes(replace(WELL, drills=[drill("failed", "x", "barn")])) == ["drill_failed.barn"]


def test_a_check_that_failed_last_is_told_beside_drills() -> None:
    checked = msgspec.structs.replace(drill("failed", manifest().id), kind="check")
    found = only(replace(WELL, drills=[drill("proven", manifest().id), checked]))

    assert (found.code, found.title) == ("check_failed.keep", "The last check of what keep keeps failed")
    assert codes(replace(WELL, drills=[msgspec.structs.replace(checked, state="whole"), checked])) == []


def test_backups_that_nobody_has_tried_are_told_after_a_day_and_old_proofs_after_a_fortnight() -> None:
    def of(*kept: Manifest) -> Seen:
        return replace(WELL, listings=[archive(*map(entry, kept), exporter="s3", off_site=True)])

    assert codes(of(manifest(0.9, proven_days=None))) == []
    assert codes(of(manifest(0.1, proven_days=None), manifest(1.1, proven_days=None))) == ["backup_unproven"]
    assert codes(of(manifest(proven_days=13.9))) == []
    assert codes(of(manifest(proven_days=14.1))) == ["backup_unproven"]
    assert codes(of(manifest(proven_days=None), manifest(3, proven_days=2.9))) == []


def test_a_disk_without_room_for_the_next_backup_is_told_with_the_numbers_once() -> None:
    spare = DEFAULT_LIMITS.spare_bytes
    disk = Disk(exporter=None, path=Path("/srv"), free_bytes=GB + spare - 1, device=1)
    same = Disk(exporter="keep", path=Path("/srv/backups"), free_bytes=GB, device=1)
    other = Disk(exporter="shed", path=Path("/shed"), free_bytes=GB + spare, device=2)
    full, scarce = conditions(replace(WELL, disks=[disk, same, other]))

    assert (full.code, full.severity) == ("disk_nearly_full", "bad")
    assert (scarce.code, scarce.severity) == ("disk_nearly_full.shed", "warn")
    assert "1.0 GB are free on the disk of /srv" in full.text
    assert codes(replace(WELL, disks=[disk], expected_bytes=None)) == [], "the shop cannot be read: nobody knows"


def test_a_shop_of_production_that_keeps_nothing_elsewhere_is_told() -> None:
    here = replace(WELL, listings=[archive(entry(manifest()))])

    assert codes(here) == ["off_site_missing"]
    assert codes(replace(here, production=False)) == []


def test_an_exporter_without_a_place_is_as_good_as_none() -> None:
    seen = replace(WELL, listings=[WELL.listings[0], archive(exporter="s3", off_site=True, set_up=False)])

    assert codes(seen) == ["off_site_missing"]
    assert codes(replace(seen, production=False)) == []


def test_an_archive_that_does_not_answer_is_told_as_that_alone() -> None:
    away = Trouble(code="storage_unreachable", message="No answer.", hint="Look at the network.")
    seen = replace(WELL, listings=[WELL.listings[0], archive(exporter="s3", off_site=True, error=away)])

    assert codes(seen) == ["archive_unreachable.s3"]


def test_an_empty_or_old_archive_elsewhere_is_told() -> None:
    for elsewhere in (archive(exporter="s3", off_site=True), archive(entry(manifest(8)), exporter="s3", off_site=True)):
        assert codes(replace(WELL, listings=[WELL.listings[0], elsewhere])) == ["off_site_missing"]


def test_the_worst_is_first_and_long_words_of_others_do_no_harm() -> None:
    long = msgspec.structs.replace(TROUBLE, message="m" * 5000, hint="h" * 5000)
    name = "x" * 64
    seen = replace(
        WELL,
        listings=[
            archive(exporter=name, error=long, title="t" * 60),
            archive(entry(manifest(), problem=long), exporter=name, title="t" * 60),
        ],
    )
    found = conditions(seen)

    assert [condition.severity for condition in found] == sorted(condition.severity for condition in found)
    assert found[0].code.startswith("archive_damaged.xxx")
