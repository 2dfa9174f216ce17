"""What `berrypod backup schedule` does. Imported when one of its commands is called."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import click
import msgspec

from berrypod.commands.common import opened_context
from berrypod.errors import Invalid
from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.archives import Archives
from berrypod_backup.retention.applying import Retention
from berrypod_backup.schedule.service import Schedule
from berrypod_backup.schedule.settings import ScheduleSettings
from berrypod_backup.schedule.wire import ScheduleInfo, told_schedule
from berrypod_backup.service import Backups
from berrypod_backup.zones import zone_of

_ACTOR: Final = "cli"


@asynccontextmanager
async def _opened() -> AsyncGenerator[Schedule]:
    async with opened_context("backup") as context:
        retention = Retention(context, Archives(context), KeptBackups(context))
        yield Schedule(context, Backups(context), retention)


async def show() -> ScheduleInfo:
    async with _opened() as schedule:
        return await told_schedule(schedule)


async def change(changes: dict[str, Any]) -> ScheduleInfo:
    """:raises Invalid: something is wrong with them; nothing is changed."""
    async with _opened() as schedule:
        await schedule.save(changed(await schedule.settings(), changes), by=_ACTOR)
        return await told_schedule(schedule)


async def switch_off() -> ScheduleInfo:
    async with _opened() as schedule:
        await schedule.switch_off(by=_ACTOR)
        return await told_schedule(schedule)


def changed(settings: ScheduleSettings, changes: dict[str, Any]) -> ScheduleSettings:
    """:raises Invalid: a value is none that the field may have; or nothing says when, and it is off."""
    try:
        found = msgspec.convert({**msgspec.to_builtins(settings), **changes}, ScheduleSettings)
    except msgspec.ValidationError as error:
        raise Invalid(f"The schedule cannot be like this: {error}", hint="Nothing was changed.") from None
    if not found.enabled:
        raise Invalid("Nothing says when", hint="Name one of --every, --daily, --weekly and --cron.")
    return found


def tell(info: ScheduleInfo) -> None:
    """For people."""
    status, zone = info.status, zone_of(info.settings.zone) or UTC

    def shown(time: datetime) -> str:
        return time.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")

    click.echo(f"Backups are made {info.when}.")
    if not status.enabled:
        click.echo("Switch them on: berrypod backup schedule set --daily 03:00")
    else:
        click.echo(f"To: {', '.join(info.settings.exporters)}")
        click.echo("Next: " + ", ".join(map(shown, info.next_runs)))
    if success := status.last_success:
        click.echo(f"Last made: {shown(success.at)}")
    for remark in success.remarks if success else ():
        click.echo(f"  {remark.message} {remark.hint}")
    if status.failing and status.last_failure and (trouble := status.last_failure.trouble):
        click.echo(f"Failed: {shown(status.last_failure.at)}. {trouble.message} {trouble.hint}", err=True)
    if status.overdue_since:
        click.echo(f"Overdue since {shown(status.overdue_since)}. Does the server run?", err=True)
