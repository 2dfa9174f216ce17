"""All routes of the plugin, with what their handlers work with."""

from __future__ import annotations

from litestar import Router

from berrypod.context import PluginContext
from berrypod.web.provided import provided
from berrypod_backup.api import BackupsController, KeptController
from berrypod_backup.archive_api import ArchivesController
from berrypod_backup.archive_page import ArchivePage
from berrypod_backup.archive_pages import ArchivePagesController
from berrypod_backup.drill.api import DrillsController
from berrypod_backup.drill.pages import DrillPagesController
from berrypod_backup.kept_panel import KeptPanel
from berrypod_backup.pages import PagesController
from berrypod_backup.panel import Panel
from berrypod_backup.retention.api import RetentionController
from berrypod_backup.schedule.api import ScheduleController
from berrypod_backup.schedule.pages import SchedulePageController
from berrypod_backup.schedule.view import SchedulePage
from berrypod_backup.shared import (
    backups_of,
    drill_of,
    kept_backups_of,
    kept_of,
    looking_of,
    retention_of,
    schedule_of,
)
from berrypod_backup.watching.parts import metrics

_HANDLERS = (
    BackupsController,
    KeptController,
    ArchivesController,
    ArchivePagesController,
    PagesController,
    DrillsController,
    DrillPagesController,
    ScheduleController,
    RetentionController,
    SchedulePageController,
    metrics,
)


def router(context: PluginContext) -> Router:
    kept, kept_backups, drill = kept_of(context), kept_backups_of(context), drill_of(context)
    schedule, retention = schedule_of(context), retention_of(context)
    parts = {
        "backups": backups_of(context),
        "kept": kept,
        "kept_backups": kept_backups,
        "archive_page": ArchivePage(context, kept_backups),
        "kept_panel": KeptPanel(context, kept_backups, kept, drill),
        "drill": drill,
        "panel": Panel(context, backups_of(context), schedule),
        "schedule": schedule,
        "schedule_page": SchedulePage(context, schedule, retention),
        "retention": retention,
        "backup_looking": looking_of(context),
    }
    return Router("/", route_handlers=list(_HANDLERS), dependencies=provided(parts))
