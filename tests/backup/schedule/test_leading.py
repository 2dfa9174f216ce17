"""What the leader does as time passes: a clock that is set by hand, and nothing that waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from berrypod_backup.drill.faults import DrillInterrupted
from berrypod_backup.schedule.serving import drill_is_due
from berrypod_backup.schedule.settings import ScheduleSettings
from msgspec.structs import replace

from berrypod.errors import Invalid
from berrypod.maintenance import Stage
from berrypod.records import Trouble
from tests.backup.schedule.conftest import BEGIN, HOURLY, TROUBLE, Died, Led


async def test_each_due_time_is_served_once(led: Led) -> None:
    await led.set(HOURLY)
    await led.watch(minutes=5 * 60 + 10)
    assert led.serving.made == [("keep",)] * 5


async def test_it_is_made_then_old_ones_go_then_it_is_proven(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(hours=1)
    assert led.serving.calls == ["make", "tidy keep", "prove"]
    status = await led.status()
    assert status.last_success
    assert (status.last_success.due, status.failing) == (BEGIN + timedelta(hours=1), False)
    assert status.next_at == BEGIN + timedelta(hours=2)


async def test_nothing_is_made_while_it_is_off_and_no_state_is_kept(led: Led) -> None:
    await led.watch(minutes=120)
    assert led.serving.calls == []
    assert led.states.read() is None


async def test_times_before_it_was_saved_are_nobodys(led: Led) -> None:
    """Saved at 12:00; at 11:00 a backup would have been due."""
    await led.set(HOURLY)
    await led.leader.look()
    assert led.serving.calls == []


async def test_after_a_downtime_one_backup_makes_up_for_all_that_were_missed(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(hours=1)
    await led.after(days=3, minutes=20)
    assert len(led.serving.made) == 2
    await led.watch(minutes=30)
    assert len(led.serving.made) == 2
    await led.watch(minutes=30)
    assert len(led.serving.made) == 3


async def test_while_the_machine_was_off_since_it_was_saved_one_was_missed(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(hours=10)
    assert len(led.serving.made) == 1


async def test_a_clock_that_jumps_back_serves_a_time_again_once_at_the_most(led: Led) -> None:
    await led.set(HOURLY)
    await led.watch(minutes=3 * 60 + 1)
    assert len(led.serving.made) == 3
    await led.after(hours=-2)
    await led.watch(minutes=30)
    assert len(led.serving.made) == 3, "it does not run in a loop"
    await led.watch(minutes=30)
    assert len(led.serving.made) == 4, "and goes on by the clock as it is now"


async def test_a_clock_that_was_years_ahead_does_not_stop_it_for_years(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(days=3000)
    await led.after(days=-3000, minutes=10)
    await led.watch(minutes=120)
    assert len(led.serving.made) == 3


async def test_one_that_fails_is_tried_again_later_and_later_and_then_waits_for_the_next_time(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.fails["keep"] = TROUBLE
    await led.after(hours=1)
    status = await led.status()
    assert status.failing
    assert status.last_failure
    assert status.last_failure.trouble == TROUBLE
    assert status.retry_at == led.now + timedelta(seconds=60)
    await led.after(seconds=59)
    assert len(led.serving.made) == 1
    await led.after(seconds=1)
    assert len(led.serving.made) == 2
    assert (await led.status()).retry_at == led.now + timedelta(seconds=120)
    await led.after(seconds=120)
    assert len(led.serving.made) == 3
    assert (await led.status()).retry_at is None
    await led.watch(minutes=50)
    assert len(led.serving.made) == 3
    led.serving.fails.clear()
    await led.watch(minutes=7)
    status = await led.status()
    assert len(led.serving.made) == 4
    assert not status.failing
    assert status.last_failure
    assert status.last_failure.trouble == TROUBLE


async def test_only_the_archives_that_failed_are_tried_again(led: Led) -> None:
    await led.set(replace(HOURLY, exporters=["keep", "s3"]))
    led.serving.fails["s3"] = TROUBLE
    await led.after(hours=1)
    assert "tidy keep" in led.serving.calls, "old ones go only where the new one is"
    led.serving.fails.clear()
    await led.after(seconds=60)
    assert led.serving.made == [("keep", "s3"), ("s3",)]
    assert not (await led.status()).failing


async def test_a_new_due_time_takes_the_place_of_one_that_is_still_failing(led: Led) -> None:
    await led.set(replace(HOURLY, retries=10, retry_seconds=3600))
    led.serving.fails["keep"] = TROUBLE
    await led.after(hours=1, minutes=30)
    assert led.state.pending
    await led.after(minutes=30)
    assert led.state.pending.due == BEGIN + timedelta(hours=2)
    assert led.state.pending.attempts == 1


async def test_it_is_given_up_when_all_its_tries_have_failed(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.fails["keep"] = TROUBLE
    await led.after(hours=1)
    assert (await led.status()).failing
    assert not (await led.status()).given_up, "it is tried again in a minute"
    await led.watch(minutes=10)
    assert len(led.serving.made) == 3
    assert (await led.status()).given_up
    await led.watch(minutes=50)
    assert len(led.serving.made) == 4
    assert (await led.status()).given_up, "the next one fails like the one before it"
    led.serving.fails.clear()
    await led.after(seconds=60)
    assert not (await led.status()).given_up


async def test_one_that_fails_is_given_up_when_the_next_is_due_before_its_tries_are_used_up(led: Led) -> None:
    await led.set(replace(HOURLY, retries=10, retry_seconds=3600))
    led.serving.fails["keep"] = TROUBLE
    await led.after(hours=1)
    assert not (await led.status()).given_up
    await led.after(hours=1)
    assert (await led.status()).given_up


async def test_an_archive_that_is_named_twice_gets_one_backup(led: Led) -> None:
    await led.set(replace(HOURLY, exporters=["keep", "keep"]))
    await led.after(hours=1)
    assert led.serving.made == [("keep",)]


async def test_a_weekly_drill_that_was_cut_short_is_made_up_for_with_the_next_backup(led: Led) -> None:
    await led.set(replace(HOURLY, drill="weekly"))
    led.serving.untold = Trouble.of(DrillInterrupted("The shop was stopped"))
    await led.after(hours=1)
    led.serving.untold = None
    await led.after(hours=1)
    await led.after(hours=1)
    assert led.serving.calls.count("prove") == 2


async def test_a_process_that_died_in_the_middle_is_made_up_for(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.dies = True
    with pytest.raises(Died):
        await led.after(hours=1)
    led.serving.dies = False
    await led.after(seconds=1)
    assert led.serving.calls == ["make", "found"]
    assert (await led.status()).failing
    await led.after(seconds=60)
    assert led.serving.calls == ["make", "found", "make", "tidy keep", "prove"]


async def test_one_that_was_made_before_the_process_died_is_not_made_twice(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.dies, led.serving.had_made = True, True
    with pytest.raises(Died):
        await led.after(hours=1)
    led.serving.dies = False
    await led.watch(minutes=30)
    assert led.serving.calls == ["make", "found", "tidy keep", "prove"]


async def test_it_waits_while_the_shops_file_is_replaced(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    await led.set(HOURLY)
    context = led.leader._context
    with monkeypatch.context() as patch:
        patch.setattr(context.maintenance, "_stage", Stage(state="closed"))
        await led.after(hours=1)
    assert led.serving.calls == []
    await led.after(seconds=2)
    assert len(led.serving.made) == 1


async def test_other_settings_hold_from_the_next_look_on(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(minutes=50)
    await led.set(ScheduleSettings(kind="every", every_hours=24))
    await led.watch(minutes=60)
    assert led.serving.calls == []
    await led.set(ScheduleSettings())
    await led.after(days=2)
    assert led.serving.calls == []
    assert (await led.status()).next_at is None


async def test_switched_off_nothing_is_tried_again(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.fails["keep"] = TROUBLE
    await led.after(hours=1)
    await led.set(ScheduleSettings())
    await led.watch(minutes=10)
    assert len(led.serving.made) == 1
    assert led.state.pending is None


async def test_with_jitter_it_begins_late_by_what_was_told_before(led: Led) -> None:
    await led.set(replace(HOURLY, jitter_seconds=600))
    told = (await led.status()).next_at
    assert told
    assert timedelta(0) < told - BEGIN - timedelta(hours=1) < timedelta(minutes=10)
    led.now = told - timedelta(seconds=1)
    await led.leader.look()
    assert led.serving.calls == []
    await led.after(seconds=1)
    assert len(led.serving.made) == 1


async def test_what_goes_wrong_afterwards_is_told_with_the_backup(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.remarks = [Trouble(code="exporter_failed", message="It is gone.", hint="Look.")]
    await led.after(hours=1)
    status = await led.status()
    assert status.last_success
    assert status.last_success.remarks == tuple(led.serving.remarks)
    assert not status.failing


async def test_an_hour_after_a_due_time_without_a_backup_it_is_overdue(led: Led) -> None:
    await led.set(HOURLY)
    led.serving.fails["keep"] = TROUBLE
    await led.watch(minutes=119)
    assert (await led.status()).overdue_since is None
    await led.watch(minutes=3)
    assert (await led.status()).overdue_since == BEGIN + timedelta(hours=1)
    led.serving.fails.clear()
    await led.watch(minutes=60)
    assert (await led.status()).overdue_since is None


async def test_times_that_this_machine_does_not_know_are_told_as_overdue_and_stop_nothing_else(led: Led) -> None:
    await led.set(ScheduleSettings(kind="daily", zone="Atlantis/Harbour"))
    with pytest.raises(Invalid):
        await led.leader.look()
    status = await led.status()
    assert (status.next_at, status.overdue_since) == (None, BEGIN)


async def test_a_state_that_makes_no_sense_counts_as_none(led: Led) -> None:
    await led.set(HOURLY)
    await led.after(hours=1)
    (led.states.lock_path.parent / "state.json").write_bytes(b'{"counted": "yesterday"}')
    await led.watch(minutes=30)
    assert len(led.serving.made) == 2, "one more, as nobody knows that there is one"


@pytest.mark.parametrize(
    ("when", "hours", "due"),
    [
        ("always", 0.1, True),
        ("never", 1000, False),
        ("daily", 9, False),
        ("daily", 11, True),
        ("weekly", 6 * 24, False),
        ("weekly", 7 * 24, True),
    ],
)
def test_a_drill_is_due_with_the_first_backup_of_a_day_or_week(when: str, hours: float, due: bool) -> None:
    """The last one was on Monday at 14:00 in Berlin."""
    now = BEGIN + timedelta(hours=hours)
    assert drill_is_due(when, "Europe/Berlin", BEGIN, now) is due  # pyright: ignore[reportArgumentType]
    assert drill_is_due(when, "Europe/Berlin", None, now) is (when != "never")  # pyright: ignore[reportArgumentType]
