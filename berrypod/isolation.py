"""The one place that runs a plugin's code. Whatever it does there costs that call, and nothing else.

A plain function runs in a daemon thread of its own: it may raise anything, exit, or never return. Python
cannot end a thread, so one that hangs is left behind; they are counted, and a plugin that leaves too many is
not called again until some have ended. An `async` function runs on the event loop in a task of its own and is
cancelled at its time-out. What it cannot be protected from is a coroutine that blocks the loop, or code that
ends the process.

A cancellation from outside (a client that went, a server that stops) always passes through.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar, cast

from berrypod.errors import BerrypodError
from berrypod.plugin_host.limits import DEFAULT_LIMITS, Limits

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_LONGEST_ERROR = 500


@dataclass(frozen=True)
class Ok(Generic[T_co]):
    """The call returned, and what it returned was what it should be."""

    value: T_co


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The call raised, hung or returned nonsense.

    `error` and `hint` are for people; `details` is for the log.
    """

    error: str
    hint: str | None = None
    timed_out: bool = False
    details: str = field(default="", repr=False)

    @classmethod
    def because(cls, error: BaseException) -> Failed:
        details = carried(_details(error))
        if isinstance(error, BerrypodError):
            return cls(error=_shortened(error.message), hint=carried(error.hint), details=details)
        return cls(error=_shortened(_words(error)), details=details)

    @classmethod
    def late(cls, seconds: float) -> Failed:
        return cls(error=f"no answer within {seconds:g} seconds", timed_out=True)


Outcome: TypeAlias = Ok[T] | Failed


def _words(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - the plugin's own __str__ may be what is broken
        text = ""
    return f"{name}: {text}" if text else name


def carried(text: str) -> str:
    """As any page, answer or log can carry it.

    A file's name that is no UTF-8 has lone surrogates in it, for which no encoding has bytes. One in the error of one
    plugin was enough to make a 500 of each page that names it.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _shortened(text: str) -> str:
    text = carried(text)
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


def _details(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - as above
        return f"{type(error).__name__} (its traceback cannot be formatted)\n"


def attempt(function: Callable[[], T]) -> Outcome[T]:
    """Call `function` here and now, and catch whatever it raises, SystemExit included. Waits for ever."""
    try:
        return Ok(function())
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # somebody pressed Ctrl-C; in other threads only the plugin itself can have raised it
        return Failed.because(error)


class Isolation:
    """Runs functions for owners (plugins), and knows which of their calls are stuck. One per app."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._stuck: Counter[str] = Counter()
        self._abandoned: set[asyncio.Task[Any]] = set()

    def stuck(self, owner: str) -> int:
        """How many calls of `owner` timed out and are still running."""
        with self._lock:
            return self._stuck[owner]

    def run(self, owner: str, function: Callable[[], T], *, timeout_seconds: float) -> Outcome[T]:
        """Call a plain function and wait for it here, `timeout_seconds` at most."""
        if refused := self._refusal(owner):
            return refused
        future = _in_thread(owner, function)
        try:
            return future.result(timeout_seconds)
        except TimeoutError:
            self._leave_behind(owner, future)
            return Failed.late(timeout_seconds)

    async def call(
        self,
        owner: str,
        function: Callable[[], Awaitable[object] | object],
        *,
        timeout_seconds: float,
        consume: Callable[[Any], T],
    ) -> Outcome[T]:
        """Call a plain or an `async` function, and hand its answer to `consume` inside the isolation.

        `consume` reads the answer to its end, checks it and returns what the caller wants; what it raises is
        the plugin's failure.
        """
        if refused := self._refusal(owner):
            return refused
        until = monotonic() + timeout_seconds
        if inspect.iscoroutinefunction(function):
            return await self._in_task(owner, function, consume, until, timeout_seconds)
        outcome = await self._wait_for_thread(
            owner, lambda: _consumed_unless_awaitable(function(), consume), timeout_seconds
        )
        if isinstance(outcome, Failed) or not isinstance(outcome.value, _Unfinished):
            return cast("Outcome[T]", outcome)
        # A plain function that returned a coroutine: a lambda, or a functools.partial of an async function.
        rest = outcome.value.awaitable
        return await self._in_task(owner, lambda: rest, consume, until, timeout_seconds)

    async def _wait_for_thread(self, owner: str, function: Callable[[], T], timeout_seconds: float) -> Outcome[T]:
        future = _in_thread(owner, function)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._leave_behind(owner, future)
            return Failed.late(timeout_seconds)
        except asyncio.CancelledError:
            self._leave_behind(owner, future)
            raise

    async def _in_task(
        self,
        owner: str,
        function: Callable[[], Awaitable[object]],
        consume: Callable[[Any], T],
        until: float,
        timeout_seconds: float,
    ) -> Outcome[T]:
        task = asyncio.create_task(guarded(function, consume), name=f"plugin {owner}")
        try:
            # Not wait_for: it waits for ever for a task that ignores its cancellation.
            await asyncio.wait({task}, timeout=max(0.0, until - monotonic()))
        except asyncio.CancelledError:
            await self.cancel(owner, task)
            raise
        if not task.done():
            await self.cancel(owner, task)
            return Failed.late(timeout_seconds)
        if task.cancelled():
            return Failed(error="CancelledError: it cancelled itself")
        return task.result()

    async def cancel(self, owner: str, task: asyncio.Task[Any]) -> None:
        """Cancel a task of `owner` and give it a moment for its cleaning up.

        One that goes on is left behind.
        """
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=self._limits.grace_seconds)
        finally:
            if not task.done():
                self._abandoned.add(task)  # the loop itself keeps only weak references
                self._count(owner, 1)
                task.add_done_callback(lambda done: self._forget(owner, done))

    def _forget(self, owner: str, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        self._count(owner, -1)

    def _leave_behind(self, owner: str, future: Future[Any]) -> None:
        self._count(owner, 1)
        future.add_done_callback(lambda _: self._count(owner, -1))

    def _count(self, owner: str, change: int) -> None:
        with self._lock:
            self._stuck[owner] += change

    def _refusal(self, owner: str) -> Failed | None:
        stuck = self.stuck(owner)
        if stuck < self._limits.stuck_calls:
            return None
        return Failed(
            error=f"not called: {stuck} earlier calls have not ended",
            hint="Restart the shop, and tell the plugin's author that it hangs.",
            timed_out=True,
        )


async def guarded(function: Callable[[], Awaitable[object]], consume: Callable[[Any], T]) -> Outcome[T]:
    """Await and consume, with every failure as data.

    For a task of its own: a SystemExit there would end the loop.
    """
    try:
        return Ok(consume(await function()))
    except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - this is the place that isolates
        return Failed.because(error)


@dataclass(frozen=True)
class _Unfinished:
    awaitable: Awaitable[object]


def _consumed_unless_awaitable(answer: object, consume: Callable[[Any], T]) -> T | _Unfinished:
    return _Unfinished(answer) if inspect.isawaitable(answer) else consume(answer)


def _in_thread(owner: str, function: Callable[[], T]) -> Future[Outcome[T]]:
    """Start `function` in a daemon thread.

    Not an executor: the interpreter waits for those threads when it ends.
    """
    future: Future[Outcome[T]] = Future()
    future.set_running_or_notify_cancel()
    context = copy_context()
    thread = threading.Thread(
        target=lambda: future.set_result(context.run(attempt, function)), name=f"plugin {owner}", daemon=True
    )
    try:
        thread.start()
    except RuntimeError as error:  # the system has no thread left
        future.set_result(Failed.because(error))
    return future
