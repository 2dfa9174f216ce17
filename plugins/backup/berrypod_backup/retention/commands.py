"""`berrypod backup retention` and `berrypod backup prune`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, examples, interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from berrypod_backup.retention.wire import PlanInfo

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group("retention", cls=RichGroup)
def retention_command() -> None:
    """Which backups are kept, and which are removed in time."""


@retention_command.command(cls=RichCommand, epilog=examples("berrypod backup retention show"))
@_json
def show(as_json: bool) -> None:
    """Show which backups are kept."""
    from berrypod_backup.retention import doing

    settings = asyncio.run(doing.settings())
    echo_json(settings) if as_json else doing.tell_settings(settings)


@retention_command.command(
    "set",
    cls=RichCommand,
    epilog=examples(
        "berrypod backup retention set --last 3 --daily 7 --weekly 4 --monthly 12",
        "berrypod backup retention set --max-gigabytes 50",
    ),
)
@click.option("--last", type=int, metavar="N", help="So many of the latest.")
@click.option("--daily", type=int, metavar="N", help="The last one of each of so many days.")
@click.option("--weekly", type=int, metavar="N", help="The last one of each of so many weeks.")
@click.option("--monthly", type=int, metavar="N", help="The last one of each of so many months.")
@click.option("--zone", metavar="NAME", help="Whose days: an IANA name, such as Europe/Berlin. UTC at first.")
@click.option("--max-gigabytes", type=float, metavar="GB", help="What an archive may take; 0 for no limit.")
@click.option("--manual/--no-manual", default=None, help="Also those that a person made.")
@click.option("--before-restore/--no-before-restore", default=None, help="Also those made before a restore.")
@_json
def set_command(**options: Any) -> None:
    """Say which backups are kept. What is not named stays as it is. Nothing is deleted by this.

    The next backup of the schedule deletes the others, or `berrypod backup prune`; `--dry-run` shows which.
    """
    from berrypod_backup.retention import doing

    as_json = options.pop("as_json")
    settings = asyncio.run(doing.change({name: value for name, value in options.items() if value is not None}))
    echo_json(settings) if as_json else doing.tell_settings(settings)


@retention_command.command(cls=RichCommand, epilog=examples("berrypod backup retention off"))
@_json
def off(as_json: bool) -> None:
    """Remove no backup in time. What it was set to is kept."""
    from berrypod_backup.retention import doing

    settings = asyncio.run(doing.change({"enabled": False}))
    echo_json(settings) if as_json else doing.tell_settings(settings)


@click.command(
    "prune", cls=RichCommand, epilog=examples("berrypod backup prune --dry-run", "berrypod backup prune --yes --json")
)
@click.option("--dry-run", is_flag=True, help="Only show what would go, and what would stay.")
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@_json
def prune_command(dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the backups that the retention lets go, in every archive.

    The newest one stays, and the newest that is proven, whatever is set. Exit status 1: an archive could not be looked
    at, or a backup could not be deleted.
    """
    from berrypod_backup.retention import doing

    if dry_run:
        plans = asyncio.run(doing.preview())
        echo_json({"plans": plans}) if as_json else doing.tell_plans(plans)
        failed = any(plan.error for plan in plans)
    else:

        def confirm(plans: Sequence[PlanInfo]) -> bool:
            doing.tell_plans(plans, err=True)
            going = sum(len(plan.go) for plan in plans)
            with interruptible():
                return going == 0 or click.confirm(f"Delete {going} for good?", err=True)

        pruned = asyncio.run(doing.prune(None if yes else confirm))
        echo_json({"pruned": pruned}) if as_json else doing.tell_pruned(pruned)
        failed = any(one.error or one.failed for one in pruned)
    if failed:
        raise SystemExit(1)


COMMANDS = (retention_command, prune_command)
