"""What is told, when, how often; and what becomes of it when a process or a notifier fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from berrypod_notify.store import read_state

from berrypod.errors import DiskFull
from berrypod.events import NotificationFailed, NotificationSent
from berrypod.settings import Settings
from tests.notify.conftest import BAD, WARN, Clock, Person, World, process

LATE, FULL = WARN.code, BAD.code


async def test_a_warning_is_told_at_the_second_look_and_a_flicker_never(world: World, ana: Person) -> None:
    world.neighbour.conditions = [WARN]
    await world.look()
    assert ana.heard == []
    world.neighbour.conditions = []
    await world.look(3)
    assert ana.heard == []
    world.neighbour.conditions = [WARN]
    await world.look()
    assert ana.heard == []
    await world.look()
    (told,) = ana.told
    assert (told.kind, told.condition, told.part) == ("alarm", WARN, "backup")
    assert (told.at - told.since).total_seconds() == 60
    await world.look(10)
    assert len(ana.told) == 1


async def test_what_is_bad_is_told_at_once(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    await world.look()
    assert ana.heard == [("alarm", FULL)]


async def test_a_warning_that_becomes_bad_is_told_again_at_once(world: World, ana: Person) -> None:
    world.neighbour.conditions = [WARN]
    await world.look(2)
    world.neighbour.conditions = [replace(WARN, severity="bad")]
    await world.look(2)
    assert ana.heard == [("alarm", LATE), ("alarm", LATE)]


async def test_reminders_come_at_a_growing_pace(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    reminded: list[float] = []
    for hour in range(24 * 3):
        await world.look(minutes=60)
        reminded += [hour for kind, _ in ana.heard if kind == "reminder"]
    assert reminded == [6, 30, 54]


async def test_the_end_is_told_once_and_only_to_those_who_know_of_the_beginning(world: World, ana: Person) -> None:
    world.neighbour.conditions = [WARN]
    await world.look(2)
    world.neighbour.conditions = [BAD]
    await world.look()
    world.neighbour.conditions = []
    await world.look(5)
    assert ana.heard == [("alarm", LATE), ("alarm", FULL), ("recovered", LATE), ("recovered", FULL)]
    assert all(one.over_at for one in world.state.standing)
    await world.look(minutes=61)
    assert world.state.standing == (), "and then nobody knows of it any more"


async def test_an_end_of_one_look_is_none(world: World, ana: Person) -> None:
    for _ in range(3):
        world.neighbour.conditions = [BAD]
        await world.look(2)
        world.neighbour.conditions = []
        await world.look()
    assert ana.heard == [("alarm", FULL)]


async def test_of_a_part_that_does_not_answer_nothing_is_over(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    await world.look()
    world.neighbour.broken = True
    await world.look(5)
    assert ana.heard == [("alarm", FULL), ("alarm", "backup_unknown")]
    world.neighbour.broken, world.neighbour.conditions = False, []
    await world.look(5)
    assert sorted(ana.heard) == [("recovered", "backup_unknown"), ("recovered", FULL)]


async def test_whoever_is_set_up_later_hears_of_what_stands(world: World, ana: Person) -> None:
    ana.set_up = False
    world.neighbour.conditions = [WARN, BAD]
    await world.look(5)
    assert ana.heard == []
    ana.set_up = True
    await world.look()
    assert ana.heard == [("alarm", LATE), ("alarm", FULL)]


async def test_a_restart_tells_nothing_twice(settings: Settings, clock: Clock, ana: Person) -> None:
    for conditions in ([WARN, BAD], [WARN, BAD], [WARN, BAD], [WARN], [WARN]):
        async with process(settings, clock, ana) as world:
            world.neighbour.conditions = conditions
            await world.look()
    assert ana.heard == [("alarm", FULL), ("alarm", LATE), ("recovered", FULL)]


async def test_what_was_decided_and_not_sent_is_sent_after_a_restart(
    settings: Settings, clock: Clock, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(settings, clock, ana) as world:
        world.neighbour.conditions = [BAD]
        with monkeypatch.context() as patch:
            patch.setattr(type(world.alarms._sender), "send_all", _killed)
            with pytest.raises(KeyboardInterrupt):
                await world.look()
    assert ana.heard == []
    async with process(settings, clock, ana) as world:
        world.neighbour.conditions = [BAD]
        await world.look(2)
    assert ana.heard == [("alarm", FULL)]


async def _killed(*_: object) -> None:
    raise KeyboardInterrupt


async def test_on_a_full_disk_it_is_told_all_the_same_and_once(
    world: World, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told is known to the process that told it, and written down when there is space again."""

    def refuse(*_: object) -> None:
        raise DiskFull("no space is left")

    world.neighbour.conditions = [BAD]
    with monkeypatch.context() as patch:
        patch.setattr("berrypod_notify.store.write_durably", refuse)
        await world.look(3)
        assert not (world.context.work_folder() / "told.json").exists()
    assert ana.heard == [("alarm", FULL)]
    await world.look()
    assert ana.heard == []
    assert [one.told for one in read_state(world.context.work_folder() / "told.json").standing] == [1]


