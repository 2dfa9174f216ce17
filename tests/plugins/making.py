"""Plugins for tests, made of functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from berrypod.declarations import AdminPanel, Figure, StatsProvider
from berrypod.hookspecs import hookimpl
from berrypod.plugins import Failed, Limits, Ok, Outcome, Plugins, PluginSource

# Seconds: what hangs is waited for so long, by the test that is about it.
PATIENCE = 0.3

# What does not hang has all the time that a busy machine may take.
ENOUGH = 30.0

QUICK = Limits(
    import_seconds=ENOUGH,
    hook_seconds=ENOUGH,
    key_seconds=ENOUGH,
    lifespan_enter_seconds=ENOUGH,
    lifespan_leave_seconds=ENOUGH,
    observe_seconds=ENOUGH,
    grace_seconds=0.05,
    stuck_calls=3,
    hangs_before_silence=2,
    events_waiting=5,
    answers=20,
    failures_kept=3,
)


def impatient(*of: str) -> Limits:
    """`QUICK`, with `PATIENCE` for what hangs in this test: "import", "hook", "lifespan_enter" ..."""
    short: dict[str, Any] = {f"{one}_seconds": PATIENCE for one in of}
    return replace(QUICK, **short)


def plugin(name: str, **hooks: Callable[..., object]) -> PluginSource:
    """A plugin whose hooks are the given functions."""
    module = ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return PluginSource.of(module, name)


def failing_at_import(name: str, load: Callable[[], object]) -> PluginSource:
    return PluginSource(name=name, load=load, distribution=f"dist-of-{name}", version="1.0")


def no_items() -> list[object]:
    return []


def one_figure() -> list[Figure]:
    return [Figure(code="answer", label="The answer", value=42)]


def provider(
    name: str,
    figures: Callable[[], Awaitable[Sequence[Figure]] | Sequence[Figure]] = one_figure,
    timeout_seconds: float = ENOUGH,
) -> StatsProvider:
    return StatsProvider(name=name, title=name.title(), figures=figures, timeout_seconds=timeout_seconds)


def panel(name: str, render: Callable[..., Any], timeout_seconds: float = ENOUGH) -> AdminPanel:
    return AdminPanel(name=name, title=name.title(), render=render, timeout_seconds=timeout_seconds)


def healthy(name: str = "healthy") -> PluginSource:
    """A plugin that does what it should: the one that must go on working beside any other."""
    return plugin(name, berrypod_stats_providers=lambda context: [provider(f"{name}-figures")])


async def assert_healthy(plugins: Plugins, name: str = "healthy") -> None:
    """The plugin of `healthy` is active and answers."""
    assert plugins.is_active(name)
    (found,) = [one for one in plugins.stats_providers if one.plugin == name]
    outcome = await plugins.figures(found)
    assert isinstance(outcome, Ok)
    assert outcome.value[0].value == 42


def failed(outcome: Outcome[Any]) -> Failed:
    assert isinstance(outcome, Failed), f"did not fail: {outcome}"
    return outcome


def error_of(plugins: Plugins, name: str) -> str:
    """The error of a quarantined plugin."""
    (report,) = [report for report in plugins.report() if report.name == name and report.error]
    assert report.state == "quarantined"
    assert report.error is not None
    return report.error
