"""Every hook. What a plugin may rely on is in docs/hooks.md, one section a hook, with an example.

Each is a plain function that the core calls once per app unless its docstring says otherwise: alone, in a
thread of its own, with a time-out. An implementation takes those of the arguments that it needs, by their
names:

    from berrypod.hookspecs import hookimpl

    @hookimpl
    def berrypod_stats_providers(context): ...
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pluggy

from berrypod.declarations import (
    AdminPanel,
    ArchiveSource,
    BackupExporter,
    DoctorCheck,
    HealthPart,
    Notifier,
    RestoreGuard,
    RestoreRehearsal,
    SettingDeclaration,
    StatsProvider,
)

if TYPE_CHECKING:
    import click
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod.events import Event
    from berrypod.settings import Secret, Settings

PROJECT = "berrypod"
ENTRY_POINT_GROUP = "berrypod"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def berrypod_settings() -> Iterable[SettingDeclaration] | None:
    """The environment variables that the plugin reads. A name that two plugins declare refuses the start."""


@hookspec(firstresult=True)
def berrypod_key_source(settings: Settings) -> Secret | str | None:
    """The database key, or None to leave it to the next plugin and at last to the environment.

    Called before the file is opened, in every process. The first answer wins; an exception or a time-out
    stops the start.
    """


@hookspec
def berrypod_stats_providers(context: PluginContext) -> Iterable[StatsProvider] | None:
    """Groups of figures. One that fails or times out shows its error in its place."""


@hookspec
def berrypod_backup_exporters(context: PluginContext) -> Iterable[BackupExporter] | None:
    """Where a backup can go, or what it can become. One that fails never stops another."""


@hookspec
def berrypod_archive_sources(context: PluginContext) -> Iterable[ArchiveSource] | None:
    """Kinds of addresses that an archive can be opened by, for a machine with nothing but a key and credentials."""


@hookspec
def berrypod_restore_rehearsals(context: PluginContext) -> Iterable[RestoreRehearsal] | None:
    """Who tries a copy of a backup as a restore would, to prove it. One that fails proves nothing."""


@hookspec
def berrypod_restore_guards(context: PluginContext) -> Iterable[RestoreGuard] | None:
    """Who looks at a file before it replaces the shop: allows, warns or refuses. One that fails refuses."""


@hookspec
def berrypod_doctor_checks(context: PluginContext) -> Iterable[DoctorCheck] | None:
    """What `berrypod doctor` looks at besides its own checks. One that fails or times out shows as a warning."""


@hookspec
def berrypod_health_parts(context: PluginContext) -> Iterable[HealthPart] | None:
    """Parts of the shop that can be well or not. One that fails or times out counts as one that nobody knows of."""


@hookspec
def berrypod_notifiers(context: PluginContext) -> Iterable[Notifier] | None:
    """Ways to tell whoever looks after the shop that something is not well. One that fails stops no other."""


@hookspec
def berrypod_admin_panels(context: PluginContext) -> Iterable[AdminPanel] | None:
    """Sections of admin pages. One that fails or times out shows its error in its place."""


@hookspec
def berrypod_route_handlers(context: PluginContext) -> Iterable[ControllerRouterHandler] | None:
    """Litestar route handlers:

    for signed-in admins alone unless they say otherwise, by `opt={"access": ...}`.
    """


@hookspec
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[object] | None:
    """An async context manager, entered when the server starts and left, in reverse order, when it stops."""


@hookspec
def berrypod_register_commands(cli: click.Group) -> None:
    """Add commands. Called each time that `berrypod` runs; a command that exists cannot be replaced."""


@hookspec
def berrypod_observe(event: Event, context: PluginContext) -> None:
    """Told of every event, one at a time and in order, soon after it happened, in a thread of its own."""
