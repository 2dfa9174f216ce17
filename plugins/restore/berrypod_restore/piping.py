"""Text that is made in a thread, and sent by the event loop: a few pieces ahead of the client, and no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

_AHEAD: Final = 8


class Stopped(Exception):
    """Nobody wants more of it."""


class Pipe:
    """`send_all` runs in a thread; `pieces` is what comes out at the other end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._stopped = False

    def stop(self) -> None:
        """End the thread's work at its next piece. Returns at once."""
        self._stopped = True
        self._room.release()

    def send_all(self, pieces: Iterator[str]) -> None:
        """:raises Stopped: `stop` was called."""
        for piece in pieces:
            self._room.acquire()
            if self._stopped:
                raise Stopped
            self._loop.call_soon_threadsafe(self._queue.put_nowait, piece.encode())

    async def pieces(self, work: Callable[[], Awaitable[None]]) -> AsyncGenerator[bytes]:
        """What `work`, which calls `send_all` in a thread, sends. Its error is raised when all before it was taken."""
        task = asyncio.ensure_future(work())
        try:
            while True:
                coming = asyncio.ensure_future(self._queue.get())
                await asyncio.wait({task, coming}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    # The last pieces were put before the work ended.
                    coming.cancel()
                    with suppress(asyncio.CancelledError):
                        await coming
                    break
                self._room.release()
                yield coming.result()
            while not self._queue.empty():
                yield self._queue.get_nowait()
            await task
        finally:
            self.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
