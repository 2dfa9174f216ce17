"""`berrypod backup drill`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio

import click
from rich_click import RichCommand

from berrypod.commands.common import echo_json, examples

_ID = "20260314-120000-5eed5eed"


@click.command(
    "drill", cls=RichCommand, epilog=examples("berrypod backup drill", f"berrypod backup drill {_ID} --exporter keep")
)
@click.argument("backup_id", metavar="[ID]", required=False)
@click.option("--exporter", metavar="NAME", help="The archive, or the exporter that keeps the copy ID.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def drill_command(backup_id: str | None, exporter: str | None, as_json: bool) -> None:
    """Prove that a shop can be run on a kept backup: without ID, on the newest one of each archive.

    It is fetched back from where it lies into a throw-away folder, opened with today's key, tried as a restore would
    try it, and a few pages of the shop are rendered from it. The shop goes on meanwhile.

    Exit status 0: all of them are proven. The outcome is also written beside each backup.
    """
    from berrypod_backup.drill import doing

    outcomes = asyncio.run(doing.drill(backup_id, exporter))
    if as_json:
        echo_json({"drills": outcomes})
    else:
        doing.show(outcomes)
    if any(not outcome.proven for outcome in outcomes):
        raise SystemExit(1)
