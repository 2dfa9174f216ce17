"""The part of /admin/backup that makes backups and shows how they get on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, BackupExporter, Declared, PanelRequest
from berrypod_backup.archives import Archives, set_up_at
from berrypod_backup.last import LastBackup, made_by
from berrypod_backup.records import BackupRecord
from berrypod_backup.schedule.service import Schedule
from berrypod_backup.schedule.status import ScheduleStatus
from berrypod_backup.service import Backups
from berrypod_backup.wire import Backup, told

PAGE: Final = "/admin/backup"
JOBS: Final = f"{PAGE}/jobs"
CONTENTS_PATH: Final = f"{PAGE}/contents"
SCRIPT_PATH: Final = f"{PAGE}/backup.js"
SCRIPT: Final = Path(__file__).with_name("static") / "backup.js"

_RECENT: Final = 10


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An exporter and its button; or, with `set_up_at`, the address of what it needs before it can have one."""

    name: str
    title: str
    description: str
    set_up_at: str = ""


@dataclass(frozen=True, kw_only=True)
class View:
    """All that the templates show. `current` is what the admin has just started, or what waits to be fetched."""

    csrf_token: str
    encrypted: bool
    expected_bytes: int
    last: LastBackup | None
    last_words: str
    choices: Sequence[Choice]
    current: Backup | None
    recent: Sequence[Backup]
    schedule: ScheduleStatus

    @property
    def running(self) -> bool:
        return self.current is not None and self.current.state in ("queued", "copying", "verifying", "exporting")

    @property
    def waits(self) -> bool:
        """To save what is ready is then the one main action."""
        return self.current is not None and self.current.state == "ready"


class Panel:
    """Renders the panel, and again its contents when the script asks."""

    def __init__(self, context: PluginContext, backups: Backups, schedule: Schedule) -> None:
        self._context = context
        self._backups = backups
        self._schedule = schedule

    def declaration(self) -> AdminPanel:
        return AdminPanel(
            name="backup", title="Keep a copy", page="backup", order=5, render=self.render, timeout_seconds=5.0
        )

    async def render(self, request: PanelRequest) -> str:
        """The whole panel, with the script that renews it."""
        job = request.query.get("job", "")
        return self._template("backup/panel.html").render(
            view=await self._view(request.csrf_token, job),
            job=job,
            jobs=JOBS,
            page=PAGE,
            contents_path=CONTENTS_PATH,
            script=script_address(),
        )

    async def contents(self, csrf_token: str, job: str) -> str:
        """What the script puts in place of the old."""
        return self.html(await self._view(csrf_token, job))

    def html(self, view: View) -> str:
        """The contents."""
        return self._template("backup/contents.html").render(view=view, jobs=JOBS, page=PAGE)

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_backup")

    def _template(self, name: str) -> jinja2.Template:
        return self._environment.get_template(name)

    async def _view(self, csrf_token: str, job: str) -> View:
        records = await self._backups.all()
        current = _current(records, job)
        others = [record for record in records if record is not current and not record.only_kept][:_RECENT]
        last = await self._backups.last()
        return View(
            csrf_token=csrf_token,
            encrypted=self._context.database.encrypted,
            expected_bytes=await self._backups.expected_bytes(),
            last=last,
            last_words=made_by(last) if last else "",
            choices=await asyncio.gather(*(self._choice(one) for one in self._backups.exporters)),
            current=current and await self._told(current),
            recent=[await self._told(record) for record in others],
            schedule=await self._schedule.status(),
        )

    async def _choice(self, exporter: Declared[BackupExporter]) -> Choice:
        declaration = exporter.declaration
        set_up = await Archives(self._context).is_set_up(exporter)
        return Choice(
            name=declaration.name,
            title=declaration.title,
            description=declaration.description,
            set_up_at="" if set_up else set_up_at(self._context, exporter.plugin),
        )

    async def _told(self, record: BackupRecord) -> Backup:
        return told(record, await self._backups.progress(record), JOBS)


def _current(records: Sequence[BackupRecord], job: str) -> BackupRecord | None:
    """What was asked for; otherwise what runs, or else waits to be fetched."""
    asked = [record for record in records if record.id == job]
    active = [record for record in records if record.active]
    ready = [record for record in records if record.state == "ready"]
    return next(iter([*asked, *active, *ready]), None)


@cache
def script_address() -> str:
    """Of the script of this panel and of that of kept backups. It changes with what is in it: browsers keep it."""
    return f"{SCRIPT_PATH}?v={hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]}"
