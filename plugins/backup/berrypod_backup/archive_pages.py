"""What the forms of the kept backups call. They lead back to the page."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from berrypod.web.access import actor_of, address_of
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.panel import PAGE


class ArchivePagesController(Controller):
    path = f"{PAGE}/kept/{{exporter:str}}"
    include_in_schema = False

    @post("/note", status_code=303)
    async def note(
        self, request: Request[Any, Any, Any], kept_backups: NamedDependency[KeptBackups], exporter: FromPath[str]
    ) -> Redirect:
        form = await request.form()
        copy_id, note = str(form.get("copy", "")), str(form.get("note", ""))
        await kept_backups.note(exporter, copy_id, note, by=actor_of(request), address=address_of(request))
        return Redirect(PAGE, status_code=303)