async def test_a_notifier_that_fails_is_tried_later_and_later_and_stops_no_other(
    settings: Settings, clock: Clock, ana: Person, ben: Person
) -> None:
    async with process(settings, clock, ana, ben) as world:
        ana.failure = "The line is dead"
        world.neighbour.conditions = [BAD]
        tries: list[int] = []
        for minute in range(64):
            await world.look()
            if world.state.failing["ana"].attempts > len(tries):
                tries.append(minute)
        assert tries == [0, 1, 3, 7, 15, 31, 63]
        for minutes, attempts in ((59, 7), (1, 8), (59, 8), (1, 9)):
            await world.look(minutes=minutes)
            assert world.state.failing["ana"].attempts == attempts, "an hour apart, and no more"
        assert [one for one in ben.heard if one[1] == FULL] == [("alarm", FULL)]
        (failed,) = world.events(NotificationFailed)
        assert (failed.notifier, failed.condition, failed.error, failed.hint) == (
            "ana",
            FULL,
            "The line is dead",
            "Mend it.",
        )


async def test_that_a_notifier_fails_is_shown_and_told_by_the_others_and_by_itself_never(
    settings: Settings, clock: Clock, ana: Person, ben: Person
) -> None:
    async with process(settings, clock, ana, ben) as world:
        ana.failure = "The line is dead"
        world.neighbour.conditions = [BAD]
        await world.look()
        await world.look(6)
        assert ben.heard == [("alarm", FULL), ("alarm", "ana_failed")]
        shown = {one.condition.code: one.condition for one in (await world.alarms.status()).present}
        assert "The line is dead" in shown["ana_failed"].text
        ana.failure = ""
        world.clock.pass_(hours=1)
        await world.look(4)
        assert ana.heard == [("alarm", FULL)]
        assert ben.heard == [("recovered", "ana_failed")]
        assert "ana_failed" not in [one.condition.code for one in (await world.alarms.status()).present]


async def test_what_is_over_before_it_could_be_told_is_not_told(world: World, ana: Person) -> None:
    ana.failure = "The line is dead"
    world.neighbour.conditions = [BAD]
    await world.look()
    world.neighbour.conditions = []
    await world.look(3)
    ana.failure = ""
    await world.look(3, minutes=60)
    assert ana.heard == []
    assert world.state.waiting == ()


async def test_while_a_notifier_fails_one_thing_waits_for_each_condition(world: World, ana: Person) -> None:
    ana.failure = "The line is dead"
    world.neighbour.conditions = [WARN, BAD]
    await world.look(32, minutes=60)
    assert len(world.state.waiting) == 2
    ana.failure = ""
    await world.look(minutes=60)
    assert sorted(ana.heard) == [("alarm", FULL), ("alarm", LATE)]


async def test_one_thing_that_cannot_be_sent_keeps_no_other_waiting(world: World, ana: Person) -> None:
    send = ana.send

    def refuse_the_full_disk(notification) -> None:
        ana.failure = "No" if notification.condition.code == FULL else ""
        send(notification)

    ana.send = refuse_the_full_disk
    (declared,) = [one for one in world.context.plugins.notifiers if one.declaration.name == "ana"]
    object.__setattr__(declared.declaration, "send", refuse_the_full_disk)
    world.neighbour.conditions = [BAD, WARN]
    await world.look(10)
    assert ("alarm", LATE) in ana.heard


