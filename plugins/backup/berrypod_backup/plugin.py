"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import AdminPanel, BackupExporter, DoctorCheck, StatsProvider
from berrypod.hookspecs import hookimpl

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod.kept import Kept
    from berrypod_backup.service import Backups

T = TypeVar("T")

# The hooks of one app share its backups. What they declare keeps them alive, and they keep the database: so an entry
# lives as long as its app, and its identity cannot be used again before.
_backups: WeakValueDictionary[int, Backups] = WeakValueDictionary()


def backups_of(context: PluginContext) -> Backups:
    """The backups of the app that `context` belongs to."""
    from berrypod_backup.service import Backups

    found = _backups.get(id(context.database))
    if found is None:
        found = _backups[id(context.database)] = Backups(context)
    return found


@hookimpl
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    from berrypod_backup.exporting import download_exporter

    return [download_exporter()]


@hookimpl
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    from berrypod_backup import last

    return [last.provider(context)]


@hookimpl
def berrypod_doctor_checks() -> Sequence[DoctorCheck]:
    from berrypod_backup import last

    return [last.doctor_check()]


@hookimpl
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_backup.panel import Panel

    return [Panel(context, backups_of(context), _kept(context)).declaration()]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from litestar import Router
    from litestar.di import Provide

    from berrypod_backup.api import BackupsController, KeptController
    from berrypod_backup.pages import PagesController
    from berrypod_backup.panel import Panel

    backups, kept = backups_of(context), _kept(context)
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
    cli.add_command(LazyCommand("backup", "berrypod_backup.commands:backup", help="Make backups, and check them."))


def _kept(context: PluginContext) -> Kept:
    from berrypod.kept import Kept
    from berrypod_backup.faults import BackupUnknown

    return Kept(context.plugins, BackupUnknown)


def _always(part: T) -> Callable[[], T]:
    def provide() -> T:
        return part

    # Litestar resolves dependencies by annotation, which is only known here.
    provide.__annotations__["return"] = type(part)
    return provide
