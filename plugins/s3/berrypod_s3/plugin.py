"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import AdminPanel, ArchiveSource, BackupExporter, SettingDeclaration
from berrypod.hookspecs import hookimpl
from berrypod.per_app import PerApp
from berrypod_s3.names import SETTINGS

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod_s3.configuring import Configuration

_shared = PerApp()


def configuration_of(context: PluginContext) -> Configuration:
    """Where the backups of the app go that `context` belongs to."""
    from berrypod_s3.configuring import Configuration

    return _shared.get(context, "configuration", lambda: Configuration(context))


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    return SETTINGS


@hookimpl(tryfirst=True)
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    from berrypod.archive.archive import Archive
    from berrypod_s3.storage import S3Storage

    configuration = configuration_of(context)
    archive = Archive(S3Storage(configuration), work_folder=context.work_folder)
    return [
        BackupExporter(
            name="s3",
            title="S3",
            description="To object storage elsewhere: the backup survives this machine. Encrypted if the shop is.",
            archive=archive,
            off_site=True,
            is_set_up=configuration.is_complete,
        )
    ]


@hookimpl(tryfirst=True)
def berrypod_archive_sources(context: PluginContext) -> Sequence[ArchiveSource]:
    from berrypod_s3.sources import source

    return [source(context)]


@hookimpl(tryfirst=True)
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_s3.panel import Panel

    return [Panel(context, configuration_of(context)).declaration()]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from litestar import Router

    from berrypod.web.provided import provided
    from berrypod_s3.pages import S3Controller
    from berrypod_s3.panel import Panel

    configuration = configuration_of(context)
    parts = {"s3_panel": Panel(context, configuration), "s3_configuration": configuration}
    return [Router("/", route_handlers=[S3Controller], dependencies=provided(parts))]


@hookimpl(tryfirst=True)
def berrypod_register_commands(cli: click.Group) -> None:
    cli.add_command(
        LazyCommand("s3", "berrypod_s3.commands:s3", help="Off-site backups in S3-compatible object storage.")
    )
