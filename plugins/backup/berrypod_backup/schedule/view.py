"""All that the page of the schedule shows."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import jinja2

from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Declared
from berrypod.errors import BerrypodError, Invalid
from berrypod_backup.archives import Archives, archive_of, set_up_at
from berrypod_backup.panel import PAGE
from berrypod_backup.retention.applying import Retention
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.retention.wire import PlanInfo, PrunedInfo, told_plan
from berrypod_backup.retention.words import in_words as retention_in_words
from berrypod_backup.schedule.forms import Entered, retention_of, retention_texts, schedule_of, schedule_texts
from berrypod_backup.schedule.service import Schedule
from berrypod_backup.schedule.settings import require_sound
from berrypod_backup.schedule.status import ScheduleStatus
from berrypod_backup.schedule.wire import saved_runs
from berrypod_backup.schedule.words import DAYS, in_words
from berrypod_backup.zones import zone_names, zone_of

BASE: Final = f"{PAGE}/schedule"
STYLE_SHEET: Final = Path(__file__).parents[1] / "static" / "schedule.css"
STYLE_SHEET_PATH: Final = f"{BASE}/schedule.css"

KINDS: Final = (
    ("off", "Not by themselves"),
    ("every", "Every so many hours"),
    ("daily", "Every day"),
    ("weekly", "Every week"),
    ("cron", "By a cron expression"),
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An archive that backups can go to; with `set_up_at`, the address of what it needs first."""

    name: str
    title: str
    location: str
    off_site: bool
    set_up_at: str = ""


@dataclass(frozen=True, kw_only=True)
class ScheduleForm:
    """`times` are the next ones of what is entered; `saved` says that it is what is saved."""

    texts: Mapping[str, str]
    exporters: Sequence[str]
    times: Sequence[datetime] = ()
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    saved: bool = True


@dataclass(frozen=True, kw_only=True)
class RetentionForm:
    """`plans` are of what is entered; None while it has errors, or if nothing is ever removed."""

    texts: Mapping[str, str]
    words: str = ""
    plans: Sequence[PlanInfo] | None = None
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    saved: bool = True


@dataclass(frozen=True, kw_only=True)
class View:
    """`done` says what has just been saved, `pruned` what has just been deleted."""

    token: str
    when: str
    status: ScheduleStatus
    zone: str
    places: Sequence[Place]
    schedule: ScheduleForm
    retention: RetentionForm
    done: str = ""
    pruned: Sequence[PrunedInfo] | None = None


class SchedulePage:
    """Makes the page."""

    def __init__(self, context: PluginContext, schedule: Schedule, retention: Retention) -> None:
        self._context = context
        self._archives = Archives(context)
        self.schedule = schedule
        self.retention = retention

    async def view(self, token: str, *, done: str = "") -> View:
        """As it is saved."""
        settings = await self.schedule.settings()
        return View(
            token=token,
            when=in_words(settings),
            status=await self.schedule.status(),
            zone=settings.zone,
            places=await asyncio.gather(*(self._place(one) for one in self._archives.all)),
            schedule=ScheduleForm(
                texts=schedule_texts(settings),
                exporters=settings.exporters,
                times=saved_runs(self.schedule, settings),
            ),
            retention=await self._saved_retention(),
            done=done,
        )

    async def with_schedule(self, view: View, entered: Entered, error: Invalid | None = None) -> View:
        """With the form of the schedule as somebody has filled it in: with its next times, or what is wrong."""
        form = ScheduleForm(texts=entered.texts, exporters=entered.exporters, saved=False)
        try:
            settings = schedule_of(entered)
            require_sound(settings, self.schedule.archives, self._context.now())
        except Invalid as wrong:
            return replace(view, schedule=replace(form, errors=_errors(wrong)))
        if error is not None:
            return replace(view, schedule=replace(form, errors=_errors(error)))
        times = self.schedule.next_runs(settings)
        return replace(view, schedule=replace(form, times=times), zone=settings.zone)

    async def with_retention(self, view: View, entered: Entered, error: Invalid | None = None) -> View:
        """With the form of the retention as somebody has filled it in: with what would go, or what is wrong."""
        form = RetentionForm(texts=entered.texts, saved=False)
        try:
            if error is not None:
                raise error
            settings = retention_of(entered)
            plans = [told_plan(planned) for planned in await self.retention.preview(settings)]
        except Invalid as wrong:
            return replace(view, retention=replace(form, errors=_errors(wrong)))
        return replace(view, retention=replace(form, plans=plans, words=retention_in_words(settings)))

    def html(self, view: View) -> str:
        zone = zone_of(view.zone) or UTC

        def local(moment: datetime) -> str:
            return moment.astimezone(zone).strftime("%a %-d %B %Y, %H:%M %Z")

        return self._environment.get_template("backup/schedule.html").render(
            view=view, base=BASE, page=PAGE, kinds=KINDS, days=tuple(DAYS.items()), zones=zone_names(), local=local
        )

    async def _saved_retention(self) -> RetentionForm:
        settings: RetentionSettings = await self.retention.settings()
        form = RetentionForm(texts=retention_texts(settings), words=retention_in_words(settings))
        if not settings.enabled:
            return form
        try:
            return replace(form, plans=[told_plan(planned) for planned in await self.retention.preview()])
        except Invalid as wrong:  # a zone that this machine does not know
            return replace(form, errors=_errors(wrong))

    async def _place(self, exporter: Declared[BackupExporter]) -> Place:
        set_up = await self._archives.is_set_up(exporter)
        return Place(
            name=exporter.declaration.name,
            title=exporter.declaration.title,
            location=archive_of(exporter).location if set_up else "It is not said yet where to.",
            off_site=exporter.declaration.off_site,
            set_up_at="" if set_up else set_up_at(self._context, exporter.plugin),
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return self._context.templates("berrypod_backup")


def _errors(error: BerrypodError) -> Mapping[str, str]:
    fields = error.fields if isinstance(error, Invalid) else {}
    return fields or {"": f"{error.message}. {error.hint}"}


@cache
def style_sheet() -> str:
    """Its address, which changes with what is in it."""
    return f"{STYLE_SHEET_PATH}?v={hashlib.sha256(STYLE_SHEET.read_bytes()).hexdigest()[:8]}"
