"""`berrypod restore`: with the server stopped, running, or with a database that cannot be opened."""

# ruff: noqa: PLC0415 - what a command does takes a second to import, and its help and completion need nothing of it

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import examples
from berrypod.settings import Secret

_file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_yes = click.option("--yes", is_flag=True, help="Do not ask for the words of consent: for scripts.")
_newer = click.option(
    "--accept-newer",
    is_flag=True,
    help="Go on though orders come in between the comparison and the exchange. They are listed afterwards.",
)
_key_stdin = click.option(
    "--key-stdin",
    is_flag=True,
    help="Read the key with which the backup was made, if that is not this shop's, from the first line of standard "
    "input. It is never an argument: other users see those.",
)


@click.group(cls=RichGroup)
def restore() -> None:
    """Replace the shop by a backup, and take it back."""


@restore.command(cls=RichCommand, epilog=examples("berrypod restore check /safe/place/shop.db"))
@_file
@_key_stdin
@_json
def check(file: Path, key_stdin: bool, as_json: bool) -> None:
    """Say what FILE is, whether it can be restored, and what would be lost. Nothing is replaced.

    A copy of it is looked at, which takes as much space for a moment. Exit status 0: it can be restored.
    """
    from berrypod_restore import doing

    asyncio.run(doing.check(file, _read_key(key_stdin), as_json=as_json))


@restore.command(
    cls=RichCommand,
    epilog=examples(
        "berrypod restore apply /safe/place/shop.db",
        "berrypod restore apply former.db --yes --key-stdin < key-of-that-time.txt",
    ),
)
@_file
@_yes
@_newer
@_key_stdin
@_json
def apply(file: Path, yes: bool, accept_newer: bool, key_stdin: bool, as_json: bool) -> None:
    """Replace the shop's database by FILE, which may be a backup of any age and key. FILE stays as it is.

    It is checked, and what would be lost is shown first. Servers that run go on with it by themselves, and customers
    wait for a moment. The former database is kept: `berrypod restore undo` puts it back.
    """
    from berrypod_restore import doing

    asyncio.run(doing.apply(file, _read_key(key_stdin), yes=yes, accept_newer=accept_newer, as_json=as_json))


@restore.command(
    "from",
    cls=RichCommand,
    epilog=examples(
        "berrypod restore from s3://my-shop --list",
        "berrypod restore from s3://my-shop",
        "berrypod restore from file:///mnt/disk/backups",
    ),
)
@click.argument("address", metavar="ADDRESS")
@click.option(
    "--backup",
    metavar="ID",
    default="newest",
    show_default=True,
    help="Which one: an id of `--list`.",
)
@click.option("--list", "list_only", is_flag=True, help="Only list the backups that are there.")
@_yes
@_newer
@_key_stdin
@_json
def from_(
    *, address: str, backup: str, list_only: bool, yes: bool, accept_newer: bool, key_stdin: bool, as_json: bool
) -> None:
    """Replace the shop's database by a backup that is kept at ADDRESS; or make one of it, where there is none.

    All that this machine needs is Berrypod, the shop's key in SECRET_KEY_DB, and, for S3, the access key in
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Then it goes on as `berrypod restore apply`.
    """
    from berrypod_restore import doing

    if list_only:
        asyncio.run(doing.show_archive(address, as_json=as_json))
        return
    key = _read_key(key_stdin)
    asyncio.run(doing.bring_back(address, backup, key, yes=yes, accept_newer=accept_newer, as_json=as_json))


@restore.command(cls=RichCommand, epilog=examples("berrypod restore list", "berrypod restore undo"))
@click.option("--former", metavar="ID", help="Which one: an id of `berrypod restore list`. Without it, the newest.")
@_yes
@_newer
@_json
def undo(former: str | None, yes: bool, accept_newer: bool, as_json: bool) -> None:
    """Put a former database back: take a restore back. What it replaces is kept in turn.

    What would be lost is shown first, and asked for. The servers may run.
    """
    from berrypod_restore import doing

    asyncio.run(doing.undo(former, yes=yes, accept_newer=accept_newer, as_json=as_json))


@restore.command("list", cls=RichCommand, epilog=examples("berrypod restore list"))
@_json
def list_(as_json: bool) -> None:
    """List restores and undos, and the former databases that are kept and can be put back."""
    from berrypod_restore import doing

    asyncio.run(doing.list_all(as_json=as_json))


def _read_key(from_stdin: bool) -> Secret | None:
    if not from_stdin:
        return None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("--key-stdin: there is no line on standard input.")
    return Secret(line)
