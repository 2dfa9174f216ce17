"""Turns: so many at a time, first come, first served; and a way to have all of them ended."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """As a semaphore; but whoever wants all turns to end need not wait for those who only queue for one.

    Under a backlog of orders that is the difference between the time of one and the time of all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._held = False
        self._queue: deque[asyncio.Future[None]] = deque()
        self._none_taken = asyncio.Event()
        self._none_taken.set()

    async def take(self) -> None:
        """Wait for a turn."""
        if not self._held and self._taken < self._limit and not self._queue:
            self._begin()
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.cancelled():
                self._queue.remove(waiting)
            else:
                self.give()  # It came in the same moment.
            raise

    def give(self) -> None:
        """End a turn."""
        self._taken -= 1
        if self._taken == 0:
            self._none_taken.set()
        self._serve()

    async def hold(self) -> None:
        """Let none begin, and wait until those that have begun are ended. Who queues goes on queueing."""
        self._held = True
        try:
            await self._none_taken.wait()
        except BaseException:
            self.resume()
            raise

    def resume(self) -> None:
        """Undo `hold`."""
        self._held = False
        self._serve()

    def _serve(self) -> None:
        while self._queue and self._taken < self._limit and not self._held:
            waiting = self._queue.popleft()
            if not waiting.done():
                self._begin()
                waiting.set_result(None)

    def _begin(self) -> None:
        self._taken += 1
        self._none_taken.clear()
