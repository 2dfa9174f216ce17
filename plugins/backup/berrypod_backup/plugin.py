"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import (
    AdminPanel,
    ArchiveSource,
    BackupExporter,
    DoctorCheck,
    HealthPart,
    SettingDeclaration,
    StatsProvider,
)
from berrypod.hookspecs import hookimpl

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod.events import Event
    from berrypod.kept import Kept
    from berrypod_backup.drill.service import Drill
    from berrypod_backup.retention.applying import Retention
    from berrypod_backup.schedule.service import Schedule
    from berrypod_backup.service import Backups
    from berrypod_backup.watching.looking import Looking

T = TypeVar("T")

# The hooks of one app share its backups. What they declare keeps them alive, and they keep the database: so an entry
# lives as long as its app, and its identity cannot be used again before.
_backups: WeakValueDictionary[int, Backups] = WeakValueDictionary()
_drills: WeakValueDictionary[int, Drill] = WeakValueDictionary()
_schedules: WeakValueDictionary[int, Schedule] = WeakValueDictionary()
_lookings: WeakValueDictionary[int, Looking] = WeakValueDictionary()


def backups_of(context: PluginContext) -> Backups:
    """The backups of the app that `context` belongs to."""
    from berrypod_backup.service import Backups

    found = _backups.get(id(context.database))
    if found is None:
        found = _backups[id(context.database)] = Backups(context)
    return found


def drill_of(context: PluginContext) -> Drill:
    """The drills of the app that `context` belongs to."""
    from berrypod_backup.archives import Archives
    from berrypod_backup.drill.service import Drill

    found = _drills.get(id(context.database))
    if found is None:
        found = _drills[id(context.database)] = Drill(context, Archives(context))
    return found


def looking_of(context: PluginContext) -> Looking:
    """What is known of the backups of the app that `context` belongs to."""
    from berrypod_backup.archives import Archives
    from berrypod_backup.watching.looking import Looking

    found = _lookings.get(id(context.database))
    if found is None:
        looking = Looking(context, Archives(context), drill_of(context), schedule_of(context).status)
        found = _lookings[id(context.database)] = looking
    return found


def schedule_of(context: PluginContext) -> Schedule:
    """The schedule of the app that `context` belongs to."""
    from berrypod_backup.schedule.service import Schedule

    found = _schedules.get(id(context.database))
    if found is None:
        schedule = Schedule(context, backups_of(context), retention_of(context), drill_of(context).run)
        found = _schedules[id(context.database)] = schedule
    return found


def retention_of(context: PluginContext) -> Retention:
    """Which kept backups of the app that `context` belongs to stay."""
    from berrypod_backup.archive_service import KeptBackups
    from berrypod_backup.archives import Archives
    from berrypod_backup.retention.applying import Retention

    return Retention(context, Archives(context), KeptBackups(context))


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    from berrypod_backup.keeping import folder_setting

    return [folder_setting()]


@hookimpl
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    from berrypod_backup.exporting import download_exporter
    from berrypod_backup.keeping import keep_exporter

    return [download_exporter(), keep_exporter(context)]


@hookimpl
def berrypod_archive_sources(context: PluginContext) -> Sequence[ArchiveSource]:
    from berrypod_backup.sources import folder_source

    return [folder_source(context)]


@hookimpl
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    from berrypod_backup import last

    return [last.provider(context)]


@hookimpl
def berrypod_doctor_checks() -> Sequence[DoctorCheck]:
    from berrypod_backup import last

    return [last.doctor_check()]


@hookimpl
def berrypod_health_parts(context: PluginContext) -> Sequence[HealthPart]:
    from berrypod_backup.watching.parts import health_part

    return [health_part(looking_of(context))]


@hookimpl
def berrypod_observe(event: Event, context: PluginContext) -> None:
    looking_of(context).tallies.note(event)


@hookimpl
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_backup.archive_service import KeptBackups
    from berrypod_backup.kept_panel import KeptPanel
    from berrypod_backup.panel import Panel

    return [
        Panel(context, backups_of(context)).declaration(),
        KeptPanel(context, KeptBackups(context), _kept(context), drill_of(context)).declaration(),
    ]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from litestar import Router
    from litestar.di import Provide

    from berrypod_backup.api import BackupsController, KeptController
    from berrypod_backup.archive_api import ArchivesController
    from berrypod_backup.archive_pages import ArchivePagesController
    from berrypod_backup.archive_service import KeptBackups
    from berrypod_backup.drill.api import DrillsController
    from berrypod_backup.drill.pages import DrillPagesController
    from berrypod_backup.kept_panel import KeptPanel
    from berrypod_backup.pages import PagesController
    from berrypod_backup.panel import Panel
    from berrypod_backup.retention.api import RetentionController
    from berrypod_backup.schedule.api import ScheduleController
    from berrypod_backup.schedule.pages import SchedulePageController
    from berrypod_backup.schedule.view import SchedulePage
    from berrypod_backup.watching.parts import metrics

    backups, kept = backups_of(context), _kept(context)
    parts = {
        "backups": backups,
        "kept": kept,
        "drill": drill_of(context),
        "backup_looking": looking_of(context),
        "kept_backups": KeptBackups(context),
        "kept_panel": KeptPanel(context, KeptBackups(context), kept, drill_of(context)),
        "panel": Panel(context, backups),
        "schedule": schedule_of(context),
        "retention": retention_of(context),
        "schedule_page": SchedulePage(context, schedule_of(context), retention_of(context)),
    }
    return [
        Router(
            "/",
            route_handlers=[
                BackupsController,
                KeptController,
                ArchivesController,
                ArchivePagesController,
                PagesController,
                DrillsController,
                DrillPagesController,
                ScheduleController,
                RetentionController,
                SchedulePageController,
                metrics,
            ],
            dependencies={name: Provide(_always(part), sync_to_thread=False) for name, part in parts.items()},
        )
    ]


@hookimpl
@asynccontextmanager
async def berrypod_lifespan(context: PluginContext) -> AsyncGenerator[None]:
    async with backups_of(context).running(), drill_of(context).running(), schedule_of(context).running():
        yield


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
