"""Work that must not be left half-way: waited for to its end, however often whoever waits is cancelled.

Once is not enough. A stream that a browser breaks off is cancelled over and over (anyio does that) until it has ended,
and a loop that ends cancels what is waiting for the end of another cancellation. Whoever went on then would close a
file that a thread is writing to; and the number of a closed file is soon that of another one, the shop's say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

T = TypeVar("T")


async def to_its_end(running: asyncio.Future[T], *, stop: Callable[[], None] | None = None) -> T:
    """The result of what runs already. Cancelling waits until it has ended.

    :param stop: called once, with the first cancellation: asks it to end soon.
    """
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            if cancelled is None and stop is not None:
                stop()
            cancelled = error
    if cancelled is not None:
        if not running.cancelled():
            running.exception()  # Looked at: nobody else will.
        raise cancelled
    return running.result()


async def in_thread(work: Callable[[], T]) -> T:
    """Do what blocks for moments in one of asyncio's threads. Cancelling waits until it is done."""
    # Not a task: all of those are cancelled when the process is told to stop.
    return await to_its_end(asyncio.get_running_loop().run_in_executor(None, work))


async def entered(manager: AbstractContextManager[object]) -> ExitStack:
    """Enter a context manager that blocks; closing what is returned leaves it. Cancelled, it is left again."""
    stack = ExitStack()
    try:
        await in_thread(lambda: stack.enter_context(manager))
    except asyncio.CancelledError:
        stack.close()
        raise
    return stack
