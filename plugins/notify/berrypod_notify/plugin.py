"""What the plugin declares. Each hook imports what it needs: `berrypod --help` asks for the commands alone."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

from berrypod.commands.lazy import LazyCommand
from berrypod.declarations import AdminPanel, DoctorCheck, HealthPart, Notifier, SettingDeclaration
from berrypod.hookspecs import hookimpl
from berrypod.per_app import PerApp
from berrypod_notify import names

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

    from berrypod.context import PluginContext
    from berrypod_notify.service import Alarms

_shared = PerApp()


def alarms_of(context: PluginContext) -> Alarms:
    """The alarms of the app that `context` belongs to. :raises SettingsError: the environment makes no sense."""
    from berrypod_notify.service import Alarms

    return _shared.get(context, "alarms", lambda: Alarms(context))


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    mail = "Alarms by e-mail:"
    return [
        SettingDeclaration(
            name=names.SMTP_HOST, help=f"{mail} the server. With it, all that follows comes from the environment."
        ),
        SettingDeclaration(name=names.SMTP_PORT, help=f"{mail} its port; 587, 465 or 25, as the security is."),
        SettingDeclaration(name=names.SMTP_SECURITY, help=f"{mail} starttls, tls or none.", default="starttls"),
        SettingDeclaration(name=names.SMTP_USERNAME, help=f"{mail} the user name, if the server wants one."),
        SettingDeclaration(name=names.SMTP_PASSWORD, help=f"{mail} the password.", secret=True),
        SettingDeclaration(name=names.SMTP_FROM, help=f"{mail} the sender's address."),
        SettingDeclaration(name=names.SMTP_TO, help=f"{mail} who is told: addresses, separated by commas."),
        SettingDeclaration(name=names.WEBHOOK_URL, help="Alarms as JSON: where they are posted.", secret=True),
        SettingDeclaration(
            name=names.WEBHOOK_SECRET, help="Alarms as JSON: the secret that they are signed with.", secret=True
        ),
        SettingDeclaration(
            name=names.REMIND_HOURS, help="Hours until an alarm is told again, as 6,24: the last one repeats."
        ),
        SettingDeclaration(name=names.LOOK_SECONDS, help="Seconds between two looks at the shop.", default="60"),
    ]


@hookimpl(tryfirst=True)
def berrypod_notifiers(context: PluginContext) -> Sequence[Notifier]:
    return alarms_of(context).notifiers()


@hookimpl(tryfirst=True)
def berrypod_health_parts(context: PluginContext) -> Sequence[HealthPart]:
    return [alarms_of(context).health_part()]


@hookimpl(tryfirst=True)
def berrypod_doctor_checks() -> Sequence[DoctorCheck]:
    from berrypod_notify.health import doctor_check

    return [doctor_check()]


@hookimpl(tryfirst=True)
def berrypod_admin_panels(context: PluginContext) -> Sequence[AdminPanel]:
    from berrypod_notify.panel import Panel

    return Panel(context, alarms_of(context)).declarations()


@hookimpl
def berrypod_route_handlers(context: PluginContext) -> Sequence[ControllerRouterHandler]:
    from litestar import Router

    from berrypod.web.provided import provided
    from berrypod_notify.api import AlarmsController
    from berrypod_notify.pages import AlarmPagesController
    from berrypod_notify.panel import Panel

    alarms = alarms_of(context)
    parts = {"alarms": alarms, "alarms_panel": Panel(context, alarms)}
    return [
        Router(
            "/",
            route_handlers=[AlarmsController, AlarmPagesController],
            dependencies=provided(parts),
        )
    ]


@hookimpl
def berrypod_lifespan(context: PluginContext) -> AbstractAsyncContextManager[None]:
    return alarms_of(context).running()


@hookimpl(tryfirst=True)
def berrypod_register_commands(cli: click.Group) -> None:
    about = "Who is told when something is not well with the shop, and what is not."
    cli.add_command(LazyCommand("notify", "berrypod_notify.commands:notify", help=about))
