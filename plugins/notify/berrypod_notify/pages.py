"""What the forms of /admin/alarms send. All of it works without a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from berrypod.errors import BerrypodError, Invalid
from berrypod.web.access import actor_of, address_of
from berrypod.web.maintenance import OPEN
from berrypod.web.pages import admin_page, form_token
from berrypod_notify import names
from berrypod_notify.panel import Panel
from berrypod_notify.service import Alarms

AnyRequest = Request[Any, Any, Any]

_MAIL: Final = ("host", "port", "security", "username", "password", "sender", "recipients")

# What is typed into these is not sent back.
_SECRET: Final = ("password", "secret", "url")


class AlarmPagesController(Controller):
    """For signed-in admins, which is what a route is for that says nothing else."""

    path = names.FORMS
    include_in_schema = False

    @post("/email", status_code=303)
    async def save_mail(
        self, request: AnyRequest, alarms: NamedDependency[Alarms], alarms_panel: NamedDependency[Panel]
    ) -> Redirect | Template:
        form = await _form(request)
        try:
            await alarms.save_mail(**{name: form.get(name, "") for name in _MAIL}, **_who(request))
        except Invalid as error:
            return await _again(request, alarms_panel, names.EMAIL, form, error)
        return _saved(names.EMAIL)

    @post("/webhook", status_code=303)
    async def save_hook(
        self, request: AnyRequest, alarms: NamedDependency[Alarms], alarms_panel: NamedDependency[Panel]
    ) -> Redirect | Template:
        form = await _form(request)
        try:
            await alarms.save_hook(
                url=form.get("url", ""),
                secret=form.get("secret", ""),
                unsigned=form.get("unsigned", "") == "yes",
                **_who(request),
            )
        except Invalid as error:
            return await _again(request, alarms_panel, names.WEBHOOK, form, error)
        return _saved(names.WEBHOOK)

    @post("/pace", status_code=303)
    async def save_pace(
        self, request: AnyRequest, alarms: NamedDependency[Alarms], alarms_panel: NamedDependency[Panel]
    ) -> Redirect | Template:
        form = await _form(request)
        try:
            await alarms.save_pace(form.get("remind_hours", ""), **_who(request))
        except Invalid as error:
            return await _again(request, alarms_panel, names.PACE, form, error)
        return _saved(names.PACE)

    @post("/{name:str}/remove", status_code=303)
    async def remove(self, request: AnyRequest, alarms: NamedDependency[Alarms], name: FromPath[str]) -> Redirect:
        await alarms.remove(name, **_who(request))
        return _to(f"?removed={name}#panel-alarms-told")

    @post("/{name:str}/test", opt={"maintenance": OPEN}, status_code=303)
    async def test(self, request: AnyRequest, alarms: NamedDependency[Alarms], name: FromPath[str]) -> Redirect:
        """What came of it is on the page that follows."""
        await alarms.test(name, **_who(request))
        return _to(f"?tested={name}#panel-alarms-told")


async def _form(request: AnyRequest) -> dict[str, str]:
    form = await request.form()
    return {name: value for name in form if isinstance(value := form.get(name), str)}


def _who(request: AnyRequest) -> dict[str, Any]:
    return {"by": actor_of(request), "address": address_of(request)}


async def _again(
    request: AnyRequest, panel: Panel, form_name: str, form: Mapping[str, str], error: BerrypodError
) -> Template:
    """The forms once more, with what was typed and what is wrong with it."""
    errors = error.fields if isinstance(error, Invalid) and error.fields else {"": f"{error.message}. {error.hint}"}
    values = {name: value for name, value in form.items() if name not in _SECRET}
    html = await panel.corrected(form_token(request), form_name, values, errors)
    return await admin_page(request, title="Alarms", html=html, status=422)


def _saved(name: str) -> Redirect:
    return _to(f"?saved={name}#panel-alarms-told")


def _to(rest: str) -> Redirect:
    return Redirect(names.PATH + rest, status_code=303)
