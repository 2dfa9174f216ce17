"""`berrypod backup`: with the server running or not."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import echo_json, examples, settings_with_key
from berrypod.commands.progress import progress_bar
from berrypod.errors import BerrypodError
from berrypod_backup.drill.commands import drill_command
from berrypod_backup.kept_commands import COMMANDS, exporter_option
from berrypod_backup.retention.commands import COMMANDS as RETENTION_COMMANDS
from berrypod_backup.schedule.commands import schedule_command

if TYPE_CHECKING:
    from berrypod.storage.snapshot import Method

_CRON = "berrypod --env-file /etc/berrypod.env backup create --output /safe/"


@click.group(cls=RichGroup)
def backup() -> None:
    """Make backups, and check them."""


@backup.command(
    cls=RichCommand,
    epilog=examples("berrypod backup create", "berrypod backup create --output /safe/place/", _CRON),
)
@click.option(
    "--output",
    metavar="PATH",
    type=click.Path(),
    help="A file; or a folder, in which it gets a name with the time (UTC). Without it, an archive keeps the backup.",
)
@click.option(
    "--to",
    "exporters",
    metavar="NAME",
    multiple=True,
    help="Where it is kept: a name of `backup list`. May be given again; without it, on this machine (`keep`).",
)
@click.option(
    "--method",
    type=click.Choice(["snapshot", "compact"]),
    help="`snapshot` copies the file, byte for byte (archives store what has changed alone). `compact` leaves out "
    "pages that nobody uses, and takes longer. Default: snapshot into an archive, compact into a file.",
)
@click.option("--fast", is_flag=True, help="As fast as the disk is, though orders may wait for it.")
@click.option("--note", default="", metavar="TEXT", help="A note that is kept beside it.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def create(  # noqa: PLR0917 - one for each option
    output: str | None,
    exporters: tuple[str, ...],
    method: Method | None,
    fast: bool,
    note: str,
    force: bool,
    as_json: bool,
) -> None:
    """Copy the whole shop, encrypted with its own key, and verify the copy. Orders go on meanwhile.

    An archive keeps it, or --output writes a file. One that failed leaves nothing that looks like a backup.
    """
    if output is None:
        _keep(exporters or ("keep",), method=method, fast=fast, note=note, as_json=as_json)
        return
    if exporters or note:
        raise click.UsageError("--output writes a file: --to and --note are for archives.")
    from berrypod.storage.files import people_size
    from berrypod_backup import doing

    begun = monotonic()
    made = asyncio.run(doing.create(output, overwrite=force, method=method or "compact", fast=fast))
    if as_json:
        echo_json({"path": str(made.path), "seconds": round(monotonic() - begun, 3), **doing.as_dict(made)})
        return
    state = "encrypted with SECRET_KEY_DB" if made.facts.encrypted else "NOT encrypted"
    click.echo(f"{made.path}\n{people_size(made.facts.size_bytes)}, {state}, verified. SHA-256 {made.facts.sha256}")


def _keep(exporters: tuple[str, ...], *, method: Method | None, fast: bool, note: str, as_json: bool) -> None:
    from berrypod_backup import kept_doing

    record = asyncio.run(kept_doing.keep(exporters, method=method, fast=fast, note=note))
    if as_json:
        echo_json(record)
        return
    for export in record.exports:
        click.echo(f"{record.id}\n{export.title}, {export.location}: {export.message}")


@backup.command(
    "verify",
    cls=RichCommand,
    epilog=examples(
        "berrypod backup verify /safe/place/berrypod-backup-20260314-120000.db",
        "berrypod backup verify 20260314-120000-5eed5eed",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@exporter_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def verify_command(file: Path, exporter: str | None, as_json: bool) -> None:
    """Check a backup with nothing but the FILE and its key (SECRET_KEY_DB): every page, and what is in them.

    Or one that an archive keeps, by its id: all that is stored of it is read back.

    A backup of another shop, or of before the key was changed, needs the key that the shop had then.
    Exit status 0: a shop can be restored from it. Nothing is written, and no shop is needed.
    """
    from berrypod.records import is_id
    from berrypod_backup import doing

    try:
        if is_id(str(file)) and not file.exists():
            _verify_kept(str(file), exporter, as_json=as_json)
            return
        key = settings_with_key().secret_key_db
        with progress_bar("Checking every page ..."):
            facts = asyncio.run(doing.check(file, key))
    except BerrypodError as error:
        if as_json:
            echo_json(
                {"path": str(file), "good": False, "code": error.code, "error": error.message, "hint": error.hint}
            )
        raise
    if as_json:
        echo_json({"path": str(file), "good": True, **doing.facts_of(facts, key)})
    else:
        doing.show(file, facts)


def _verify_kept(backup_id: str, exporter: str | None, *, as_json: bool) -> None:
    from berrypod.storage.files import people_size
    from berrypod_backup import kept_doing

    backup = asyncio.run(kept_doing.verify(backup_id, exporter))
    if as_json:
        echo_json({"good": True, **{name: getattr(backup, name) for name in backup.__struct_fields__}})
    else:
        click.echo(f"{backup_id}: whole. {people_size(backup.size_bytes)}, SHA-256 {backup.sha256}")


for command in (*COMMANDS, drill_command, schedule_command, *RETENTION_COMMANDS):
    backup.add_command(command)
