"""What the plugin declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from weakref import WeakValueDictionary

import click
from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, BackupExporter, StatsProvider
from berrypod.hookspecs import hookimpl
from berrypod.kept import Kept
from berrypod_backup import last
from berrypod_backup.api import BackupsController, KeptController
from berrypod_backup.exporting import download_exporter
from berrypod_backup.faults import BackupUnknown
from berrypod_backup.pages import PagesController
from berrypod_backup.panel import Panel
from berrypod_backup.service import Backups

T = TypeVar("T")

# The hooks of one app share its backups. What they declare keeps them alive, and they keep the database: so an entry
# lives as long as its app, and its identity cannot be used again before.
_backups: WeakValueDictionary[int, Backups] = WeakValueDictionary()


def backups_of(context: PluginContext) -> Backups:
    """The backups of the app that `context` belongs to."""
    found = _backups.get(id(context.database))
    if found is None:
        found = _backups[id(context.database)] = Backups(context)
    return found


@hookimpl
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    return [download_exporter()]


@hookimpl
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    return [last.provider(context)]


@hookimpl
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    return [Panel(context, backups_of(context), Kept(context.plugins, BackupUnknown)).declaration()]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    backups, kept = backups_of(context), Kept(context.plugins, BackupUnknown)
    parts = {"backups": backups, "kept": kept, "panel": Panel(context, backups, kept)}
    return [
        Router(
            "/",
            route_handlers=[BackupsController, KeptController, PagesController],
            dependencies={name: Provide(_always(part), sync_to_thread=False) for name, part in parts.items()},
        )
    ]


@hookimpl
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[None]:
    return backups_of(context).running()


@hookimpl
def berrypod_register_commands(cli: click.Group) -> None:
    from berrypod_backup.commands import backup  # noqa: PLC0415 - the server has no use for commands

    cli.add_command(backup)


def _always(part: T) -> Callable[[], T]:
    def provide() -> T:
        return part

    # Litestar resolves dependencies by annotation, which is only known here.
    provide.__annotations__["return"] = type(part)
    return provide
