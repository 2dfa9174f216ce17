"""Turns: so many at a time, in the order in which they were asked for, and none while they are held."""

from __future__ import annotations

import asyncio

import pytest

from berrypod.storage.turns import Turns


async def begun(task: asyncio.Task[None]) -> bool:
    """Whether the turn has come, after all that can happen by itself has happened."""
    for _ in range(5):
        await asyncio.sleep(0)
    return task.done()


def asked(turns: Turns) -> asyncio.Task[None]:
    return asyncio.create_task(turns.take())


async def test_so_many_at_a_time_first_come_first_served() -> None:
    turns = Turns(2)
    tasks = [asked(turns) for _ in range(4)]
    assert [await begun(task) for task in tasks] == [True, True, False, False]
    turns.give()
    assert [await begun(task) for task in tasks] == [True, True, True, False]
    late = asked(turns)
    turns.give()
    assert await begun(tasks[3])
    assert not await begun(late)
    turns.give()
    assert await begun(late)


async def test_who_asks_at_the_right_moment_does_not_overtake() -> None:
    turns = Turns(1)
    await turns.take()
    waiting = asked(turns)
    assert not await begun(waiting)
    turns.give()
    overtaking = asked(turns)
    assert await begun(waiting)
    assert not await begun(overtaking)
    turns.give()
    assert await begun(overtaking)


async def test_held_none_begins_and_those_that_have_begun_are_waited_for() -> None:
    turns = Turns(2)
    await turns.take()
    holding = asyncio.create_task(turns.hold())
    waiting = asked(turns)
    assert not await begun(waiting)
    assert not await begun(holding)
    turns.give()
    assert await begun(holding)
    assert not await begun(waiting)
    turns.resume()
    assert await begun(waiting)


async def test_to_give_up_holding_is_as_if_nothing_had_been_asked() -> None:
    turns = Turns(1)
    await turns.take()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await turns.hold()
    waiting = asked(turns)
    turns.give()
    assert await begun(waiting)


async def test_who_gives_up_waiting_takes_nobodys_turn() -> None:
    turns = Turns(1)
    await turns.take()
    first, second = asked(turns), asked(turns)
    assert not await begun(second)
    first.cancel()
    assert await begun(first)
    turns.give()
    assert await begun(second)


async def test_a_turn_that_comes_as_its_owner_gives_up_goes_to_the_next() -> None:
    turns = Turns(1)
    await turns.take()
    first, second = asked(turns), asked(turns)
    assert not await begun(second)
    turns.give()  # The first one has it now, and does not know yet.
    first.cancel()
    assert await begun(first)
    assert await begun(second)
