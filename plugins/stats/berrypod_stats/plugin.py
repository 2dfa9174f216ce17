"""What the plugin declares."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from weakref import WeakValueDictionary

import click
from litestar.types import ControllerRouterHandler

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, StatsProvider
from berrypod.hookspecs import hookimpl
from berrypod_stats import api, figures
from berrypod_stats.panel import Panel
from berrypod_stats.service import DatabaseSource, Measurements

# The hooks of one app share its measurements. What they declare keeps them alive, and they keep the database: so an
# entry lives as long as its app, and its identity cannot be used again before.
_measurements: WeakValueDictionary[int, Measurements] = WeakValueDictionary()


def measurements_of(context: PluginContext) -> Measurements:
    """The measurements of the app that `context` belongs to."""
    database = context.database
    found = _measurements.get(id(database))
    if found is None:
        found = Measurements(database, DatabaseSource(database, context.now))
        _measurements[id(database)] = found
    return found


@hookimpl
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    return figures.providers(measurements_of(context))


@hookimpl
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    panel = Panel(context, measurements_of(context))
    return [
        AdminPanel(
            name="stats", title="What is in the file", page="backup", order=10, render=panel.render, timeout_seconds=5.0
        )
    ]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    return api.handlers(context, measurements_of(context))


@hookimpl
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[None]:
    return measurements_of(context).running()


@hookimpl
def berrypod_register_commands(cli: click.Group) -> None:
    from berrypod_stats.command import stats  # noqa: PLC0415 - the server has no use for commands

    cli.add_command(stats)