async def test_what_is_told_at_the_same_moment_is_one_message(settings: Settings, clock: Clock) -> None:
    mail, phone = Person("mail", together=True), Person("phone")
    async with process(settings, clock, mail, phone) as world:
        world.neighbour.conditions = [BAD, replace(BAD, code="broken"), replace(BAD, code="gone")]
        await world.look()
        assert (mail.messages, len(mail.heard)) == (1, 3)
        assert (phone.messages, len(phone.heard)) == (3, 3), "one that has no way to send them together"
        assert [one.code for one in world.state.sent if one.notifier == "mail"] == ["gone", "broken", FULL]
        assert len(world.events(NotificationSent)) == 6
        world.neighbour.conditions = []
        await world.look(2)
        assert (mail.messages, len(mail.heard)) == (2, 3)


async def test_of_several_in_one_message_the_one_that_cannot_be_sent_keeps_no_other_waiting(
    settings: Settings, clock: Clock
) -> None:
    mail = Person("mail", together=True, refuses=FULL)
    async with process(settings, clock, mail) as world:
        world.neighbour.conditions = [BAD, replace(BAD, code="broken"), replace(BAD, code="gone")]
        await world.look(20)
        assert sorted(mail.heard) == [("alarm", "broken"), ("alarm", "gone")]
        assert [one.news.words.code for one in world.state.waiting] == [FULL]
        mail.refuses = ""
        await world.look(minutes=60)
        assert mail.heard == [("alarm", FULL)]


async def test_a_notifier_that_is_taken_away_leaves_nothing_waiting(world: World, ana: Person) -> None:
    ana.failure = "The line is dead"
    world.neighbour.conditions = [BAD]
    await world.look()
    ana.set_up = False
    await world.look()
    assert world.state.waiting == ()
    assert world.state.failing == {}


async def test_what_was_sent_is_an_event_and_kept(world: World) -> None:
    world.neighbour.conditions = [BAD]
    await world.look()
    (sent,) = world.events(NotificationSent)
    assert (sent.notifier, sent.kind, sent.part, sent.condition, sent.title) == (
        "ana",
        "alarm",
        "backup",
        FULL,
        BAD.title,
    )
    assert [one.code for one in world.state.sent] == [FULL]


async def test_a_clock_that_is_set_back_keeps_no_reminder_waiting_for_ever(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    await world.look()
    world.clock.pass_(days=-365)
    await world.look()
    await world.look(minutes=6 * 60)
    assert ana.heard == [("alarm", FULL), ("reminder", FULL)]


async def test_while_the_file_is_replaced_nobody_looks(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    async with world.context.maintenance.watching(), world.context.maintenance.alone("restore"):
        await world.look()
    assert world.state.looked_at is None
    await world.look()
    assert ana.heard == [("alarm", FULL)]


async def test_a_state_that_makes_no_sense_costs_what_was_told_and_nothing_else(world: World, ana: Person) -> None:
    world.neighbour.conditions = [BAD]
    await world.look()
    (world.context.work_folder() / "told.json").write_text('{"standing": 17}')
    await world.look()
    assert ana.heard == [("alarm", FULL), ("alarm", FULL)]


async def _until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def test_of_several_processes_one_watches_and_another_takes_over(
    settings: Settings, clock: Clock, ana: Person
) -> None:
    async with process(settings, clock, ana) as first, process(settings, clock, ana) as second:
        for world in (first, second):
            world.alarms.watch.look_seconds = 0.01
            world.neighbour.conditions = [BAD]
        async with second.alarms.running():
            async with first.alarms.running():
                await _until(lambda: ana.told)
            looked_at = second.state.looked_at
            clock.pass_(hours=7)
            await _until(lambda: second.state.looked_at != looked_at and len(ana.told) > 1)
    assert ana.heard == [("alarm", FULL), ("reminder", FULL)]


async def test_a_watch_that_fails_in_a_way_that_was_not_foreseen_goes_on(
    world: World, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = world.alarms.watch
    looks: list[int] = []
    look = type(watch).look

    async def fail_first(self: object) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise ZeroDivisionError
        await look(self)  # type: ignore[arg-type]

    monkeypatch.setattr(type(watch), "look", fail_first)
    watch.look_seconds = 0.01
    world.neighbour.conditions = [BAD]
    async with world.alarms.running():
        await _until(lambda: ana.told)


async def test_a_shop_whose_file_cannot_be_read_goes_on_telling(settings: Settings, clock: Clock, ana: Person) -> None:
    async with process(settings, clock, ana) as world:
        await world.look()
        await world.context.database.close()
        world.neighbour.conditions = [BAD]
        await world.look()
        (told,) = ana.told
        assert told.shop == "Berrypod"
        assert told.condition.code == FULL
