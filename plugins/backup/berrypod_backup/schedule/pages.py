"""/admin/backup/schedule: when backups are made, and which are kept. Forms alone, without a script."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from litestar import Controller, Request, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from berrypod.errors import Invalid
from berrypod.web.access import actor_of, address_of
from berrypod.web.pages import admin_page, form_token
from berrypod_backup.retention.wire import told_pruned
from berrypod_backup.schedule.forms import Entered, retention_of, schedule_of
from berrypod_backup.schedule.view import BASE, STYLE_SHEET, STYLE_SHEET_PATH, SchedulePage, View, style_sheet

AnyRequest = Request[Any, Any, Any]

_YEAR_SECONDS: Final = 31_536_000


class SchedulePageController(Controller):
    """For signed-in admins, which is what a route is for that says nothing else."""

    path = BASE
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage], saved: FromQuery[str] = ""
    ) -> Template:
        return await _shown(request, schedule_page, await schedule_page.view(form_token(request), done=saved))

    @post(status_code=303)
    async def save(self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage]) -> Redirect | Template:
        entered = await _entered(request)
        try:
            settings = schedule_of(entered)
            await schedule_page.schedule.save(settings, by=actor_of(request), address=address_of(request))
        except Invalid as error:
            view = await schedule_page.view(form_token(request))
            view = await schedule_page.with_schedule(view, entered, error)
            return await _shown(request, schedule_page, view, status=error.status)
        return Redirect(f"{BASE}?saved=schedule", status_code=303)

    @post("/times", status_code=200)
    async def times(self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage]) -> Template:
        """The next times of what is entered. Nothing is saved."""
        view = await schedule_page.view(form_token(request))
        view = await schedule_page.with_schedule(view, await _entered(request))
        return await _shown(request, schedule_page, view, status=422 if view.schedule.errors else 200)

    @post("/retention/preview", status_code=200)
    async def preview(self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage]) -> Template:
        """What would go with what is entered. Nothing is saved, and nothing is deleted."""
        view = await schedule_page.view(form_token(request))
        view = await schedule_page.with_retention(view, await _entered(request))
        return await _shown(request, schedule_page, view, status=422 if view.retention.errors else 200)

    @post("/retention", status_code=303)
    async def save_retention(
        self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage]
    ) -> Redirect | Template:
        entered = await _entered(request)
        try:
            settings = retention_of(entered)
            await schedule_page.retention.save(settings, by=actor_of(request), address=address_of(request))
        except Invalid as error:
            view = await schedule_page.view(form_token(request))
            view = await schedule_page.with_retention(view, entered, error)
            return await _shown(request, schedule_page, view, status=error.status)
        return Redirect(f"{BASE}?saved=retention", status_code=303)

    @post("/prune", status_code=200)
    async def prune(self, request: AnyRequest, schedule_page: NamedDependency[SchedulePage]) -> Template:
        pruned = await schedule_page.retention.prune(by=actor_of(request), address=address_of(request))
        view = await schedule_page.view(form_token(request))
        return await _shown(request, schedule_page, replace(view, pruned=[told_pruned(one) for one in pruned]))

    @get(
        STYLE_SHEET_PATH.removeprefix(BASE),
        media_type="text/css",
        cache_control=CacheControlHeader(private=True, max_age=_YEAR_SECONDS, immutable=True),
        sync_to_thread=False,
    )
    def sheet(self) -> bytes:
        return STYLE_SHEET.read_bytes()


async def _entered(request: AnyRequest) -> Entered:
    form = await request.form()
    texts = {name: value for name, value in form.items() if isinstance(value, str) and not name.startswith("_")}
    exporters = [value for value in form.getall("exporters", []) if isinstance(value, str)]
    return Entered(texts=texts, exporters=exporters)


async def _shown(request: AnyRequest, schedule_page: SchedulePage, view: View, *, status: int = 200) -> Template:
    html = schedule_page.html(view)
    return await admin_page(
        request, title="When backups are made", html=html, style_sheets=[style_sheet()], status=status
    )
