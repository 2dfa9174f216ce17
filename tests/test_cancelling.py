"""What must not be left half-way is waited for, however often whoever waits is cancelled."""

from __future__ import annotations

import asyncio
import threading

import pytest

from berrypod.cancelling import in_thread, to_its_end


async def test_who_is_cancelled_again_and_again_waits_until_the_thread_has_ended() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(60)
        ended.set()

    task = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(begun.wait, 60)
    for _ in range(5):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done(), "the thread is at work"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_it_is_asked_to_stop_once() -> None:
    running: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asked: list[bool] = []
    task = asyncio.ensure_future(to_its_end(running, stop=lambda: asked.append(True)))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    running.set_exception(ValueError("nobody looks at it"))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked == [True]


async def test_results_and_errors_pass() -> None:
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)
