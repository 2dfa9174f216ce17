"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

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
from berrypod_backup.names import SETTINGS
from berrypod_backup.shared import backups_of, drill_of, kept_backups_of, kept_of, looking_of, schedule_of

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod.events import Event


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    return SETTINGS


@hookimpl(tryfirst=True)
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    from berrypod_backup.exporting import download_exporter
    from berrypod_backup.keeping import keep_exporter

    return [download_exporter(), keep_exporter(context)]


@hookimpl(tryfirst=True)
def berrypod_archive_sources(context: PluginContext) -> Sequence[ArchiveSource]:
    from berrypod_backup.sources import folder_source

    return [folder_source(context)]


@hookimpl(tryfirst=True)
def berrypod_stats_providers(context: PluginContext) -> Sequence[StatsProvider]:
    from berrypod_backup import last

    return [last.provider(context)]


@hookimpl(tryfirst=True)
def berrypod_doctor_checks(context: PluginContext) -> Sequence[DoctorCheck]:
    from berrypod_backup import last
    from berrypod_backup.watching import doctor

    return [last.doctor_check(), *doctor.checks(context)]


@hookimpl(tryfirst=True)
def berrypod_health_parts(context: PluginContext) -> Sequence[HealthPart]:
    from berrypod_backup.watching.parts import health_part

    return [health_part(looking_of(context))]


@hookimpl
def berrypod_observe(event: Event, context: PluginContext) -> None:
    looking_of(context).tallies.note(event)


@hookimpl(tryfirst=True)
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_backup.kept_panel import KeptPanel
    from berrypod_backup.panel import Panel

    kept = KeptPanel(context, kept_backups_of(context), kept_of(context), drill_of(context))
    return [Panel(context, backups_of(context), schedule_of(context)).declaration(), kept.declaration()]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from berrypod_backup.routes import router

    return [router(context)]


@hookimpl
@asynccontextmanager
async def berrypod_lifespan(context: PluginContext) -> AsyncGenerator[None]:
    async with backups_of(context).running(), drill_of(context).running(), schedule_of(context).running():
        yield


@hookimpl(tryfirst=True)
def berrypod_register_commands(cli: click.Group) -> None:
    cli.add_command(LazyCommand("backup", "berrypod_backup.commands:backup", help="Make backups, and check them."))
