"""What the hooks of one app share: one object of each kind per shop, made when it is first asked for."""

# ruff: noqa: PLC0415 - `berrypod --help` asks for the commands alone, and needs nothing of this

from __future__ import annotations

from typing import TYPE_CHECKING

from berrypod.per_app import PerApp

if TYPE_CHECKING:
    from berrypod.context import PluginContext
    from berrypod.kept import Kept
    from berrypod_backup.archive_service import KeptBackups
    from berrypod_backup.archives import Archives
    from berrypod_backup.drill.service import Drill
    from berrypod_backup.retention.applying import Retention
    from berrypod_backup.schedule.service import Schedule
    from berrypod_backup.service import Backups
    from berrypod_backup.watching.looking import Looking

_shared = PerApp()


def backups_of(context: PluginContext) -> Backups:
    """The backups of the app that `context` belongs to."""
    from berrypod_backup.service import Backups

    return _shared.get(context, "backups", lambda: Backups(context))


def drill_of(context: PluginContext) -> Drill:
    """The drills of the app that `context` belongs to."""
    from berrypod_backup.drill.service import Drill

    return _shared.get(context, "drill", lambda: Drill(context, archives_of(context)))


def looking_of(context: PluginContext) -> Looking:
    """What is known of the backups of the app that `context` belongs to."""
    from berrypod_backup.watching.looking import Looking

    def make() -> Looking:
        return Looking(context, archives_of(context), drill_of(context), schedule_of(context).status)

    return _shared.get(context, "looking", make)


def schedule_of(context: PluginContext) -> Schedule:
    """The schedule of the app that `context` belongs to."""
    from berrypod_backup.schedule.service import Schedule

    def make() -> Schedule:
        return Schedule(context, backups_of(context), retention_of(context), drill_of(context).run)

    return _shared.get(context, "schedule", make)


def retention_of(context: PluginContext) -> Retention:
    """Which kept backups of the app that `context` belongs to stay."""
    from berrypod_backup.retention.applying import Retention

    return Retention(context, archives_of(context), kept_backups_of(context))


def archives_of(context: PluginContext) -> Archives:
    """The archives of all exporters."""
    from berrypod_backup.archives import Archives

    return Archives(context)


def kept_backups_of(context: PluginContext) -> KeptBackups:
    """What is done with what archives keep."""
    from berrypod_backup.archive_service import KeptBackups

    return KeptBackups(context)


def kept_of(context: PluginContext) -> Kept:
    """The copies that exporters keep, with or without an archive."""
    from berrypod.kept import Kept
    from berrypod_backup.faults import BackupUnknown

    return Kept(context.plugins, BackupUnknown)
