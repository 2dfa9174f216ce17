"""`berrypod notify`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import examples

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(cls=RichGroup)
def notify() -> None:
    """Who is told when something is not well with the shop, and what is not."""


@notify.command(cls=RichCommand, epilog=examples("berrypod notify status", "berrypod notify status --json"))
@_json
def status(as_json: bool) -> None:
    """Say what is not well now, who is told of it, and what was sent last.

    Exit status 0, whatever is not well: `berrypod doctor` is the one that judges.
    """
    from berrypod_notify import doing

    asyncio.run(doing.status(as_json=as_json))


@notify.command(cls=RichCommand, epilog=examples("berrypod notify test", "berrypod notify test email"))
@click.argument("notifier", metavar="[NOTIFIER]", required=False)
@_json
def test(notifier: str | None, as_json: bool) -> None:
    """Send a test by NOTIFIER, or by all that are set up, and say what came of it.

    Exit status 0: all of them have handed it over. Whether it was read, nobody can know.
    """
    from berrypod_notify import doing

    asyncio.run(doing.test(notifier, as_json=as_json))
