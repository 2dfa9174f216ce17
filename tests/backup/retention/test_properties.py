"""What holds for any archive and any settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from berrypod_backup.retention.plan import Plan, plan, stored_bytes
from berrypod_backup.retention.settings import RetentionSettings
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from berrypod.archive.entries import Entry
from tests.backup.retention.entries import NOW, any_entries, any_settings

# Clocks of several machines on one archive differ a little: what is so much ahead is not of the future.
TOLERANCE = timedelta(minutes=10)


def names(entries: Sequence[Entry]) -> set[str]:
    return {entry.name for entry in entries}


def gone(found: Plan) -> set[str]:
    return {going.entry.name for going in found.go}


def left(found: Plan) -> list[Entry]:
    return [staying.entry for staying in found.stay]


def newest(entries: Sequence[Entry], wanted: Callable[[Entry], object]) -> Entry | None:
    """Of backups whose time can be believed."""
    found = [
        entry
        for entry in entries
        if entry.kind == "backup" and entry.manifest and entry.manifest.created_at <= NOW + TOLERANCE and wanted(entry)
    ]
    return max(found, key=lambda entry: (entry.manifest and entry.manifest.created_at, entry.name), default=None)


@given(any_entries(), any_settings())
def test_every_entry_either_stays_for_a_reason_or_goes_for_one(
    entries: list[Entry], settings: RetentionSettings
) -> None:
    found = plan(entries, settings, NOW)
    assert names(left(found)) | gone(found) == names(entries)
    assert not names(left(found)) & gone(found)
    assert all(staying.reasons for staying in found.stay)


@given(any_entries(), any_settings())
def test_the_newest_proven_one_never_goes(entries: list[Entry], settings: RetentionSettings) -> None:
    found = gone(plan(entries, settings, NOW))
    for wanted in (
        lambda entry: entry.manifest.proven,
        lambda entry: entry.manifest.proven_at,
        lambda entry: entry.manifest.proven and entry.problem is None,
    ):
        proven = newest(entries, wanted)
        assert proven is None or proven.name not in found


@given(any_entries(), any_settings())
def test_the_newest_one_never_goes(entries: list[Entry], settings: RetentionSettings) -> None:
    latest = newest(entries, lambda entry: True)
    assert latest is None or latest.name not in gone(plan(entries, settings, NOW))


@given(any_entries(), any_settings())
def test_what_is_not_understood_or_dated_in_the_future_never_goes(
    entries: list[Entry], settings: RetentionSettings
) -> None:
    for going in plan(entries, settings, NOW).go:
        assert going.entry.kind == "backup"
        assert going.manifest.created_at <= NOW + TOLERANCE


@given(any_entries(), any_settings())
def test_what_people_made_goes_only_if_that_is_said(entries: list[Entry], settings: RetentionSettings) -> None:
    for going in plan(entries, settings, NOW).go:
        assert settings.governs(going.manifest.origin)


@given(any_entries(), any_settings())
def test_nothing_goes_while_it_is_off(entries: list[Entry], settings: RetentionSettings) -> None:
    assert plan(entries, replace(settings, enabled=False), NOW).go == ()


@given(any_entries(), any_settings(), st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_matter(
    entries: list[Entry], settings: RetentionSettings, random: object
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    assert gone(plan(shuffled, settings, NOW)) == gone(plan(entries, settings, NOW))


@given(any_entries(), any_settings())
def test_what_stays_stays_the_next_time_too(entries: list[Entry], settings: RetentionSettings) -> None:
    staying = left(plan(entries, settings, NOW))
    again = plan(staying, settings, NOW)
    assert gone(again) == set()


@given(any_entries(), any_settings(sized=False), st.lists(st.integers(0, 6), min_size=4, max_size=4))
def test_whoever_asks_for_more_loses_no_more(
    entries: list[Entry], settings: RetentionSettings, more: list[int]
) -> None:
    """Counts that are larger; without a size, as it is the older ones of a larger number that it lets go."""
    counts = {name: getattr(settings, name) for name in ("last", "daily", "weekly", "monthly")}
    if not settings.counts:
        return  # nothing is asked for, and so everything stays: that is more than any count
    larger = replace(settings, **{name: counts[name] + add for (name, add) in zip(counts, more, strict=True)})
    assert gone(plan(entries, larger, NOW)) <= gone(plan(entries, settings, NOW))


@given(any_entries(), any_settings(), st.integers(0, 20_000))
def test_whoever_allows_a_larger_size_loses_no_more(
    entries: list[Entry], settings: RetentionSettings, more: int
) -> None:
    larger = replace(settings, max_bytes=settings.max_bytes and settings.max_bytes + more)
    assert gone(plan(entries, larger, NOW)) <= gone(plan(entries, settings, NOW))


@given(any_entries(), any_settings())
def test_the_size_is_kept_unless_what_must_stay_is_too_much_and_then_that_is_said(
    entries: list[Entry], settings: RetentionSettings
) -> None:
    found = plan(entries, settings, NOW)
    assert found.stored_bytes == stored_bytes(left(found))
    if not settings.enabled or settings.max_bytes is None:
        assert found.excess_bytes == 0
        return
    assert found.excess_bytes == max(0, found.stored_bytes - settings.max_bytes)
    if found.excess_bytes:
        free = {"last", "daily", "weekly", "monthly", "all"}
        assert all(not free.issuperset(staying.reasons) for staying in found.stay)


@given(any_entries(), any_settings())
def test_by_size_the_oldest_go_first(entries: list[Entry], settings: RetentionSettings) -> None:
    found = plan(entries, settings, NOW)
    free = {"last", "daily", "weekly", "monthly", "all"}
    kept = [one.entry.manifest for one in found.stay if one.entry.manifest and free.issuperset(one.reasons)]
    dropped = [one.manifest for one in found.go if one.cause == "size"]
    if kept and dropped:
        assert max(one.created_at for one in dropped) <= min(one.created_at for one in kept)
