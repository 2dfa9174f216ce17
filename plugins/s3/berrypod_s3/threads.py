"""The threads that the library works in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from berrypod import cancelling

T = TypeVar("T")

# Threads of our own: in asyncio's, passwords are hashed, and six that wait for a slow storage would keep admins out.
_THREADS: Final = 8
_pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="berrypod-s3")


async def in_thread(work: Callable[[], T]) -> T:
    """Do what blocks. Cancelling does not wait for it: it ends when the storage answers, or at its time-out."""
    return await asyncio.get_running_loop().run_in_executor(_pool, work)


async def to_its_end(work: Callable[[], T], cancel: Callable[[], None]) -> T:
    """The same; but a cancellation calls `cancel`, and waits: what the work uses must not go away under it."""
    return await cancelling.to_its_end(asyncio.get_running_loop().run_in_executor(_pool, work), stop=cancel)
