"""Whether all is well, part by part: what plugins' health parts answer, side by side, and kept for some seconds.

A part of which nothing is known is not well: its failure is a condition like any other. Nobody waits for a part longer
than its time-out, and /health hardly at all: it gets what is known, and the asking goes on behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal, Protocol, TypeAlias

from berrypod.declarations import Condition, Declared, HealthPart
from berrypod.isolation import Failed, Outcome

PartState: TypeAlias = Literal["ok", "degraded", "unknown"]

KEPT_SECONDS: Final = 10.0

_LONGEST_STEM: Final = 50
_LONGEST_WORDS: Final = 700


@dataclass(frozen=True, kw_only=True)
class PartHealth:
    """A part as it was found. `unknown`: it failed or was late, and its only condition says so."""

    name: str
    title: str
    plugin: str
    state: PartState
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    """All parts, in order."""

    parts: tuple[PartHealth, ...]

    @property
    def degraded(self) -> bool:
        return any(part.state != "ok" for part in self.parts)


class Asked(Protocol):
    """The plugins, as far as health is concerned."""

    @property
    def health_parts(self) -> tuple[Declared[HealthPart], ...]: ...

    async def conditions(self, part: Declared[HealthPart]) -> Outcome[tuple[Condition, ...]]: ...


class Health:
    """The health of one app. Whoever asks while others are asking gets the same answer."""

    def __init__(self, plugins: Asked, *, clock: Callable[[], float] = monotonic) -> None:
        """`clock` counts seconds."""
        self._plugins = plugins
        self._clock = clock
        self._report: HealthReport | None = None
        self._at = 0.0
        self._asking: asyncio.Task[HealthReport] | None = None

    async def look(self, *, seconds_old: float = KEPT_SECONDS) -> HealthReport:
        """What is so, or was so `seconds_old` ago at the most. As slow as the slowest part, up to its time-out."""
        if (known := self._known(seconds_old)) is not None:
            return known
        # Shielded: a visitor who goes away takes the answer from nobody else.
        return await asyncio.shield(self._ask())

    async def glance(self, *, wait_seconds: float) -> HealthReport:
        """What is known, after `wait_seconds` at the most: for whoever cannot wait. The asking goes on behind it."""
        if (known := self._known(KEPT_SECONDS)) is not None:
            return known
        done, _ = await asyncio.wait({self._ask()}, timeout=wait_seconds)
        if done:
            return done.pop().result()
        return self.known()

    def known(self) -> HealthReport:
        """What was found last, however long ago; of parts that were not asked yet, that nothing is known."""
        if self._report is not None:
            return self._report
        late = Failed(error="it has not answered yet")
        return HealthReport(parts=tuple(_unknown(part, late) for part in self._plugins.health_parts))

    def _known(self, seconds_old: float) -> HealthReport | None:
        return self._report if self._clock() - self._at <= seconds_old else None

    def _ask(self) -> asyncio.Task[HealthReport]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all(), name="berrypod health")
        return self._asking

    async def _ask_all(self) -> HealthReport:
        at, parts = self._clock(), self._plugins.health_parts
        outcomes = await asyncio.gather(*(self._plugins.conditions(part) for part in parts))
        self._report = HealthReport(parts=tuple(map(_found, parts, outcomes)))
        self._at = at
        return self._report


def unknown_code(part: str) -> str:
    """The code of the condition that says that nothing is known of `part`."""
    return f"{part[:_LONGEST_STEM].rstrip('._-')}_unknown"


def _found(part: Declared[HealthPart], outcome: Outcome[Sequence[Condition]]) -> PartHealth:
    if isinstance(outcome, Failed):
        return _unknown(part, outcome)
    return _part(part, "degraded" if outcome.value else "ok", tuple(outcome.value))


def _unknown(part: Declared[HealthPart], failed: Failed) -> PartHealth:
    title = part.declaration.title
    condition = Condition(
        code=unknown_code(part.declaration.name),
        severity="warn",
        title=f"Nobody knows: {title}"[:80],
        text=f"The plugin {part.plugin}, which looks after it, gave no answer: {failed.error}"[:_LONGEST_WORDS],
        what_to_do=failed.hint or "Look at its errors on /admin/plugins, and at the server's log.",
        path="/admin/plugins",
    )
    return _part(part, "unknown", (condition,))


def _part(part: Declared[HealthPart], state: PartState, conditions: tuple[Condition, ...]) -> PartHealth:
    declared = part.declaration
    return PartHealth(name=declared.name, title=declared.title, plugin=part.plugin, state=state, conditions=conditions)
