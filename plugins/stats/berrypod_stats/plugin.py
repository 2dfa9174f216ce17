"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import AdminPanel, StatsProvider
from berrypod.hookspecs import hookimpl
from berrypod.per_app import PerApp

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod_stats.service import Measurements

_shared = PerApp()


def measurements_of(context: PluginContext) -> Measurements:
    """The measurements of the app that `context` belongs to."""
    from berrypod_stats.service import DatabaseSource, Measurements

    database = context.database
    return _shared.get(context, "measurements", lambda: Measurements(database, DatabaseSource(database, context.now)))


@hookimpl(tryfirst=True)
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    from berrypod_stats import figures

    return figures.providers(measurements_of(context))


@hookimpl(tryfirst=True)
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_stats.panel import Panel

    panel = Panel(context, measurements_of(context))
    return [
        AdminPanel(
            name="stats", title="What is in the file", page="backup", order=10, render=panel.render, timeout_seconds=5.0
        )
    ]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from berrypod_stats import api

    return api.handlers(context, measurements_of(context))


@hookimpl
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[None]:
    return measurements_of(context).running()


@hookimpl(tryfirst=True)
def berrypod_register_commands(cli: click.Group) -> None:
    about = "Show what is in the shop's file: rows and exact size of each table, encryption, free pages."
    cli.add_command(LazyCommand("stats", "berrypod_stats.command:stats", help=about))
