"""`/admin`: what needs attention, and the plugins' panels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from berrypod.accounts import Accounts
from berrypod.accounts.principals import AdminPrincipal
from berrypod.accounts.totp import TotpStatus
from berrypod.audit.words import sentences
from berrypod.health import Health
from berrypod.keys.keeping import KeyState
from berrypod.keys.rotation_records import KeyStatus
from berrypod.plugin_report import PluginState
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.web.admin.local_path import HOME
from berrypod.web.admin.pages import DASHBOARD, KEY_PAGE, Link, navigation, page, parts_of
from berrypod.web.admin.panels import rendered_panels
from berrypod.web.admin.state import AnyRequest

_FEW_CODES: Final = 3

# Whoever has just put something right wants to see that it is.
_SECONDS_OLD: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Something that the admin should see to. `kind`: bad for what is unsafe now, warn for what may become so."""

    kind: Literal["bad", "warn"]
    title: str
    text: str
    path: str = ""
    link: str = ""


@get("/admin", include_in_schema=False)
async def dashboard(
    request: AnyRequest,
    accounts: NamedDependency[Accounts],
    plugins: NamedDependency[Plugins],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Template:
    admin: AdminPrincipal = request.user
    totp = await accounts.totp.status(admin.admin_id)
    attention = [
        *_of_the_shop(database, settings),
        *_of_the_key(await parts_of(request).key.state()),
        *_of_the_change_of_key(await parts_of(request).rotation.status()),
        *_of_the_account(totp),
        *_of_plugins(plugins),
        *await _of_the_parts(plugins.health),
    ]
    panels = await rendered_panels(request, plugins, DASHBOARD)
    return await page(request, "dashboard", attention=attention, panels=panels, elsewhere=_where_to_go(plugins))


def _where_to_go(plugins: Plugins) -> list[Link]:
    """All pages but this one."""
    shop, running = navigation(plugins)
    return [link for link in (*shop, *running) if link.path != HOME]


def _of_the_shop(database: Database, settings: Settings) -> Iterator[Attention]:
    if not database.encrypted:
        yield Attention(
            kind="bad",
            title="The shop's file is not encrypted",
            text="Whoever gets hold of the file or of a backup can read everything in it. This is meant for "
            "development only: before real customers come, stop the shop, set SECRET_KEY_DB, and run "
            "`berrypod db encrypt`.",
        )
    if settings.base_key_is_public:
        yield Attention(
            kind="bad",
            title="The public development key is in use",
            text="It protects neither cookies nor forms nor the secrets of authenticators. Set SECRET_KEY_BASE to the "
            "output of `berrypod secret`.",
        )


def _of_the_key(key: KeyState) -> Iterator[Attention]:
    if key.to_be_asked:
        yield Attention(
            kind="warn",
            title="Is the key of the shop kept elsewhere?",
            text="If this machine is lost, a backup opens with the key alone: a lost key is a lost shop.",
            path=KEY_PAGE,
            link="Show that it is kept",
        )


def _of_the_change_of_key(status: KeyStatus) -> Iterator[Attention]:
    if status.unconfirmed is not None:
        text = (
            "Set SECRET_KEY_DB to the new key wherever the server is started from, and start it anew."
            if status.restart_needed
            else "The server was started with the new key: confirm it."
        )
        yield Attention(
            kind="warn",
            title=f"The key was changed on {status.unconfirmed.at:%Y-%m-%d}",
            text=text,
            path=KEY_PAGE,
            link="See the change",
        )


def _of_the_account(totp: TotpStatus) -> Iterator[Attention]:
    if not totp.enabled:
        yield Attention(
            kind="warn",
            title="Your account has no second factor",
            text="With an authenticator app, a stolen password alone opens nothing.",
            path="/admin/account#authenticator",
            link="Set one up",
        )
    elif totp.recovery_codes_left <= _FEW_CODES:
        left = "one recovery code" if totp.recovery_codes_left == 1 else f"{totp.recovery_codes_left} recovery codes"
        yield Attention(
            kind="warn",
            title=f"You have {left} left" if totp.recovery_codes_left else "You have no recovery codes left",
            text="They are the way in when the phone is gone.",
            path="/admin/account#authenticator",
            link="Make new ones",
        )


async def _of_the_parts(health: Health) -> list[Attention]:
    report = await health.look(seconds_old=_SECONDS_OLD)
    return [
        Attention(
            kind=condition.severity,
            title=condition.title,
            text=sentences(condition.text, condition.what_to_do),
            path=condition.path,
            link="See to it",
        )
        for part in report.parts
        for condition in part.conditions
    ]


def _of_plugins(plugins: Plugins) -> Iterator[Attention]:
    for report in plugins.report():
        if report.state is PluginState.QUARANTINED:
            yield Attention(
                kind="warn",
                title=f"The plugin {report.name} does not run",
                text=report.error or "It failed at start.",
                path="/admin/plugins",
                link="See its error",
            )
