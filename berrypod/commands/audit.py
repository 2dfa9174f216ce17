"""`berrypod audit`: the audit log on a terminal. Needs no key, and no database that can be opened."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich_click import RichCommand

from berrypod.audit import KINDS, AuditLog, AuditPage, Kind
from berrypod.audit.words import Tone, describe, who
from berrypod.commands.common import echo_json, examples
from berrypod.errors import StorageError
from berrypod.settings import Settings

_STYLES: dict[Tone, str] = {"good": "green", "info": "", "warn": "yellow", "bad": "red"}


@click.command(
    cls=RichCommand, epilog=examples("berrypod audit --search ada@example.com", "berrypod audit --kind backups --json")
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="How many lines at most.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only what is about this.")
@click.option("--search", "text", default="", help="Only lines with all of these words.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def audit(limit: int, kind: Kind | None, text: str, as_json: bool) -> None:
    """Show who did what to the shop, when and from where, the newest first.

    Read from the log beside the database: it needs no key, and no database that can be opened.
    """
    log = AuditLog(Settings.from_env().database_path.resolve())
    found = _read(log, limit, kind, text)
    if as_json:
        echo_json(found.entries)
        return
    if not found.entries:
        nothing = "No line of the log is like that." if kind or text else "Nothing is in the log yet."
        click.echo(f"{nothing} It is {log.path}.")
        return
    table = Table("When (UTC)", "Who", "From", "What")
    for entry in found.entries:
        told = describe(entry)
        what = Text(told.title, style=_STYLES[told.tone])
        if told.text:
            what.append(f"\n{told.text}", style="dim")
        # As text: what strangers sent as their address must not become markup.
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", Text(who(entry)), Text(entry.address or ""), what)
    Console().print(table)
    if found.older:
        click.echo(f"There is more: --limit {limit * 4}")


def _read(log: AuditLog, limit: int, kind: Kind | None, text: str) -> AuditPage:
    try:
        return log.read(limit=limit, kind=kind, text=text)
    except OSError as error:
        raise StorageError(
            f"The audit log {log.path} cannot be read: {error.strerror or error}",
            hint="Run the command as the user that runs the shop.",
        ) from error
