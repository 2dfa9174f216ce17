"""The way back from a thread to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Answer(Generic[T]):
    """What a thread owes to a coroutine. Made in the event loop; `settle` is called in the thread.

    Leaner than a concurrent.futures.Future wrapped for asyncio, which has a lock and a condition: measured, that costs
    a third of the throughput of short reads.
    """

    __slots__ = ("_loop", "future")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def settle(self, work: Callable[[], T]) -> None:
        """Do the work, and let the coroutine have its result or its exception."""
        try:
            result = work()
        except StopIteration as error:  # asyncio refuses it, and the coroutine would wait for ever.
            self._post(self._fail, RuntimeError(f"the job raised {error!r}"))
        except BaseException as error:  # noqa: BLE001 - it belongs to the coroutine
            self._post(self._fail, error)
        else:
            self._post(self._succeed, result)

    def _post(self, callback: Callable[[T], None] | Callable[[BaseException], None], value: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, value)  # pyright: ignore[reportArgumentType]
        except RuntimeError:
            """The event loop is closed: nobody waits any more."""

    def _succeed(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
