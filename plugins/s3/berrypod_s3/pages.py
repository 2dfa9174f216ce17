"""What the form of the panel calls. It works without JavaScript: what comes of it is a page."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.errors import BerrypodError, Invalid
from berrypod.events import BackupPlaceChanged
from berrypod.plugins import Plugins
from berrypod.web.access import actor_of, address_of
from berrypod.web.pages import admin_page, form_token
from berrypod_s3.configuring import FIELDS, Configuration, S3Settings
from berrypod_s3.panel import BASE, PAGE, Panel, Visit
from berrypod_s3.trial import try_out

AnyRequest = Request[Any, Any, Any]

_TITLE: Final = "Off-site copies in S3"
_SECRET: Final = "secret_access_key"  # noqa: S105 - a name


class S3Controller(Controller):
    """For signed-in admins, which is what a route is for that says nothing else."""

    path = BASE
    include_in_schema = False

    @post(status_code=303)
    async def save(
        self,
        request: AnyRequest,
        plugins: NamedDependency[Plugins],
        s3_panel: NamedDependency[Panel],
        s3_configuration: NamedDependency[Configuration],
    ) -> Redirect | Template:
        """Save, or only test what was entered. Nothing is saved by a test."""
        form = await request.form()
        entered = await _entered(form, s3_configuration)
        values = {name: getattr(entered, name) for name in FIELDS if name != _SECRET}
        try:
            config = await s3_configuration.combined(entered)
            if form.get("do") == "test":
                trial = await try_out(config)
                return await _page(request, s3_panel, Visit(values=values, trial=trial), status=200)
            config = await s3_configuration.save(entered)
        except Invalid as error:
            return await _page(request, s3_panel, Visit(values=values, errors=error.fields), status=error.status)
        _tell(request, plugins, config.location)
        return Redirect(f"{PAGE}?s3=saved#s3", status_code=303)

    @post("/test", status_code=200)
    async def test(
        self,
        request: AnyRequest,
        s3_panel: NamedDependency[Panel],
        s3_configuration: NamedDependency[Configuration],
    ) -> Template:
        """Test what is set."""
        trial = await try_out(await s3_configuration.get())
        return await _page(request, s3_panel, Visit(trial=trial), status=200)

    @post("/forget", status_code=303)
    async def forget(
        self,
        request: AnyRequest,
        plugins: NamedDependency[Plugins],
        s3_configuration: NamedDependency[Configuration],
    ) -> Redirect:
        """Backups that are there stay there."""
        await s3_configuration.forget()
        _tell(request, plugins, None)
        return Redirect(f"{PAGE}?s3=forgotten#s3", status_code=303)


def _tell(request: AnyRequest, plugins: Plugins, location: str | None) -> None:
    plugins.emit(
        BackupPlaceChanged(exporter="s3", location=location, actor=actor_of(request), address=address_of(request))
    )


async def _entered(form: Any, configuration: Configuration) -> S3Settings:
    """What was entered. An empty secret stands for the one that was saved, which no page shows."""
    values = {name: str(form.get(name, "")).strip() for name in FIELDS}
    if not values[_SECRET]:
        try:
            saved = await configuration.saved()
        except BerrypodError:
            saved = S3Settings()
        if saved.access_key_id == values["access_key_id"]:
            values[_SECRET] = saved.secret_access_key
    fixed = configuration.of_environment()
    return S3Settings(**{name: "" if name in fixed else value for name, value in values.items()})


async def _page(request: AnyRequest, panel: Panel, visit: Visit, *, status: int) -> Template:
    html = await panel.page(form_token(request), visit)
    return await admin_page(request, title=_TITLE, html=html, status=status)
