"""What the forms and the script of the page call. Forms work without the script, and lead back to the page."""

from __future__ import annotations

from typing import Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.template.base import csrf_token

from berrypod.kept import Kept
from berrypod.web.access import actor_of, address_of
from berrypod.web.maintenance import OPEN
from berrypod_backup.api import CopyId, download, kept_download
from berrypod_backup.panel import CONTENTS_PATH, JOBS, PAGE, SCRIPT, SCRIPT_PATH, Panel
from berrypod_backup.service import Backups
from berrypod_backup.wire import Backup, told

_YEAR_SECONDS = 31_536_000


class PagesController(Controller):
    """For signed-in admins, which is what a route is for that says nothing else."""

    path = PAGE
    include_in_schema = False

    @post("/jobs", status_code=303)
    async def start(
        self, request: Request[Any, Any, Any], backups: NamedDependency[Backups]
    ) -> Redirect | Response[Backup]:
        """The script asks for JSON, and stays on the page."""
        form = await request.form()
        names = [name for name in form.getall("exporters", []) if isinstance(name, str)]
        record = await backups.start(names, actor_of(request), address=address_of(request))
        if "application/json" in request.headers.get("accept", ""):
            return Response(told(record, 0.0, JOBS), status_code=202, media_type=MediaType.JSON)
        return _to_page(record.id)

    @get("/jobs/{backup_id:str}/download", opt={"maintenance": OPEN})
    async def download(
        self,
        request: Request[Any, Any, Any],
        backups: NamedDependency[Backups],
        backup_id: FromPath[str],
        exporter: FromQuery[str | None] = None,
    ) -> Stream:
        return await download(request, backups, backup_id, exporter)

    @post("/jobs/{backup_id:str}/delete", status_code=303)
    async def delete(self, backups: NamedDependency[Backups], backup_id: FromPath[str]) -> Redirect:
        await backups.delete(backup_id)
        return _to_page()

    @get("/kept/{exporter:str}/download", opt={"maintenance": OPEN})
    async def download_kept(
        self,
        request: Request[Any, Any, Any],
        kept: NamedDependency[Kept],
        exporter: FromPath[str],
        copy_id: CopyId,
    ) -> Stream:
        return await kept_download(request, kept, exporter, copy_id)

    @get(CONTENTS_PATH.removeprefix(PAGE), media_type=MediaType.HTML)
    async def contents(
        self, request: Request[Any, Any, Any], panel: NamedDependency[Panel], job: FromQuery[str] = ""
    ) -> Response[str]:
        """What the script puts in place of the old."""
        html = await panel.contents(csrf_token({"request": request}), job)
        return Response(html, media_type=MediaType.HTML, headers={"cache-control": "no-store"})

    @get(
        SCRIPT_PATH.removeprefix(PAGE),
        media_type="text/javascript",
        cache_control=CacheControlHeader(private=True, max_age=_YEAR_SECONDS, immutable=True),
        sync_to_thread=False,
    )
    def script(self) -> bytes:
        return SCRIPT.read_bytes()


def _to_page(backup_id: str = "") -> Redirect:
    query = f"?job={backup_id}" if backup_id else ""
    # No fragment: a page with one does not load itself again, and without JavaScript that is how it follows.
    return Redirect(f"{PAGE}{query}", status_code=303)
