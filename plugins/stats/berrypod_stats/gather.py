"""The figures of all providers, whoever declared them: one that fails shows its error in its place."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from berrypod.declarations import Declared, StatsProvider
from berrypod.plugins import Failed, Plugins
from berrypod_stats.report import StatsFigure, StatsGroup, StatsProblem

# A provider that is asked for a page may not take longer than this, whatever it declared: an admin waits.
LONGEST_SECONDS = 2.0


async def groups(plugins: Plugins) -> list[StatsGroup]:
    """Ask all providers at once. Takes as long as the slowest, `LONGEST_SECONDS` at the most."""
    return list(await asyncio.gather(*(_group(plugins, provider) for provider in plugins.stats_providers)))


async def _group(plugins: Plugins, provider: Declared[StatsProvider]) -> StatsGroup:
    declared = provider.declaration
    hurried = replace(declared, timeout_seconds=min(declared.timeout_seconds, LONGEST_SECONDS))
    outcome = await plugins.figures(replace(provider, declaration=hurried))
    if isinstance(outcome, Failed):
        problem = StatsProblem(
            code="timed_out" if outcome.timed_out else "provider_failed",
            message=outcome.error,
            hint=outcome.hint or f"See /admin/plugins for the plugin {provider.plugin}.",
        )
        return StatsGroup(plugin=provider.plugin, name=declared.name, title=declared.title, figures=[], error=problem)
    figures = [
        StatsFigure(
            code=figure.code,
            label=figure.label,
            value=figure.value,
            text=figure.text,
            unit=figure.unit,
            warning=figure.warning,
            hint=figure.hint,
        )
        for figure in outcome.value
    ]
    return StatsGroup(plugin=provider.plugin, name=declared.name, title=declared.title, figures=figures)
