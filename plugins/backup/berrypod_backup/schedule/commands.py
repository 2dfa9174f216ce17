"""`berrypod backup schedule`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio
from typing import Any

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, examples

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_days = click.Choice(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], case_sensitive=False)


@click.group("schedule", cls=RichGroup)
def schedule_command() -> None:
    """When backups are made by themselves. A server makes them: `berrypod serve`."""


@schedule_command.command(cls=RichCommand, epilog=examples("berrypod backup schedule show --json"))
@_json
def show(as_json: bool) -> None:
    """Show when backups are made, the next times, and how it gets on.

    Exit status 1: one is overdue, or the latest try failed.
    """
    from berrypod_backup.schedule import doing

    info = asyncio.run(doing.show())
    if as_json:
        echo_json(info)
    else:
        doing.tell(info)
    if info.status.failing or info.status.overdue_since:
        raise SystemExit(1)


@schedule_command.command(
    "set",
    cls=RichCommand,
    epilog=examples(
        "berrypod backup schedule set --daily 03:00 --zone Europe/Berlin",
        "berrypod backup schedule set --every 6 --to keep --jitter 300",
        "berrypod backup schedule set --weekly sun 03:00",
        'berrypod backup schedule set --cron "30 4 * * mon-fri"',
    ),
)
@click.option("--every", "every_hours", type=float, metavar="HOURS", help="Every so many hours: 6, or 0.5.")
@click.option("--daily", metavar="HH:MM", help="Every day at this time.")
@click.option("--weekly", type=(_days, str), metavar="DAY HH:MM", help="Every week, on mon, tue ... sun.")
@click.option("--cron", metavar="EXPRESSION", help="Five fields: minute, hour, day, month, day of the week.")
@click.option("--zone", metavar="NAME", help="Whose clock: an IANA name, such as Europe/Berlin. UTC at first.")
@click.option(
    "--to", "exporters", multiple=True, metavar="NAME", help="An archive, as `backup list` names it. May be repeated."
)
@click.option("--method", type=click.Choice(["snapshot", "compact"]), help="As of `backup create`.")
@click.option("--jitter", "jitter_seconds", type=int, metavar="SECONDS", help="Begin up to so much late.")
@click.option("--retries", type=int, metavar="N", help="Try one that failed so often again.")
@click.option("--retry-after", "retry_seconds", type=int, metavar="SECONDS", help="At first; then twice as long.")
@click.option("--drill", type=click.Choice(["always", "daily", "weekly", "never"]), help="When a new backup is proven.")
@_json
def set_command(**options: Any) -> None:
    """Say when backups are made by themselves. What is not named stays as it is."""
    from berrypod_backup.schedule import doing

    as_json = options.pop("as_json")
    info = asyncio.run(doing.change(_changes(options)))
    if as_json:
        echo_json(info)
    else:
        doing.tell(info)


@schedule_command.command(cls=RichCommand, epilog=examples("berrypod backup schedule off"))
@_json
def off(as_json: bool) -> None:
    """Make no more backups by themselves. What it was set to is kept."""
    from berrypod_backup.schedule import doing

    info = asyncio.run(doing.switch_off())
    if as_json:
        echo_json(info)
    else:
        doing.tell(info)


def _changes(options: dict[str, Any]) -> dict[str, Any]:
    """The options as fields of the settings.

    :raises click.UsageError: they contradict each other.
    """
    named = [name for name in ("every_hours", "daily", "weekly", "cron") if options[name] is not None]
    if len(named) > 1:
        raise click.UsageError("Name one of --every, --daily, --weekly and --cron.")
    changes = {
        name: options[name]
        for name in ("every_hours", "cron", "zone", "method", "jitter_seconds", "retries", "retry_seconds", "drill")
        if options[name] is not None
    }
    if named:
        changes["kind"] = "every" if named[0] == "every_hours" else named[0]
    if options["daily"] is not None:
        changes["at"] = options["daily"]
    if options["weekly"] is not None:
        changes["weekday"], changes["at"] = options["weekly"]
    if options["exporters"]:
        changes["exporters"] = list(options["exporters"])
    return changes
