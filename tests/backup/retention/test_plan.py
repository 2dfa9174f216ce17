"""What an admin who relies on it expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from berrypod_backup.retention.plan import Plan, plan, stored_bytes
from berrypod_backup.retention.settings import RetentionSettings, require_sound

from berrypod.archive.entries import Entry
from berrypod.errors import Invalid
from tests.backup.retention.entries import DAMAGED, NOW, backup, other

NOTHING: dict[str, Any] = {"enabled": True, "last": 0, "daily": 0, "weekly": 0, "monthly": 0}


def asked(**wanted: Any) -> RetentionSettings:
    return RetentionSettings(**{**NOTHING, **wanted})


def hours_ago(hours: float, **more: Any) -> Entry:
    return backup(NOW - timedelta(hours=hours), **more)


def kept(found: Plan) -> list[Entry]:
    return [staying.entry for staying in found.stay]


def reasons(found: Plan, entry: Entry) -> Sequence[str]:
    return next(staying.reasons for staying in found.stay if staying.entry is entry)


def test_the_last_ones_stay() -> None:
    entries = [hours_ago(hours) for hours in range(6)]
    assert kept(plan(entries, asked(last=3), NOW)) == entries[:3]


def test_of_each_day_the_last_one_stays_and_days_without_any_do_not_count() -> None:
    entries = [hours_ago(hours) for hours in (1, 2, 49, 50, 97)]
    assert kept(plan(entries, asked(daily=2), NOW)) == [entries[0], entries[2]]
    assert kept(plan(entries, asked(daily=3), NOW)) == [entries[0], entries[2], entries[4]]


def test_weeks_begin_on_monday_and_may_cross_a_year() -> None:
    sunday, saturday = datetime(2026, 1, 4, 12, tzinfo=UTC), datetime(2026, 1, 3, 12, tzinfo=UTC)
    monday, before = datetime(2025, 12, 29, 12, tzinfo=UTC), datetime(2025, 12, 28, 12, tzinfo=UTC)
    entries = [backup(at) for at in (sunday, saturday, monday, before)]
    assert kept(plan(entries, asked(weekly=2), NOW)) == [entries[0], entries[3]]


def test_months_are_those_of_the_zone() -> None:
    """At 23:30 in New York it is the next day, here of the next month, in UTC."""
    late = backup(datetime(2026, 9, 1, 3, 30, tzinfo=UTC))
    earlier, later = backup(datetime(2026, 8, 31, 12, tzinfo=UTC)), backup(datetime(2026, 9, 2, 12, tzinfo=UTC))
    entries = [later, late, earlier]
    assert kept(plan(entries, asked(monthly=2), NOW)) == [later, earlier]
    assert kept(plan(entries, asked(monthly=2, zone="America/New_York"), NOW)) == [later, late]


def test_a_day_of_25_hours_is_one_day() -> None:
    """In Berlin, 25 October 2026 begins at 22:00 UTC and ends at 23:00 UTC."""
    begins, ends = datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC)
    before, after = backup(begins - timedelta(minutes=1)), backup(ends + timedelta(minutes=1))
    first, last = backup(begins), backup(ends)
    entries = [after, last, first, before]
    assert kept(plan(entries, asked(daily=3, zone="Europe/Berlin"), NOW)) == [after, last, before]


def test_one_backup_may_stay_for_several_reasons() -> None:
    entry = hours_ago(1, proven=True)
    found = plan([entry], asked(last=1, daily=1, weekly=1, monthly=1), NOW)
    assert reasons(found, entry) == ("newest", "proven", "last", "daily", "weekly", "monthly")


def test_the_newest_proven_one_stays_however_old() -> None:
    entries = [hours_ago(1), hours_ago(2), hours_ago(5000, proven=True), hours_ago(6000, proven=True)]
    found = plan(entries, asked(last=1), NOW)
    assert kept(found) == [entries[0], entries[2]]
    assert reasons(found, entries[2]) == ("proven",)


def test_one_that_was_proven_and_then_failed_stays_beside_the_one_that_is_proven() -> None:
    """The drill may have failed for want of space: nobody knows which of the two will be needed."""
    failed, proven = hours_ago(10, proven=False, once_proven=True), hours_ago(20, proven=True)
    assert kept(plan([hours_ago(1), failed, proven, hours_ago(30)], asked(last=1), NOW))[1:] == [failed, proven]


def test_a_proven_one_that_has_been_damaged_since_does_not_stand_for_a_whole_one() -> None:
    damaged, whole = hours_ago(10, proven=True, problem=DAMAGED), hours_ago(20, proven=True)
    assert kept(plan([hours_ago(1), damaged, whole], asked(last=1), NOW))[1:] == [damaged, whole]


def test_known_bad_ones_take_no_good_ones_place() -> None:
    bad = [hours_ago(hours, proven=False) for hours in (1, 2, 3)]
    good = [hours_ago(hours) for hours in (4, 5, 6)]
    found = plan([*bad, *good], asked(last=2), NOW)
    assert kept(found) == [*bad[:2], *good[:2]]


def test_without_any_proof_the_counts_mean_what_they_say() -> None:
    entries = [hours_ago(hours) for hours in range(20)]
    assert kept(plan(entries, asked(last=5), NOW)) == entries[:5]


def test_what_a_person_made_stays_and_takes_no_place_unless_that_is_said() -> None:
    mine, before = hours_ago(2, origin="manual"), hours_ago(3, origin="before_restore")
    entries = [hours_ago(1), mine, before, hours_ago(4), hours_ago(5)]
    assert kept(plan(entries, asked(last=2), NOW)) == entries[:4]
    assert kept(plan(entries, asked(last=2, manual=True), NOW)) == [entries[0], mine, before]
    assert kept(plan(entries, asked(last=2, manual=True, before_restore=True), NOW)) == [entries[0], mine]


def test_what_is_not_understood_stays() -> None:
    strange = [other("no_manifest"), other("file_missing"), other("manifest_unreadable"), other("foreign")]
    found = plan([hours_ago(1), hours_ago(2), *strange], asked(last=1), NOW)
    assert kept(found)[1:] == strange
    assert reasons(found, strange[0]) == ("not_understood",)


def test_what_is_of_another_shop_stays_and_counts_for_nothing() -> None:
    theirs = [replace(hours_ago(hour, proven=True, size_bytes=10**9), kind="other_shop") for hour in range(3)]
    ours = [hours_ago(hour) for hour in range(3, 6)]
    found = plan([*theirs, *ours], asked(last=2, max_bytes=10_000), NOW)
    assert kept(found) == [*theirs, *ours[:2]]
    assert reasons(found, theirs[0]) == ("other_shop",)
    assert reasons(found, ours[0])[0] == "newest"


def test_one_of_the_future_takes_nobodys_place() -> None:
    """A clock that was wrong once would otherwise have each new backup deleted as soon as it is made."""
    future, present = backup(NOW + timedelta(days=300)), hours_ago(0)
    found = plan([future, present, hours_ago(1)], asked(last=1), NOW)
    assert kept(found) == [future, present]
    assert reasons(found, future) == ("future",)
    assert reasons(found, present) == ("newest", "last")


def test_by_size_the_oldest_go_until_the_rest_fits() -> None:
    entries = [hours_ago(hours, size_bytes=100) for hours in range(5)]
    found = plan(entries, asked(max_bytes=250), NOW)
    assert kept(found) == entries[:2]
    assert {going.cause for going in found.go} == {"size"}
    assert (found.stored_bytes, found.excess_bytes) == (200, 0)


def test_the_size_yields_to_what_must_stay_and_the_plan_says_by_how_much() -> None:
    entries = [hours_ago(1, size_bytes=100), hours_ago(2, size_bytes=100), hours_ago(3, size_bytes=100, proven=True)]
    found = plan(entries, asked(last=3, max_bytes=150), NOW)
    assert kept(found) == [entries[0], entries[2]]
    assert (found.stored_bytes, found.excess_bytes) == (200, 50)


def test_pages_that_are_shared_stay_with_those_that_need_them() -> None:
    """The first backup brought 1000 bytes, the later ones 10 each: without the first one they take 1020, not 20."""
    first = hours_ago(3, storage="pages", size_bytes=1000, stored_bytes=1000)
    later = [hours_ago(hours, storage="pages", size_bytes=1000, stored_bytes=10) for hours in (0, 1, 2)]
    assert stored_bytes([*later, first]) == 1030
    assert stored_bytes(later) == 1020
    found = plan([*later, first], asked(max_bytes=1015), NOW)
    assert kept(found) == later[:2]
    assert (found.stored_bytes, found.excess_bytes) == (1010, 0)


def test_a_thousand_backups_are_planned_in_a_moment() -> None:
    entries = [hours_ago(hours, storage="pages", stored_bytes=10) for hours in range(3000)]
    assert kept(plan(entries, asked(max_bytes=1), NOW)) == entries[:1]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (asked(last=1, zone="Mars/Olympus"), "zone"),
        (asked(last=1, zone="../etc/passwd"), "zone"),
        (asked(last=1, zone="Europe"), "zone"),
        (asked(), "last"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_field(settings: RetentionSettings, field: str) -> None:
    with pytest.raises(Invalid) as error:
        require_sound(settings)
    assert list(error.value.fields) == [field]
