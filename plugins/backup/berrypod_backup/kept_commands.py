"""`berrypod backup list|fetch|note|delete`: what is kept in archives."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio

import click
from rich_click import RichCommand

from berrypod.commands.common import echo_json, examples, interruptible

_ID = "20260314-120000-5eed5eed"

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_id = click.argument("backup_id", metavar="ID")
exporter_option = click.option(
    "--exporter", metavar="NAME", help="The archive, if several have a backup of this id: a name of `backup list`."
)


@click.command("list", cls=RichCommand, epilog=examples("berrypod backup list", "berrypod backup list --json"))
@_json
def list_command(as_json: bool) -> None:
    """List the backups that are kept, archive by archive, and what else lies there.

    Exit status 1: an archive could not be looked at.
    """
    from berrypod_backup import kept_doing

    found = asyncio.run(kept_doing.archives())
    if as_json:
        echo_json({"archives": found})
    else:
        kept_doing.show(found)
    if any(archive.error for archive in found):
        raise SystemExit(1)


@click.command("fetch", cls=RichCommand, epilog=examples(f"berrypod backup fetch {_ID} --output /safe/place/"))
@_id
@click.option("--output", required=True, metavar="PATH", type=click.Path(), help="A new file, or a folder.")
@exporter_option
@_json
def fetch_command(backup_id: str, output: str, exporter: str | None, as_json: bool) -> None:
    """Write the kept backup ID to PATH, as one ordinary file that `sqlcipher` opens with its key."""
    from berrypod_backup import kept_doing

    path = asyncio.run(kept_doing.fetch(backup_id, output, exporter))
    echo_json({"path": str(path)}) if as_json else click.echo(str(path))


@click.command("note", cls=RichCommand, epilog=examples(f'berrypod backup note {_ID} "before the sale"'))
@_id
@click.argument("text", metavar="TEXT")
@exporter_option
@_json
def note_command(backup_id: str, text: str, exporter: str | None, as_json: bool) -> None:
    """Write TEXT beside the kept backup ID, in place of the former note. An empty one removes it."""
    from berrypod_backup import kept_doing

    noted = asyncio.run(kept_doing.note(backup_id, text, exporter))
    echo_json(noted) if as_json else click.echo(f"{noted.id}: {noted.note or 'no note'}")


@click.command("delete", cls=RichCommand, epilog=examples(f"berrypod backup delete {_ID}"))
@_id
@exporter_option
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@_json
def delete_command(backup_id: str, exporter: str | None, yes: bool, as_json: bool) -> None:
    """Delete the kept backup ID for good, or what is left of a broken one. What it shares with others stays."""
    from berrypod_backup import kept_doing

    def confirm(question: str) -> None:
        if not yes:
            with interruptible():
                click.confirm(question, abort=True, err=True)

    archive = asyncio.run(kept_doing.delete(backup_id, exporter, confirm))
    echo_json({"deleted": backup_id, "exporter": archive}) if as_json else click.echo(f"Deleted from {archive}.")


COMMANDS = (list_command, fetch_command, note_command, delete_command)
