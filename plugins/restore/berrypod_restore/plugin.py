"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import AdminPanel, BackupExporter, RestoreGuard, RestoreRehearsal, SettingDeclaration
from berrypod.hookspecs import hookimpl
from berrypod.per_app import PerApp
from berrypod_restore.names import FORMERS_KEPT, MAX_BYTES

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod_restore.service import Restores

_shared = PerApp()


def restores_of(context: PluginContext) -> Restores:
    """The restores of the app that `context` belongs to."""
    from berrypod_restore.service import Restores

    return _shared.get(context, "restores", lambda: Restores(context))


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    return [
        SettingDeclaration(
            name=MAX_BYTES,
            help="The largest file that may be uploaded to be restored, in bytes.",
            default="8000000000",
        ),
        SettingDeclaration(
            name=FORMERS_KEPT,
            help="How many databases that were replaced are kept for an undo. The newest always is.",
            default="3",
        ),
    ]


@hookimpl(tryfirst=True)
def berrypod_backup_exporters(context: PluginContext) -> Sequence[BackupExporter]:
    return [restores_of(context).former_exporter]


@hookimpl
def berrypod_restore_guards(context: PluginContext) -> Sequence[RestoreGuard]:
    from berrypod_restore.builtin_guards import builtin_guards
    from berrypod_restore.shrinkage import shrinkage_guard

    return [*builtin_guards(), shrinkage_guard()]


@hookimpl(tryfirst=True)
def berrypod_restore_rehearsals(context: PluginContext) -> Sequence[RestoreRehearsal]:
    from berrypod_restore.rehearsing import rehearsal

    return [rehearsal(context)]


@hookimpl(tryfirst=True)
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_restore.panel import Panel

    return [Panel(context, restores_of(context)).declaration()]


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from litestar import Router

    from berrypod.web.provided import provided
    from berrypod_restore import api, pages
    from berrypod_restore.panel import Panel

    restores = restores_of(context)
    parts = {"restores": restores, "restore_panel": Panel(context, restores)}
    return [
        Router(
            "/",
            route_handlers=[*api.HANDLERS, *pages.HANDLERS],
            dependencies=provided(parts),
        )
    ]


@hookimpl
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[None]:
    return restores_of(context).running()


@hookimpl(tryfirst=True)
def berrypod_register_commands(cli: click.Group) -> None:
    cli.add_command(
        LazyCommand(
            "restore", "berrypod_restore.commands:restore", help="Replace the shop by a backup, and take it back."
        )
    )
