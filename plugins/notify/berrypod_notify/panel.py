"""The page /admin/alarms: what is not well, who is told, what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, NotificationKind, PanelRequest
from berrypod_notify import names
from berrypod_notify.service import Alarms
from berrypod_notify.settings import SECURITIES
from berrypod_notify.status import NotifierStatus, Status

NO_ERRORS: Final[Mapping[str, str]] = {}

_SECONDS: Final = 10.0

# What was sent, before one asks for more.
_SHOWN: Final = 8

KINDS: Final[dict[NotificationKind, str]] = {
    "alarm": "It has begun",
    "reminder": "It goes on",
    "recovered": "It is well again",
    "test": "A test",
}

_SECURITY_WORDS: Final = {
    "starttls": "STARTTLS: encrypted from the second word on (usual)",
    "tls": "TLS: encrypted from the beginning",
    "none": "None: everybody on the way can read it",
}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What stands in the forms. `form` is the one that came back with `errors`."""

    values: Mapping[str, str]
    form: str = ""
    errors: Mapping[str, str]


class Panel:
    """Three sections of one page."""

    def __init__(self, context: PluginContext, alarms: Alarms) -> None:
        self._context = context
        self._alarms = alarms

    def declarations(self) -> list[AdminPanel]:
        sections = (
            ("alarms-now", "What is not well", self.render_now),
            ("alarms-told", "Who is told", self.render_told),
            ("alarms-sent", "What was sent", self.render_sent),
        )
        return [
            AdminPanel(
                name=name, title=title, page=names.PAGE, order=10 * place, render=render, timeout_seconds=_SECONDS
            )
            for place, (name, title, render) in enumerate(sections, 1)
        ]

    async def render_now(self, _: PanelRequest) -> str:
        """What stands now."""
        return self._render("now", status=await self._alarms.status())

    async def render_told(self, request: PanelRequest) -> str:
        """The notifiers, and the forms of those that are set up here."""
        status = await self._alarms.status()
        news = {key: request.query.get(key, "") for key in ("saved", "removed", "tested")}
        filled = Filled(values=_values(status), errors=NO_ERRORS)
        return self._told(status, request.csrf_token, filled, news)

    async def render_sent(self, _: PanelRequest) -> str:
        """What waits and what was sent."""
        status = await self._alarms.status()
        titles = {one.name: one.title for one in status.notifiers}
        return self._render("sent", status=status, kinds=KINDS, titles=titles, shown=_SHOWN)

    async def corrected(self, token: str, form: str, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
        """A page with the forms alone, of which one came back with errors."""
        status = await self._alarms.status()
        filled = Filled(values={**_values(status), **values}, form=form, errors=errors)
        contents = self._told(status, token, filled, {"saved": "", "removed": "", "tested": ""})
        return self._render("corrected", contents=contents)

    def _told(self, status: Status, token: str, filled: Filled, news: Mapping[str, str]) -> str:
        tried = next((one for one in status.notifiers if one.name == news["tested"]), None)
        return self._render(
            "told",
            status=status,
            token=token,
            filled=filled,
            news=news,
            tried=tried,
            here=(names.EMAIL, names.WEBHOOK),
            securities=[(name, _SECURITY_WORDS[name]) for name in SECURITIES],
            path=names.FORMS,
            nobody=not any(_reaches_somebody(one) for one in status.notifiers),
        )

    def _render(self, name: str, **values: object) -> str:
        return self._environment.get_template(f"notify/{name}.html").render(**values)

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_notify")


def _reaches_somebody(status: NotifierStatus) -> bool:
    return status.set_up is not False


def _values(status: Status) -> Mapping[str, str]:
    """What is set, without what is secret."""
    targets = status.targets
    values = {"remind_hours": ", ".join(f"{each:g}" for each in targets.remind_hours), "security": "starttls"}
    if mail := targets.mail:
        values |= {
            "host": mail.host,
            "port": str(mail.port),
            "security": mail.security,
            "username": mail.username,
            "sender": mail.sender,
            "recipients": ", ".join(mail.recipients),
        }
    return values
