"""So many requests to a storage at the same time, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# 200 small objects of a storage elsewhere are read within a second.
AT_ONCE: Final = 16


async def together(function: Callable[[T], Awaitable[R]], things: Iterable[T], *, at_once: int = AT_ONCE) -> list[R]:
    """The answers for all things, in their order. The first error ends the others, and is raised as it is."""
    turns = asyncio.Semaphore(at_once)

    async def one(thing: T) -> R:
        async with turns:
            return await function(thing)

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(thing)) for thing in things]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return [task.result() for task in running]


async def side_by_side(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, R]) -> tuple[T, R]:
    """The answers of both. The first error ends the other, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(first), tasks.create_task(second)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return running[0].result(), running[1].result()
