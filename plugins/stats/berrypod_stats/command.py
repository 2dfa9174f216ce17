"""`berrypod stats`: the same figures in a terminal, with the server running or not."""

from __future__ import annotations

import asyncio

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich_click import RichCommand

from berrypod.commands.common import echo_json, examples, opened_context
from berrypod.commands.progress import progress_bar
from berrypod.errors import BerrypodError
from berrypod.storage.files import people_size
from berrypod_stats.gather import groups
from berrypod_stats.plugin import measurements_of
from berrypod_stats.report import Sizes, Stats, StatsGroup, report

# Together with the numbers, eighty columns.
_NAME_WIDTH = 22
_BAR_WIDTH = 10


@click.command(cls=RichCommand, epilog=examples("berrypod stats --indexes"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs: what GET /api/stats answers.")
@click.option("--indexes", is_flag=True, help="Show each table's indexes on lines of their own.")
def stats(as_json: bool, indexes: bool) -> None:
    """Show what is in the shop's file: rows and exact size of each table, encryption, free pages.

    Measures now, whether or not the server is running; for a file of gigabytes that takes some seconds.
    """
    found = asyncio.run(_measure())
    if as_json:
        echo_json(found)
    else:
        _show(found, Console(), indexes=indexes)
    if found.error:
        raise BerrypodError(found.error.message, hint=found.error.hint)


async def _measure() -> Stats:
    async with opened_context("stats") as context:
        with progress_bar("Measuring the tables ..."):
            view = await measurements_of(context).refresh()
        return report(view, await groups(context.plugins))


def _show(found: Stats, console: Console, *, indexes: bool) -> None:
    for group in found.providers:
        _show_group(group, console)
    if found.sizes:
        console.print(_size_table(found.sizes, indexes=indexes))


def _show_group(group: StatsGroup, console: Console) -> None:
    table = Table(title=escape(group.title), title_justify="left", show_header=False, box=None, pad_edge=False)
    for figure in group.figures:
        text = escape(figure.text)
        if figure.warning:
            text = f"[bold yellow]{text}[/]\n[yellow]{escape(figure.warning)}[/] {escape(figure.hint or '')}"
        table.add_row(escape(figure.label), text)
    if group.error:
        table.add_row("[red]failed[/]", f"{escape(group.error.message)}\n{escape(group.error.hint)}")
    console.print(table)
    console.print()


def _size_table(sizes: Sizes, *, indexes: bool) -> Table:
    taken = f"{sizes.taken_at:%Y-%m-%d %H:%M:%S} UTC, in {sizes.seconds:.1f} s"
    table = Table(title="Tables", caption=f"Measured {taken}", box=SIMPLE_HEAD, pad_edge=False)
    table.title_justify = table.caption_justify = "left"
    table.add_column("Table", overflow="fold", min_width=_NAME_WIDTH)
    for name in ("Rows", "Size", "Indexes", "Share"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", width=_BAR_WIDTH)
    for one in sizes.tables:
        rows = "" if one.rows is None else f"{one.rows:,}"
        bar = ProgressBar(total=1.0, completed=one.share, width=_BAR_WIDTH)
        index_size = people_size(one.index_bytes) if one.index_bytes else ""
        table.add_row(escape(one.name), rows, people_size(one.size_bytes), index_size, f"{one.share:.1%}", bar)
        for index in one.indexes if indexes else ():
            table.add_row(f"[dim]  {escape(index.name)}[/]", "", "", f"[dim]{people_size(index.size_bytes)}[/]", "", "")
    table.add_section()
    if sizes.other_bytes:
        table.add_row("SQLite's own pages", "", people_size(sizes.other_bytes))
    table.add_row("free pages", "", people_size(sizes.free_bytes))
    table.add_row("[bold]whole file[/]", "", f"[bold]{people_size(sizes.file_bytes)}[/]")
    return table
