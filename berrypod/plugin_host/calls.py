"""Calling what plugins declared, while the shop runs: one function, one time-out, and its answer checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

from markupsafe import Markup

from berrypod.declarations import (
    AdminPanel,
    BackupExporter,
    Condition,
    Declared,
    DoctorCheck,
    Examination,
    ExportResult,
    Figure,
    Finding,
    HealthPart,
    Judgement,
    Notification,
    Notifier,
    PanelRequest,
    Rehearsed,
    RestoreCandidate,
    RestoreGuard,
    RestoreRehearsal,
    Snapshot,
    StatsProvider,
)
from berrypod.isolation import Failed, Ok, Outcome
from berrypod.plugin_host import answers
from berrypod.plugin_host.host import Host
from berrypod.plugin_report import PluginState

T = TypeVar("T")

# Somebody waits for a page meanwhile.
_SET_UP_SECONDS = 5.0


class Calls:
    """The part of `Plugins` that runs plugins' functions. No method here raises for what a plugin does."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @overload
    async def call(
        self,
        plugin: str,
        function: Callable[..., Awaitable[T]],
        *arguments: object,
        timeout_seconds: float,
        what: str = "",
    ) -> Outcome[T]: ...

    @overload
    async def call(
        self, plugin: str, function: Callable[..., T], *arguments: object, timeout_seconds: float, what: str = ""
    ) -> Outcome[T]: ...

    @overload
    async def call(
        self,
        plugin: str,
        function: Callable[..., object],
        *arguments: object,
        timeout_seconds: float,
        expect: Callable[[Any], T],
        what: str = "",
    ) -> Outcome[T]: ...

    async def call(
        self,
        plugin: str,
        function: Callable[..., object],
        *arguments: object,
        timeout_seconds: float,
        expect: Callable[[Any], Any] | None = None,
        what: str = "",
    ) -> Outcome[Any]:
        """Run a plugin's function: an `async` one here, a plain one in a thread. A failure is noted in its report.

        `expect` checks the answer and returns what the caller wants; what it raises counts as the plugin's failure.
        `what` names the call for people. A cancellation passes through.
        """
        what = what or getattr(function, "__qualname__", type(function).__name__)
        record = self._host.records.named(plugin)
        if record is not None and record.state is not PluginState.ACTIVE:
            return Failed(error=f"the plugin {plugin} is {record.state}", hint=record.hint)
        outcome = await self._host.isolation.call(
            plugin, partial(function, *arguments), timeout_seconds=timeout_seconds, consume=expect or _as_it_is
        )
        if isinstance(outcome, Ok):
            return outcome
        self._host.records.fail(plugin, what, outcome)
        safely = self._host.records.told_safely
        return replace(outcome, error=safely(outcome.error), hint=outcome.hint and safely(outcome.hint), details="")

    async def figures(self, provider: Declared[StatsProvider]) -> Outcome[tuple[Figure, ...]]:
        """Ask a stats provider."""
        stats = provider.declaration
        return await self.call(
            provider.plugin,
            stats.figures,
            timeout_seconds=stats.timeout_seconds,
            expect=lambda answer: answers.figures(answer, self._host.limits.answers),
            what=f"stats provider {stats.name}",
        )

    async def render(self, panel: Declared[AdminPanel], request: PanelRequest) -> Outcome[Markup]:
        """Render a panel."""
        return await self.call(
            panel.plugin,
            panel.declaration.render,
            request,
            timeout_seconds=panel.declaration.timeout_seconds,
            expect=answers.html,
            what=f"admin panel {panel.declaration.name}",
        )

    async def export(
        self, exporter: Declared[BackupExporter], snapshot: Snapshot, folder: Path
    ) -> Outcome[ExportResult]:
        """Run an exporter. `folder` is empty, private, and removed by the caller."""
        function = exporter.declaration.export
        if function is None:
            return Failed(error="it only lists copies", hint="Choose another exporter: this one makes no backups.")
        return await self.call(
            exporter.plugin,
            function,
            snapshot,
            folder,
            timeout_seconds=exporter.declaration.timeout_seconds,
            expect=lambda answer: answers.export_result(answer, snapshot, folder),
            what=f"backup exporter {exporter.declaration.name}",
        )

    async def judge(self, guard: Declared[RestoreGuard], candidate: RestoreCandidate) -> Outcome[Judgement]:
        """Ask a restore guard. Whoever asks takes a failure for a refusal."""
        return await self.call(
            guard.plugin,
            guard.declaration.check,
            candidate,
            timeout_seconds=guard.declaration.timeout_seconds,
            expect=answers.judgement,
            what=f"restore guard {guard.declaration.name}",
        )

    async def rehearse(self, rehearsal: Declared[RestoreRehearsal], path: Path) -> Outcome[Rehearsed]:
        """Have the file `path`, in a throw-away folder, tried as a restore would. A failure proves nothing."""
        return await self.call(
            rehearsal.plugin,
            rehearsal.declaration.rehearse,
            path,
            timeout_seconds=rehearsal.declaration.timeout_seconds,
            expect=answers.rehearsed,
            what=f"restore rehearsal {rehearsal.declaration.name}",
        )

    async def conditions(self, part: Declared[HealthPart]) -> Outcome[tuple[Condition, ...]]:
        """Ask what is not well with a part of the shop. No secret that is known here is left in what it says."""
        safely = self._host.records.told_safely

        def expect(answer: object) -> tuple[Condition, ...]:
            found = answers.conditions(answer, self._host.limits.answers)
            return tuple(
                replace(one, title=safely(one.title), text=safely(one.text), what_to_do=safely(one.what_to_do))
                for one in found
            )

        return await self.call(
            part.plugin,
            part.declaration.conditions,
            timeout_seconds=part.declaration.timeout_seconds,
            expect=expect,
            what=f"health part {part.declaration.name}",
        )

    async def is_set_up(self, asked: Declared[Notifier] | Declared[BackupExporter]) -> Outcome[bool]:
        """Ask a notifier or an exporter whether it knows where to send to."""
        function = asked.declaration.is_set_up
        if function is None:
            return Ok(True)
        return await self.call(
            asked.plugin,
            function,
            timeout_seconds=min(asked.declaration.timeout_seconds, _SET_UP_SECONDS),
            expect=answers.yes_or_no,
            what=f"{asked.declaration.name}: is it set up",
        )

    async def notify(self, notifier: Declared[Notifier], *notifications: Notification) -> Outcome[None]:
        """Have a notifier send. `Ok` when it has handed it over; whoever asks tries again later otherwise.

        :param notifications: one; or several, for one that has a `send_together`.
        """
        together = notifier.declaration.send_together
        send, told = (
            (notifier.declaration.send, notifications[0]) if len(notifications) == 1 else (together, notifications)
        )
        assert send is not None, "several are for those that send them together"
        return await self.call(
            notifier.plugin,
            send,
            told,
            timeout_seconds=notifier.declaration.timeout_seconds,
            expect=answers.nothing,
            what=f"notifier {notifier.declaration.name}",
        )

    async def examine(self, check: Declared[DoctorCheck], examination: Examination) -> Outcome[tuple[Finding, ...]]:
        """Ask a doctor's check. No secret that is known here is left in what it says."""
        name, safely = check.declaration.name, self._host.records.told_safely

        def expect(answer: object) -> tuple[Finding, ...]:
            found = answers.findings(answer, name, self._host.limits.answers)
            return tuple(
                replace(one, title=safely(one.title), why=safely(one.why), what_to_do=safely(one.what_to_do))
                for one in found
            )

        return await self.call(
            check.plugin,
            check.declaration.check,
            examination,
            timeout_seconds=check.declaration.timeout_seconds,
            expect=expect,
            what=f"doctor check {name}",
        )


def _as_it_is(answer: Any) -> Any:
    return answer
