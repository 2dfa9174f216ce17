"""The part of /admin/backup that takes a backup, tells how the last restore ended, and undoes it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, PanelRequest
from berrypod.kept import KeptListing
from berrypod_restore.records import CONFIRMATION, Former, RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.staging import Room
from berrypod_restore.views import BASE, PAGE, RestoreView, UndoView, Views
from berrypod_restore.wording import APPLYING_WORDS, age, doing, ended

# How long the panel tells how a restore has ended. The audit log has all of them.
_NEWS_FOR: Final = timedelta(days=14)

_STATIC: Final = Path(__file__).with_name("static")

# What the pages load, and as what.
STATIC_FILES: Final = {
    "restore.css": "text/css",
    "restore.js": "text/javascript",
    "upload.js": "text/javascript",
}


@dataclass(frozen=True, kw_only=True)
class ShownFormer:
    """A former database, and how old it is in words."""

    former: Former
    age: str


@dataclass(frozen=True, kw_only=True)
class PanelView:
    """All that the panel shows. `last` is what ended last, and `last_words` how: title, text, kind of notice."""

    token: str
    room: Room
    under_way: Sequence[RestoreRecord]
    waiting: Sequence[RestoreRecord]
    last: RestoreRecord | None
    last_words: tuple[str, str, str]
    kept: Sequence[KeptListing]
    formers: Sequence[ShownFormer]


class Panel:
    """Renders the panel, and the pages that belong to it."""

    def __init__(self, context: PluginContext, restores: Restores) -> None:
        self._context = context
        self._restores = restores
        self.views = Views(restores)

    def declaration(self) -> AdminPanel:
        return AdminPanel(
            name="restore",
            title="Bring back a backup",
            page="backup",
            order=7,  # between the backup itself and what is in the file: not below a page of figures
            render=self.render,
            timeout_seconds=5.0,
        )

    async def render(self, request: PanelRequest) -> str:
        """The section of the backup page."""
        return self._render("panel", view=await self._view(request.csrf_token), script=asset("upload.js"))

    def page(self, view: RestoreView) -> str:
        """The page of one restore."""
        return self._render("page", view=view, script=asset("restore.js"))

    def contents(self, view: RestoreView) -> str:
        """What the script puts in place of the old."""
        return self._render("contents", view=view)

    def undo(self, view: UndoView) -> str:
        """The page before an undo that would lose something."""
        return self._render("undo", view=view, script=asset("restore.js"))

    def _render(self, name: str, **values: object) -> str:
        template = self._environment.get_template(f"restore/{name}.html")
        return template.render(
            base=BASE,
            page=PAGE,
            style_sheet=asset("restore.css"),
            confirmation=CONFIRMATION,
            doing=doing,
            steps=tuple(APPLYING_WORDS.items()),
            **values,
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_restore")

    def _is_news(self, record: RestoreRecord) -> bool:
        ended = record.state in ("applied", "failed", "interrupted")
        return ended and self._context.now() - (record.finished_at or record.created_at) < _NEWS_FOR

    async def _view(self, token: str) -> PanelView:
        records = await self._restores.all()
        finished = [one for one in records if self._is_news(one)]
        last = max(finished, key=lambda one: one.finished_at or one.created_at, default=None)
        return PanelView(
            token=token,
            room=await self._restores.room(),
            under_way=[one for one in records if one.active],
            waiting=[one for one in records if one.staged and not one.active],
            last=last,
            last_words=ended(last) if last else ("", "", ""),
            kept=await self._restores.kept(),
            formers=[
                ShownFormer(former=one, age=age(one.replaced_at, self._context.now()))
                for one in await self._restores.formers()
            ],
        )


def asset(name: str) -> str:
    """The address of one of `STATIC_FILES`; it changes with the content."""
    return f"{PAGE}/{name}?v={_version(name)}"


def asset_bytes(name: str) -> bytes:
    return (_STATIC / name).read_bytes()


@cache
def _version(name: str) -> str:
    return hashlib.sha256(asset_bytes(name)).hexdigest()[:8]
