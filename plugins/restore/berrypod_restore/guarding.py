"""Asking the guards of all plugins. Who cannot be asked, refuses: a guard that fails must not be as good as none."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from berrypod.declarations import GUARD_FAILED, Allow, Declared, Judgement, RestoreCandidate, RestoreGuard, Warn
from berrypod.plugin_report import PluginReport, PluginState
from berrypod.plugins import Failed, Ok, Plugins

# Guards read the whole file, each for itself: more of them at once would only take turns on a small machine.
_AT_ONCE: Final = 2

_OWN_PLUGIN: Final = "restore"
_NOT_ASKED: Final = "plugin_not_asked"

Answer = Literal["allow", "warn", "refuse"]


class GuardResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one guard of a plugin answered. `code`, `message` and `hint` are empty where it allows."""

    plugin: str
    guard: str
    title: str
    answer: Answer
    code: Annotated[str, Meta(examples=["orders_shrink"])] = ""
    message: str = ""
    hint: str = ""


async def ask(plugins: Plugins, candidate: RestoreCandidate) -> tuple[GuardResult, ...]:
    """Ask every guard, each alone and with its own time-out. Never raises for what a guard does.

    The results are in the order that guards ask for. A guard that raises, hangs or answers nonsense refuses with the
    code `guard_failed`; so do the guards of a plugin in quarantine. A cancellation passes through.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def judged(guard: Declared[RestoreGuard]) -> GuardResult:
        async with turns:
            outcome = await plugins.judge(guard, candidate)
        return _told(guard, outcome.value) if isinstance(outcome, Ok) else _failed(guard, outcome)

    results = await asyncio.gather(*(judged(guard) for guard in plugins.restore_guards))
    return (*results, *_quarantined(plugins))


def refused(results: tuple[GuardResult, ...]) -> bool:
    """Whether the file must not be restored."""
    return any(result.answer == "refuse" for result in results)


def _told(guard: Declared[RestoreGuard], judgement: Judgement) -> GuardResult:
    result = GuardResult(
        plugin=guard.plugin, guard=guard.declaration.name, title=guard.declaration.title, answer="allow"
    )
    if isinstance(judgement, Allow):
        return result
    return msgspec.structs.replace(
        result,
        answer="warn" if isinstance(judgement, Warn) else "refuse",
        code=judgement.code,
        message=judgement.message,
        hint=judgement.hint,
    )


def _failed(guard: Declared[RestoreGuard], failed: Failed) -> GuardResult:
    name, title = guard.declaration.name, guard.declaration.title
    return GuardResult(
        plugin=guard.plugin,
        guard=name,
        title=title,
        answer="refuse",
        code=GUARD_FAILED,
        message=f"The guard {name} of the plugin {guard.plugin} could not look at the file: {failed.error}",
        hint=" ".join(filter(None, [failed.hint, _way_out(guard.plugin)])),
    )


def _quarantined(plugins: Plugins) -> list[GuardResult]:
    """Plugins that failed at start, and whose guards nobody knows.

    One that is known to have guards refuses. Of one that failed before it told what it has, nobody knows whether it
    guards anything: the admin is told.
    """
    found: list[GuardResult] = []
    for report in plugins.report():
        if report.state is not PluginState.QUARANTINED:
            continue
        if report in plugins.silent_guards:
            found.append(_silent(report, "refuse", GUARD_FAILED, "The guards of the plugin {} could not be asked: {}"))
        elif not report.hooks:
            words = "If the plugin {} guards restores, it was not asked: it is in quarantine ({})"
            found.append(_silent(report, "warn", _NOT_ASKED, words))
    return found


def _silent(report: PluginReport, answer: Answer, code: str, words: str) -> GuardResult:
    return GuardResult(
        plugin=report.name,
        guard="",
        title=f"Plugin {report.name}",
        answer=answer,
        code=code,
        message=words.format(report.name, report.error or "it is in quarantine"),
        hint=" ".join(filter(None, [report.hint, _way_out(report.name)])),
    )


def _way_out(plugin: str) -> str:
    if plugin == _OWN_PLUGIN:
        return "Stage the file again; if it fails again, the server's log has the cause."
    return (
        "Nothing has changed. Put the plugin right and start the shop again; or, if you can do without its judgement, "
        f"switch it off with BERRYPOD_DISABLED_PLUGINS={plugin} and stage the file again."
    )
