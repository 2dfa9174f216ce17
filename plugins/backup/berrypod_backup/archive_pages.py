"""What the forms of the kept backups call. They lead back to the page."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from berrypod.web.access import actor_of, address_of
from berrypod.web.pages import admin_page, form_token
from berrypod_backup.archive_page import ArchivePage
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.kept_panel import KEPT_CONTENTS_PATH, KeptPanel
from berrypod_backup.panel import PAGE

PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]

DrillId = Annotated[str, QueryParameter(name="drill", max_length=100)]


class ArchivePagesController(Controller):
    path = PAGE
    include_in_schema = False

    @get("/kept/{exporter:str}")
    async def archive(
        self,
        request: Request[Any, Any, Any],
        archive_page: NamedDependency[ArchivePage],
        exporter: FromPath[str],
        number: PageNumber = 1,
    ) -> Template:
        """All that one archive keeps."""
        view = await archive_page.view(form_token(request), exporter, number)
        return await admin_page(request, title=view.archive.title, html=archive_page.html(view))

    @post("/kept/{exporter:str}/note", status_code=303)
    async def note(
        self, request: Request[Any, Any, Any], kept_backups: NamedDependency[KeptBackups], exporter: FromPath[str]
    ) -> Redirect:
        form = await request.form()
        copy_id, note = str(form.get("copy", "")), str(form.get("note", ""))
        await kept_backups.note(exporter, copy_id, note, by=actor_of(request), address=address_of(request))
        return Redirect(PAGE, status_code=303)

    @get(KEPT_CONTENTS_PATH.removeprefix(PAGE), media_type=MediaType.HTML)
    async def contents(
        self, request: Request[Any, Any, Any], kept_panel: NamedDependency[KeptPanel], asked: DrillId = ""
    ) -> Response[str]:
        """What the script puts in place of the old."""
        html = await kept_panel.contents(form_token(request), asked)
        return Response(html, media_type=MediaType.HTML, headers={"cache-control": "no-store"})
