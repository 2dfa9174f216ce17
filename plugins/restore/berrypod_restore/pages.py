"""What the forms and the scripts of the pages call. Forms work without the scripts."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast
from urllib.parse import quote

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.datastructures import CacheControlHeader, FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, ServerSentEvent, Stream, Template

from berrypod.errors import Invalid
from berrypod.settings import Secret
from berrypod.web.maintenance import OPEN
from berrypod.web.pages import CHECKS_FORM_TOKEN, admin_page, form_token
from berrypod_restore.api import kind_of, losses
from berrypod_restore.faults import (
    FormerUnknown,
    RestoreNotReady,
    RestoreRunning,
    RestoreUnknown,
    StateChanged,
    WouldLose,
)
from berrypod_restore.panel import STATIC_FILES, Panel, asset, asset_bytes
from berrypod_restore.records import RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.staging import Room
from berrypod_restore.stream import restore_events
from berrypod_restore.uploading import body_of, file_of_form
from berrypod_restore.views import BASE, PAGE, UndoView, Visit

_YEAR_SECONDS: Final = 31_536_000

# These take as long as a line is slow: the shop does not wait for them when its file is replaced.
_OPEN: Final = {"maintenance": OPEN}

AnyRequest = Request[Any, Any, Any]
FileName = Annotated[str, QueryParameter(max_length=1000)]


class UploadController(Controller):
    """Taking a backup: raw, as the script sends it, or as the form that a browser sends without the script."""

    path = BASE
    include_in_schema = False

    @get("/room")
    async def room(self, restores: NamedDependency[Restores], size_bytes: FromQuery[int] = 0) -> Room:
        """:raises UploadTooLarge: (and as `stage` does) a file of this size would be refused."""
        return await restores.room(size_bytes)

    @post(opt=_OPEN, request_max_body_size=None)
    async def upload(
        self, request: AnyRequest, restores: NamedDependency[Restores], filename: FileName = ""
    ) -> dict[str, str]:
        record = await restores.stage(
            body_of(request),
            filename=filename or None,
            expected_bytes=request.content_length,
            by=_actor(request),
            address=_address(request),
        )
        return {"id": record.id, "url": f"{BASE}/{record.id}"}

    @post("/form", opt={**_OPEN, **CHECKS_FORM_TOKEN}, request_max_body_size=None, status_code=303)
    async def upload_form(self, request: AnyRequest, restores: NamedDependency[Restores]) -> Redirect:
        file = await file_of_form(request)
        record = await restores.stage(
            file.chunks, filename=file.filename, expected_bytes=None, by=_actor(request), address=_address(request)
        )
        return _to(record)

    @post("/kept", status_code=303)
    async def check_kept(self, request: AnyRequest, restores: NamedDependency[Restores]) -> Redirect:
        form = await request.form()
        record = await restores.stage_kept(
            _text(form, "exporter"), _text(form, "copy"), by=_actor(request), address=_address(request)
        )
        return _to(record)


class RestorePageController(Controller):
    """The page of one restore, for signed-in admins, which is what a route is for that says nothing else."""

    path = f"{BASE}/{{restore_id:str}}"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_panel: NamedDependency[Panel],
        restore_id: FromPath[str],
        confirm: FromQuery[bool] = False,
    ) -> Template:
        record = await _record(restores, restore_id)
        return await _page(request, restore_panel, record, _visit(request, confirming=confirm))

    @get("/contents", media_type=MediaType.HTML)
    async def contents(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_panel: NamedDependency[Panel],
        restore_id: FromPath[str],
    ) -> Response[str]:
        """What the script puts in place of the old."""
        view = await restore_panel.views.restore(await _record(restores, restore_id), _visit(request))
        return Response(restore_panel.contents(view), media_type=MediaType.HTML, headers={"cache-control": "no-store"})

    @get("/events", opt=_OPEN)
    async def events(self, restores: NamedDependency[Restores], restore_id: FromPath[str]) -> ServerSentEvent:
        return await restore_events(restores, restore_id)

    @get("/lost/{file:str}", opt=_OPEN)
    async def lost(
        self,
        restores: NamedDependency[Restores],
        restore_id: FromPath[str],
        file: FromPath[str],
        changed: FromQuery[bool] = False,
    ) -> Stream:
        """The whole list of what would be lost, or set back: `orders.csv`."""
        kind = kind_of(file)
        return losses(await restores.lost(restore_id, kind, changed=changed), kind, changed=changed)

    @post("/key", status_code=303)
    async def try_key(
        self, request: AnyRequest, restores: NamedDependency[Restores], restore_id: FromPath[str]
    ) -> Redirect:
        """The key that was typed goes no further than this call."""
        key = _text(await request.form(), "key")
        if not key:
            raise Invalid("No key was typed", hint="Go back, and type the key with which the backup was made.")
        return await _rekey(request, restores, restore_id, Secret(key))

    @post("/encrypt", status_code=303)
    async def encrypt(
        self, request: AnyRequest, restores: NamedDependency[Restores], restore_id: FromPath[str]
    ) -> Redirect:
        return await _rekey(request, restores, restore_id, None)

    @post("/apply", status_code=303)
    async def apply(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_panel: NamedDependency[Panel],
        restore_id: FromPath[str],
    ) -> Redirect | Template:
        """The confirmation. What is wrong with it is told on the page itself, with the confirmation open."""
        form = await request.form()
        visit = _visit(request)
        try:
            record = await restores.apply(
                restore_id,
                confirm=_text(form, "confirm").strip(),
                expect=_text(form, "expect"),
                accept_newer=bool(_text(form, "accept_newer")),
                # The box is there for an account that is not in the file; without it there is nothing to choose.
                keep_account=bool(_text(form, "keep_account") or not _text(form, "account_asked")),
                by=_actor(request),
                address=_address(request),
            )
            return _to(record)
        except (RestoreNotReady, RestoreUnknown):
            return Redirect(f"{BASE}/{restore_id}", status_code=303)  # it says what became of it
        except (Invalid, StateChanged, RestoreRunning) as error:
            since = _moment(_text(form, "looked_at")) if isinstance(error, StateChanged) else None
            visit = visit.refused(error, since)
            record = await _record(restores, restore_id)
            return await _page(request, restore_panel, record, visit, status=error.status)

    @post("/discard", status_code=303)
    async def discard(
        self, request: AnyRequest, restores: NamedDependency[Restores], restore_id: FromPath[str]
    ) -> Redirect:
        with suppress(RestoreUnknown):  # a second click, or another admin's
            await restores.discard(restore_id, by=_actor(request))
        return Redirect(PAGE, status_code=303)


class UndoController(Controller):
    """Putting a former database back: at once, or after a look at what would be lost."""

    path = f"{BASE}/undo"
    include_in_schema = False

    @get()
    async def look(
        self,
        request: AnyRequest,
        restore_panel: NamedDependency[Panel],
        former: FromQuery[str],
    ) -> Template:
        return await _undo_page(
            request, restore_panel, await restore_panel.views.undo(former, _visit(request)), status=200
        )

    @post(status_code=303)
    async def undo(
        self,
        request: AnyRequest,
        restores: NamedDependency[Restores],
        restore_panel: NamedDependency[Panel],
    ) -> Redirect | Template:
        form = await request.form()
        former = _text(form, "former")
        try:
            record = await restores.undo(
                former=former,
                expect=_text(form, "expect") or None,
                accept_newer=bool(_text(form, "accept_newer")),
                by=_actor(request),
                address=_address(request),
            )
            return _to(record)
        except FormerUnknown:
            return Redirect(f"{BASE}/undo?former={quote(former)}", status_code=303)  # it says so
        except (WouldLose, StateChanged, RestoreRunning) as error:
            visit = _visit(request).refused(error, _moment(_text(form, "looked_at")))
            return await _undo_page(
                request, restore_panel, await restore_panel.views.undo(former, visit), status=error.status
            )

    @get("/lost/{file:str}", opt=_OPEN)
    async def lost(
        self,
        restores: NamedDependency[Restores],
        file: FromPath[str],
        former: FromQuery[str],
        changed: FromQuery[bool] = False,
    ) -> Stream:
        kind = kind_of(file)
        return losses(await restores.lost_former(former, kind, changed=changed), kind, changed=changed)


@get(
    [f"{PAGE}/{name}" for name in STATIC_FILES],
    include_in_schema=False,
    cache_control=CacheControlHeader(private=True, max_age=_YEAR_SECONDS, immutable=True),
    sync_to_thread=False,
)
def static_files(request: AnyRequest) -> Response[bytes]:
    name = request.url.path.rsplit("/", 1)[1]
    return Response(asset_bytes(name), media_type=STATIC_FILES[name])


HANDLERS: Final = (UploadController, RestorePageController, UndoController, static_files)


async def _page(
    request: AnyRequest, panel: Panel, record: RestoreRecord, visit: Visit, *, status: int = 200
) -> Template:
    view = await panel.views.restore(record, visit)
    html = panel.page(view)
    return await admin_page(request, title=view.heading, html=html, style_sheets=[asset("restore.css")], status=status)


async def _undo_page(request: AnyRequest, panel: Panel, view: UndoView, *, status: int) -> Template:
    title = "Put the former shop back?"
    return await admin_page(
        request, title=title, html=panel.undo(view), style_sheets=[asset("restore.css")], status=status
    )


async def _record(restores: Restores, restore_id: str) -> RestoreRecord:
    try:
        return await restores.get(restore_id)
    except RestoreUnknown:
        raise RestoreUnknown(
            "This is no longer here",
            hint="It was discarded, or removed by itself after its time. The backup page shows what there is.",
        ) from None


async def _rekey(request: AnyRequest, restores: Restores, restore_id: str, key: Secret | None) -> Redirect:
    try:
        return _to(await restores.rekey(restore_id, key, by=_actor(request)))
    except (RestoreNotReady, RestoreUnknown):
        return Redirect(f"{BASE}/{restore_id}", status_code=303)


def _visit(request: AnyRequest, *, confirming: bool = False) -> Visit:
    return Visit(token=form_token(request), email=request.user.email, now=datetime.now(UTC), confirming=confirming)


def _actor(request: AnyRequest) -> str | None:
    return getattr(request.user, "actor", None)


def _address(request: AnyRequest) -> str | None:
    return request.client.host if request.client else None


def _text(form: FormMultiDict, name: str) -> str:
    """A field; a file where text belongs is the empty text."""
    value: object = cast("dict[str, object]", form).get(name)
    return value if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _to(record: RestoreRecord) -> Redirect:
    # No fragment: a page with one does not load itself again, and without JavaScript that is how it follows.
    return Redirect(f"{BASE}/{record.id}", status_code=303)
