"""Entering and leaving what plugins keep open while the shop runs.

Each plugin's context manager lives in one task of its own, from entering to leaving: cancel scopes and task groups
must be left by the task that entered them, and a hang or a crash then touches that task alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from berrypod.isolation import Failed, Isolation, Outcome, guarded
from berrypod.plugin_host.answers import nothing
from berrypod.plugin_host.limits import Limits

Lifespan: TypeAlias = AbstractAsyncContextManager[object]
Report: TypeAlias = Callable[[str, str, Failed], None]

_WHAT = "berrypod_lifespan"


class _Held:
    """One plugin's lifespan, in a task of its own."""

    def __init__(self, plugin: str, lifespan: Lifespan, isolation: Isolation, ended_early: Report) -> None:
        self.plugin = plugin
        self._lifespan = lifespan
        self._isolation = isolation
        self._ended_early = ended_early
        self._entered = asyncio.Event()
        self._leave = asyncio.Event()
        self._task: asyncio.Task[Outcome[None]] | None = None

    async def _hold(self) -> None:
        async with self._lifespan:
            self._entered.set()
            await self._leave.wait()

    async def enter(self, seconds: float) -> Failed | None:
        self._task = asyncio.create_task(guarded(self._hold, nothing), name=f"lifespan {self.plugin}")
        entered = asyncio.create_task(self._entered.wait())
        try:
            await asyncio.wait({self._task, entered}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._isolation.cancel(self.plugin, self._task)
            raise
        finally:
            entered.cancel()
        if self._task.done():
            return _why_ended(self._task)
        if not self._entered.is_set():
            await self._isolation.cancel(self.plugin, self._task)
            return Failed.late(seconds)
        self._task.add_done_callback(self._ended)
        return None

    def _ended(self, task: asyncio.Task[Outcome[None]]) -> None:
        if not self._leave.is_set():
            self._ended_early(self.plugin, f"{_WHAT}, while the shop was running", _why_ended(task))

    async def leave(self, seconds: float) -> Failed | None:
        assert self._task is not None
        if self._task.done():
            return None  # it ended early, and that was reported then
        self._leave.set()
        await asyncio.wait({self._task}, timeout=seconds)
        if not self._task.done():
            await self._isolation.cancel(self.plugin, self._task)
            return Failed.late(seconds)
        outcome = Failed(error="CancelledError: it cancelled itself") if self._task.cancelled() else self._task.result()
        return outcome if isinstance(outcome, Failed) else None


def _why_ended(task: asyncio.Task[Outcome[None]]) -> Failed:
    if task.cancelled():
        return Failed(error="CancelledError: it cancelled itself")
    outcome = task.result()
    if isinstance(outcome, Failed):
        return outcome
    return Failed(error="it ended by itself", hint="A lifespan yields once, and goes on when the server stops.")


@asynccontextmanager
async def held(
    lifespans: Sequence[tuple[str, Lifespan]],
    isolation: Isolation,
    limits: Limits,
    *,
    quarantine: Report,
    fail: Report,
) -> AsyncGenerator[None]:
    """Enter all lifespans in order, and leave them in reverse.

    One that cannot be entered, or that ends while the shop runs, quarantines its plugin; the others go on.
    """
    entered: list[_Held] = []
    try:
        for plugin, lifespan in lifespans:
            one = _Held(plugin, lifespan, isolation, quarantine)
            failed = await one.enter(limits.lifespan_enter_seconds)
            if failed is None:
                entered.append(one)
            else:
                quarantine(plugin, f"{_WHAT}, at start", failed)
        yield
    finally:
        for one in reversed(entered):
            failed = await one.leave(limits.lifespan_leave_seconds)
            if failed is not None:
                fail(one.plugin, f"{_WHAT}, while the shop was stopping", failed)
