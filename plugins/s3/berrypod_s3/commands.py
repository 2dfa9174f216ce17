"""`berrypod s3`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, examples
from berrypod.commands.progress import progress_bar


@click.group(cls=RichGroup)
def s3() -> None:
    """Off-site backups in S3-compatible object storage."""


@s3.command(cls=RichCommand, epilog=examples("berrypod s3 test"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def test(as_json: bool) -> None:
    """Write a small object to the bucket, read it back, compare it and delete it.

    It is told which of these failed, and what to do. Exit status 0: backups can go there.
    """
    from berrypod_s3 import doing

    with progress_bar("Trying it ..."):
        trial = asyncio.run(doing.try_configured())
    if as_json:
        echo_json({"good": trial.good, **doing.as_dict(trial)})
    else:
        doing.show(trial)
    doing.require_good(trial)
