"""What `berrypod restore` shows: progress and questions on standard error, so that standard output is for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from berrypod.commands.common import interruptible
from berrypod.settings import Secret
from berrypod.storage.files import people_size
from berrypod_restore.archives import ArchivedFile
from berrypod_restore.differences import Comparison, Losses
from berrypod_restore.records import CONFIRMATION, Former, RestoreRecord
from berrypod_restore.service import Restores
from berrypod_restore.wording import doing

_ITEMS_SHOWN = 10

_KINDS = {
    "orders": ("order", "orders"),
    "products": ("product", "products"),
    "subscribers": ("subscriber", "subscribers"),
    "settings": ("setting", "settings"),
    "admins": ("admin", "admins"),
}


async def follow(restores: Restores, restore_id: str) -> RestoreRecord:
    """Show how far it is until nobody works on it. Returns how it ended."""
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Looking at it", total=1.0)
            async with aclosing(restores.changes(restore_id)) as changes:
                async for record in changes:
                    progress.update(task, description=doing(record), completed=record.progress)
    return await restores.settled(restore_id)


def ask_key(*, again: bool) -> Secret | None:
    """The key with which a file was made; None if there is nobody to ask, or nothing was typed."""
    if not sys.stdin.isatty():
        return None
    if again:
        click.echo("That key does not open it either.", err=True)
    else:
        click.echo("This shop's key does not open the file: it was made with another one.", err=True)
    with interruptible():
        typed = click.prompt("That key (nothing to give up)", hide_input=True, default="", show_default=False, err=True)
    return Secret(typed) if typed else None


def confirm(question: str) -> bool:
    """:raises UsageError: there is nobody to ask."""
    _require_somebody()
    with interruptible():
        return click.confirm(question, err=True)


def typed_words() -> str:
    """What somebody types when asked for the words.

    :raises UsageError: there is nobody to ask.
    """
    _require_somebody()
    with interruptible():
        typed = click.prompt(f"Type the words: {CONFIRMATION}\n", default="", show_default=False, err=True)
    return str(typed).strip()


def show_file(record: RestoreRecord) -> None:
    """What the file is."""
    verdict, candidate = record.verdict, record.candidate
    if verdict is None:
        return
    click.echo(f"{record.filename}: {verdict.title}.")
    if candidate is not None:
        size = people_size(record.received_bytes)
        newest = f", newest change {candidate.newest_at:%Y-%m-%d %H:%M} UTC" if candidate.newest_at else ""
        click.echo(f"{size}{newest}. SHA-256 {record.sha256}")
    for result in record.guards:
        if result.answer != "allow":
            kind = "Warning" if result.answer == "warn" else "Refused"
            click.echo(f"{kind} ({result.title}): {result.message} {result.hint}")


def show_comparison(comparison: Comparison, what: str) -> None:
    """What would be lost, and what would come back. `what` is what takes the shop's place."""
    if comparison.current_missing:
        click.echo(
            f"{comparison.current_error}: on a new machine, nothing can be lost. If there was one, look for it first."
        )
        return
    if comparison.current_error:
        click.echo(f"The shop's own file cannot be read: {comparison.current_error}")
        click.echo("So nobody can say what would be lost. It is kept.")
        return
    losses = [one for one in comparison.lost if one.count or one.changed]
    if not losses:
        click.echo(f"Nothing would be lost: all orders, products and subscribers are in {what}.")
    for one in losses:
        for line in _told(one, "would be lost"):
            click.echo(line)
        if one.changed:
            former = "its" if one.changed == 1 else "their"
            click.echo(f"{_counted(one.kind, one.changed)} would be set back to {former} state in {what}.")
    for one in comparison.returning:
        for line in _told(one, "would come back"):
            click.echo(line)


def show_list(records: Sequence[RestoreRecord], formers: Sequence[Former]) -> None:
    console = Console(markup=False)  # a file may be called `shop [old].db`
    if not records and not formers:
        click.echo("No database was replaced so far, and nothing is staged.")
    if records:
        table = _table("Restores and undos", _whole("Id"), "What", "State", _day("When (UTC)"), "By", "File")
        for one in records:
            table.add_row(
                one.id, one.operation, one.state, f"{one.created_at:%Y-%m-%d %H:%M}", one.by or "", one.filename or ""
            )
        console.print(table)
    if formers:
        table = _table("Former databases", _whole("Id"), _day("Replaced (UTC)"), "By", "Size", "")
        for former in formers:
            table.add_row(
                former.id,
                f"{former.replaced_at:%Y-%m-%d %H:%M}",
                former.by or "",
                people_size(former.size_bytes),
                "" if former.openable else "could not be opened",
            )
        console.print(table)
        click.echo("`berrypod restore undo --former ID` puts one back.")


def show_archive(location: str, backups: Sequence[ArchivedFile]) -> None:
    """What can be brought back from an archive."""
    if not backups:
        click.echo(f"There is no backup in {location}.")
        return
    table = _table(location, _whole("Id"), _day("Made (UTC)"), "Size", "How", "Key", _day("Proven (UTC)"), "")
    for one in backups:
        table.add_row(
            one.id,
            f"{one.created_at:%Y-%m-%d %H:%M}",
            people_size(one.size_bytes),
            one.method,
            one.key_fingerprint or ("encrypted" if one.encrypted else "none"),
            f"{one.proven_at:%Y-%m-%d %H:%M}" if one.proven_at else "",
            one.problem or "",
        )
    Console(markup=False).print(table)


def show_end(record: RestoreRecord, former: Former | None, shop: str) -> None:
    """After it was done. `former` is what was replaced, `shop` the path of the shop's file."""
    what = "the former database" if record.operation == "undo" else record.filename or "the backup"
    click.echo(f"Done: {shop} is now {what}.")
    if record.closed_seconds is not None:
        click.echo(f"Requests waited for {record.closed_seconds:.2f} s.")
    if former and former.openable:
        click.echo(f"The database that it replaced is kept: `berrypod restore undo --former {former.id}`")
    elif former:
        click.echo(f"The database that it replaced could not be opened. It is kept as it was: {former.filename}")
    if record.arrived_since:
        numbers = ", ".join(record.arrived_since)
        click.echo(f"Orders that came in the meantime are in the former database alone: {numbers}", err=True)


def _told(losses: Losses, verb: str) -> Iterator[str]:
    if not losses.count:
        return
    sums = ", ".join(value.text for value in losses.values)
    newest = f"the newest of {losses.newest_at:%Y-%m-%d %H:%M} UTC" if losses.newest_at else ""
    more = "; ".join(filter(None, [sums, newest]))
    yield f"{_counted(losses.kind, losses.count)} {verb}{f' ({more})' if more else ''}:"
    for item in losses.items[:_ITEMS_SHOWN]:
        at = f"{item.at:%Y-%m-%d %H:%M}  " if item.at else ""
        yield f"  {at}{item.label}  {item.detail}"
    if losses.count > _ITEMS_SHOWN:
        yield f"  and {losses.count - _ITEMS_SHOWN:,} more"


def _table(title: str, *columns: Column | str) -> Table:
    return Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _whole(title: str) -> Column:
    """Of what is typed in again: in a narrow terminal, other columns give way."""
    return Column(title, no_wrap=True)


def _day(title: str) -> Column:
    """The hour may go to a line of its own."""
    return Column(title, min_width=len("2026-11-26"))


def _counted(kind: str, count: int) -> str:
    one, many = _KINDS[kind]
    return f"{count:,} {one if count == 1 else many}"


def _require_somebody() -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("Standard input is no terminal, so that nobody can confirm: add --yes.")
