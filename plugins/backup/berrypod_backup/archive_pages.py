"""What the forms of the kept backups call. They lead back to where they were sent from, which says what was done."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import quote

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

_NUMBER: Final = re.compile("[1-9][0-9]{0,4}")

PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]

Done = Annotated[str, QueryParameter(name="done", max_length=20)]

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
        done: Done = "",
    ) -> Template:
        """All that one archive keeps."""
        view = await archive_page.view(form_token(request), exporter, number, done)
        return await admin_page(request, title=view.archive.title, html=archive_page.html(view))

    @post("/kept/{exporter:str}/note", status_code=303)
    async def note(
        self, request: Request[Any, Any, Any], kept_backups: NamedDependency[KeptBackups], exporter: FromPath[str]
    ) -> Redirect:
        form = await request.form()
        copy_id, note = str(form.get("copy", "")), str(form.get("note", ""))
        await kept_backups.note(exporter, copy_id, note, by=actor_of(request), address=address_of(request))
        return _back(exporter, form.get("page"), "noted")

    @post("/kept/{exporter:str}/delete", status_code=303)
    async def delete(
        self, request: Request[Any, Any, Any], kept_backups: NamedDependency[KeptBackups], exporter: FromPath[str]
    ) -> Redirect:
        form = await request.form()
        copy_id = str(form.get("copy", ""))
        await kept_backups.delete(exporter, copy_id, by=actor_of(request), address=address_of(request))
        return _back(exporter, form.get("page"), "deleted")

    @get(KEPT_CONTENTS_PATH.removeprefix(PAGE), media_type=MediaType.HTML)
    async def contents(
        self, request: Request[Any, Any, Any], kept_panel: NamedDependency[KeptPanel], asked: DrillId = ""
    ) -> Response[str]:
        """What the script puts in place of the old."""
        html = await kept_panel.contents(form_token(request), asked)
        return Response(html, media_type=MediaType.HTML, headers={"cache-control": "no-store"})


def _back(exporter: str, page: object, done: str) -> Redirect:
    """To the page of this number of the archive; without one, to the list on the page of backups."""
    if isinstance(page, str) and _NUMBER.fullmatch(page):
        return Redirect(f"{PAGE}/kept/{quote(exporter)}?page={page}&done={done}", status_code=303)
    return Redirect(f"{PAGE}?done={done}#panel-backup-kept", status_code=303)
