"""Drawing all pictures, on every processor that there is."""

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

from berrypod.demo.pictures import Picture, draw_picture

_MOST_HELPERS = 7


async def paint(
    names: Iterable[str], *, pixels: float = 1.0, helpers: int | None = None, told: Callable[[Picture], object]
) -> None:
    """Draw the pictures of these names and hand each one over when it is done, in no particular order.

    One is always drawn in a thread of this process, the others by ``helpers`` processes (default: one per further
    processor). Where helpers cannot be had - no shared memory, little memory - it takes longer, and that is all.
    """
    waiting = deque(names)
    helpers = min(_MOST_HELPERS, _processors() - 1) if helpers is None else helpers
    async with asyncio.TaskGroup() as group:
        group.create_task(_here(waiting, pixels, told))
        if helpers > 0:
            group.create_task(_with_helpers(waiting, pixels, helpers, told))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


async def _here(waiting: deque[str], pixels: float, told: Callable[[Picture], object]) -> None:
    while waiting:
        told(await asyncio.to_thread(draw_picture, waiting.popleft(), pixels=pixels))


async def _with_helpers(waiting: deque[str], pixels: float, helpers: int, told: Callable[[Picture], object]) -> None:
    try:
        # Not by fork: this process has threads and open databases, and neither survives one.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(helpers, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    except OSError:
        return
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(helpers):
                group.create_task(_by_one_helper(waiting, pixels, pool, told))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


async def _by_one_helper(
    waiting: deque[str], pixels: float, pool: ProcessPoolExecutor, told: Callable[[Picture], object]
) -> None:
    while waiting:
        name = waiting.popleft()
        try:
            told(await asyncio.wrap_future(pool.submit(draw_picture, name, pixels=pixels)))
        except (BrokenExecutor, OSError):
            waiting.append(name)
            return


def _leave_interrupts_to_the_parent() -> None:
    # Otherwise Ctrl-C prints one traceback per helper.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
