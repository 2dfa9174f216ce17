"""Due times: in any zone, across changes of summer time, and from any moment on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from berrypod_backup.schedule.settings import ScheduleSettings, require_sound, times_of
from berrypod_backup.schedule.times import Cron, NeverDue, Steps
from berrypod_backup.schedule.words import in_words
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.errors import Invalid

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def local(times: list[datetime], zone: str = BERLIN) -> list[str]:
    return [time.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %z") for time in times]


def daily(at: str, zone: str = BERLIN) -> ScheduleSettings:
    return ScheduleSettings(kind="daily", at=at, zone=zone)


def cron(expression: str, zone: str = "UTC") -> ScheduleSettings:
    return ScheduleSettings(kind="cron", cron=expression, zone=zone)


def test_a_time_that_the_clock_jumps_over_in_spring_is_served_at_the_end_of_the_jump() -> None:
    assert local(times_of(daily("02:30")).next(NOW, 3)) == [
        "03-28 02:30 +0100",
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]


def test_a_time_that_comes_twice_in_autumn_is_served_once() -> None:
    begin = datetime(2026, 10, 23, 12, tzinfo=UTC)
    assert local(times_of(daily("02:30")).next(begin, 3)) == [
        "10-24 02:30 +0200",
        "10-25 02:30 +0200",
        "10-26 02:30 +0100",
    ]


def test_in_the_second_of_the_two_hours_the_next_time_is_tomorrow() -> None:
    """The library forgets in which of two equal hours it begins, and would answer with one that has passed."""
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    times = times_of(daily("02:30"))
    assert local(times.next(second, 1)) == ["10-26 02:30 +0100"]
    assert times.latest(second) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_steps_of_hours_go_on_as_hours_pass() -> None:
    begin = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert local(times_of(cron("0 */1 * * *", BERLIN)).next(begin, 4)) == [
        "10-25 02:00 +0200",
        "10-25 02:00 +0100",
        "10-25 03:00 +0100",
        "10-25 04:00 +0100",
    ]
    every = times_of(ScheduleSettings(kind="every", every_hours=6, zone=BERLIN)).next(begin, 6)
    assert {later - earlier for earlier, later in pairwise(every)} == {timedelta(hours=6)}


def test_weekly_is_on_the_day_that_is_named() -> None:
    settings = ScheduleSettings(kind="weekly", weekday="mon", at="04:00", zone="America/New_York")
    assert [f"{time:%a %H:%M}" for time in times_of(settings).next(NOW, 2)] == ["Mon 08:00", "Mon 08:00"]


zones = st.sampled_from((BERLIN, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"))
expressions = st.sampled_from(
    ("30 2 * * *", "*/30 * * * *", "15 */3 * * *", "0 2 * * 0", "0 3 1 * *", "10,40 1-3 * * *")
)
# The nights in which the clocks of these zones change, and some days between.
moments = st.builds(
    lambda begin, minutes: begin + timedelta(minutes=minutes),
    st.sampled_from((datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))),
    st.integers(0, 30 * 24 * 60),
)


@settings(max_examples=50)
@given(zones, expressions, moments)
def test_from_any_moment_the_times_are_the_same(zone: str, expression: str, moment: datetime) -> None:
    times = Cron(expression, ZoneInfo(zone))
    begin = moment - timedelta(days=45)
    until = list(takewhile(lambda due: due <= moment, times.onwards(begin)))
    assert until == sorted(set(until))
    assert times.latest(moment) == until[-1]
    following = times.after(moment)
    assert following is not None
    assert following > moment
    assert times.latest(following) == following
    assert times.latest(following - timedelta(seconds=1)) == until[-1]


@given(st.integers(1, 10**6), moments)
def test_steps_are_in_a_row_without_gaps(seconds: int, moment: datetime) -> None:
    steps = Steps(seconds)
    latest, following = steps.latest(moment), steps.after(moment)
    assert latest is not None
    assert following is not None
    assert latest <= moment < following
    assert following - latest == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        (cron("0 0 30 2 *"), "cron", "makes no sense"),
        (cron("0 0 * *"), "cron", "five fields"),
        (cron("0 0 0 * * *"), "cron", "five fields"),
        (cron("@daily"), "cron", "five fields"),
        (cron("61 * * * *"), "cron", "Bad minute"),
        (cron(""), "cron", "five fields"),
        (cron("0 3 * * *", "Europe/Atlantis"), "zone", "Europe/Berlin"),
        (daily("3:00"), "at", "HH:MM"),
        (daily("24:00"), "at", "HH:MM"),
        (daily("03:00", "../../etc/passwd"), "zone", "no time zone"),
        (daily("03:00", "Europe"), "zone", "no time zone"),
        (daily("03:00", ""), "zone", "no time zone"),
        (ScheduleSettings(kind="every", every_hours=0.016), "every_hours", "from a minute"),
        (ScheduleSettings(kind="every", every_hours=1000), "every_hours", "744 hours"),
        (ScheduleSettings(kind="every", every_hours=float("nan")), "every_hours", "from a minute"),
        (ScheduleSettings(kind="daily", exporters=["keep", "moon"]), "exporters", "There are: keep."),
        (ScheduleSettings(kind="daily", exporters=[]), "exporters", "Say where to: keep."),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field_and_what_to_do(
    settings: ScheduleSettings, field: str, words: str
) -> None:
    with pytest.raises(Invalid) as error:
        require_sound(settings, ["keep"], NOW)
    assert list(error.value.fields) == [field]
    assert words in error.value.fields[field]


@pytest.mark.parametrize(
    "settings",
    [
        ScheduleSettings(),
        ScheduleSettings(kind="every", every_hours=1 / 60, exporters=["keep"]),
        daily("23:59"),
        cron("* * * * *"),
        cron("*/10 * * * *", BERLIN),
        cron("0 3 * * MON-FRI"),
        cron("0 3 L * *"),
        cron("0 0 29 2 *"),
    ],
)
def test_what_makes_sense_is_taken(settings: ScheduleSettings) -> None:
    require_sound(settings, ["keep"], NOW)


@pytest.mark.parametrize("hours", [1 / 60, 0.0167, 0.0166667])
def test_every_minute_is_as_often_as_it_goes_however_it_is_written(hours: float) -> None:
    settings = ScheduleSettings(kind="every", every_hours=hours)
    first, second = times_of(settings).next(NOW, 2)
    assert second - first == timedelta(minutes=1)
    assert in_words(settings) == "every minute"


def test_without_an_archive_there_is_nothing_to_schedule() -> None:
    with pytest.raises(Invalid) as error:
        require_sound(daily("03:00"), [], NOW)
    assert "/admin/plugins" in error.value.fields["kind"]
    require_sound(ScheduleSettings(exporters=[]), [], NOW)


def test_what_is_stored_and_makes_no_sense_is_told_as_that() -> None:
    with pytest.raises(NeverDue):
        times_of(cron("every night"))
