"""`berrypod backup`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, examples, settings_with_key
from berrypod.commands.progress import progress_bar
from berrypod.errors import BerrypodError

_CRON = "berrypod --env-file /etc/berrypod.env backup create --output /safe/"


@click.group(cls=RichGroup)
def backup() -> None:
    """Make backups, and check them."""


@backup.command(cls=RichCommand, epilog=examples("berrypod backup create --output /safe/place/", _CRON))
@click.option(
    "--output",
    required=True,
    metavar="PATH",
    type=click.Path(),
    help="A file; or a folder, in which it gets a name with the time (UTC).",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def create(output: str, force: bool, as_json: bool) -> None:
    """Copy the whole shop to PATH, encrypted with its own key, and verify the copy. Orders go on meanwhile.

    The file appears under its name when it is whole: a backup that failed leaves nothing that looks like one.
    """
    from berrypod.storage.files import people_size
    from berrypod_backup import doing

    begun = monotonic()
    made = asyncio.run(doing.create(output, overwrite=force))
    if as_json:
        echo_json({"path": str(made.path), "seconds": round(monotonic() - begun, 3), **doing.as_dict(made)})
        return
    state = "encrypted with SECRET_KEY_DB" if made.facts.encrypted else "NOT encrypted"
    click.echo(f"{made.path}\n{people_size(made.facts.size_bytes)}, {state}, verified. SHA-256 {made.facts.sha256}")


@backup.command(
    "verify",
    cls=RichCommand,
    epilog=examples("berrypod backup verify /safe/place/berrypod-backup-20260314-120000.db"),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def verify_command(file: Path, as_json: bool) -> None:
    """Check a backup with nothing but the FILE and its key (SECRET_KEY_DB): every page, and what is in them.

    A backup of another shop, or of before the key was changed, needs the key that the shop had then.
    Exit status 0: a shop can be restored from it. Nothing is written, and no shop is needed.
    """
    from berrypod_backup import doing

    key = settings_with_key().secret_key_db
    try:
        with progress_bar("Checking every page ..."):
            facts = asyncio.run(doing.check(file, key))
    except BerrypodError as error:
        if as_json:
            echo_json(
                {"path": str(file), "good": False, "code": error.code, "error": error.message, "hint": error.hint}
            )
        raise
    if as_json:
        echo_json({"path": str(file), "good": True, **doing.facts_of(facts)})
    else:
        doing.show(file, facts)
