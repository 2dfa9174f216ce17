"""`berrypod key`: the key of the shop's file."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import settings_with_key


@click.group(cls=RichGroup)
def key() -> None:
    """Keep the key of the shop's file safe."""


@key.command(cls=RichCommand)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to FILE, a new one that you alone can read.",
)
@click.option(
    "--to-pipe",
    is_flag=True,
    help="Print it although standard output is no terminal, for example to a printer: `... --to-pipe | lp`.",
)
def kit(output: Path | None, to_pipe: bool) -> None:
    """Print the emergency kit: the key, also as a QR code, and how to open the shop with it on another machine.

    Keep it apart from the file. It is printed to the terminal, or to a file, and stored nowhere else.
    The key is tried first: one that does not open the shop is refused. The server may run.
    """
    from berrypod.keys.kit import kit_parts, kit_text, make_kit, write_kit  # noqa: PLC0415 - segno takes a moment

    if output is None and not to_pipe and not sys.stdout.isatty():
        raise click.UsageError(
            "Standard output is no terminal, and what goes there may end up in a log: "
            "name a file with --output FILE, or give --to-pipe."
        )
    made = make_kit(settings_with_key())
    if output is not None:
        write_kit(made, output)
        click.echo(f"The kit of the key {made.fingerprint} is in {output}. Take it off this machine.", err=True)
        if output.resolve().parent == made.database_path.resolve().parent:
            click.echo("It lies beside the shop's file now: whoever takes the folder has both.", err=True)
    elif sys.stdout.isatty():
        above, code, below = kit_parts(made)
        click.echo("\n".join((above, *(click.style(line, fg="black", bg="bright_white") for line in code), below)))
    else:
        click.echo(kit_text(made).reveal())
