"""`berrypod key rotate`, `status` and `confirm`: another key for the shop's file."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich_click import RichCommand

from berrypod.commands.common import current_plugins, echo_json, examples, opened_parts
from berrypod.commands.telling import warn_of_the_same_folder
from berrypod.keys.kept import in_words
from berrypod.settings import Secret, Settings

if TYPE_CHECKING:
    from berrypod.keys.backups import BackupsUnder
    from berrypod.keys.rotation_records import KeyStatus, Rotated, Rotation, Stage

_BYTES = 48
_NEW_KEY = "SECRET_KEY_DB_NEW"
_DOING = {
    "copying": "Writing the file anew",
    "catching_up": "Catching up",
    "verifying": "Verifying the new file",
    "replacing": "Putting it in its place",
}


@click.command(
    cls=RichCommand,
    epilog=examples(
        "berrypod key rotate --key-file /media/usb/new-key.txt",
        "berrypod key rotate --new-key-stdin < /media/usb/new-key.txt",
    ),
)
@click.option(
    "--new-key-stdin",
    is_flag=True,
    help="Read the new key from the first line of standard input. It is never an argument: other users see those.",
)
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make a new key, and write it to FILE, a new one that you alone can read. "
    "Without it: berrypod-key-FINGERPRINT.txt, in the folder where you are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def rotate(new_key_stdin: bool, key_file: Path | None, as_json: bool) -> None:
    """Give the shop's file another key, while the shop sells.

    The file is written anew under the new key beside the shop, which goes on; requests wait for a moment at the end.
    The key is made here, unless it comes from standard input or from SECRET_KEY_DB_NEW. Servers that run go on until
    you have set SECRET_KEY_DB to the new key and started them again; then: `berrypod key confirm`.

    Backups made before need the former key, for ever: keep it for as long as you keep them.
    """
    given = _given_key(from_stdin=new_key_stdin)
    if given is not None and key_file is not None:
        raise click.UsageError("--key-file is for a key that is made here: give it, or the new key.")
    new = given or Secret(secrets.token_urlsafe(_BYTES))

    async def run() -> tuple[Rotated, BackupsUnder, Path | None]:
        from berrypod.keys.backups import backups_under  # noqa: PLC0415 - takes a moment to import

        async with opened_parts() as parts:
            with (
                _kept(new, key_file, parts.database.path, make=given is None) as written,
                _shown() as progress,
            ):
                rotated = await parts.rotation.rotate(new, by="cli", progress=progress)
            backups = await backups_under(parts.plugins, rotated.rotation.former_fingerprint)
            return rotated, backups, written

    rotated, backups, written = asyncio.run(run())
    if as_json:
        echo_json({"rotated": rotated, "backups_under_former_key": backups, "key_file": written and str(written)})
        return
    rotation = rotated.rotation
    click.echo(
        f"The shop is under the key {rotation.new_fingerprint} now. It took {rotated.seconds:.1f} s; "
        f"requests waited for {rotated.closed_seconds:.2f} s."
    )
    if written is not None:
        click.echo(f"The new key is in {written}. Move it to where you keep your keys.")
        warn_of_the_same_folder(written, Settings.from_env().database_path)
        if sys.stdout.isatty() and sys.stdin.isatty() and click.confirm("Show it here?", default=False):
            click.echo(new.reveal())
    click.echo(
        f"Now set SECRET_KEY_DB to it, restart the server, and type: berrypod key confirm\n"
        f"Until then the former key ({rotation.former_fingerprint}) opens the shop, too.\n"
        f"Backups made before need the former key: keep it for as long as you keep them. {backups.told}\n"
        f"The file under the former key is kept: {rotation.former_file}"
    )


@click.command(cls=RichCommand, epilog=examples("berrypod key status"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def status(as_json: bool) -> None:
    """Show which key opens the shop, and whether a change of it runs, or waits to be confirmed."""

    async def run() -> KeyStatus:
        from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import

        parts = create_parts(Settings.from_env(), current_plugins())
        return await parts.rotation.status()

    told = asyncio.run(run())
    if as_json:
        echo_json(told)
        return
    for line in _told(told):
        click.echo(line)


@click.command(
    cls=RichCommand, epilog=examples("berrypod key confirm", "berrypod key confirm --remove-former   # the file, too")
)
@click.option("--remove-former", is_flag=True, help="Remove the file under the former key, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def confirm(remove_former: bool, as_json: bool) -> None:
    """Confirm a change of the key: SECRET_KEY_DB is the new one, and the server was restarted with it.

    The former key opens the shop no longer then. Do it after the restart: a server that was started with the former
    key could not open the file any more.
    """

    async def run() -> tuple[Rotation, BackupsUnder]:
        from berrypod.keys.backups import backups_under  # noqa: PLC0415 - takes a moment to import

        async with opened_parts() as parts:
            rotation = await parts.rotation.confirm(by="cli", remove_former=remove_former)
            return rotation, await backups_under(parts.plugins, rotation.former_fingerprint)

    rotation, backups = asyncio.run(run())
    if as_json:
        echo_json(rotation)
        return
    click.echo(f"Confirmed: the key {rotation.new_fingerprint} alone opens the shop.")
    if rotation.former_file and not remove_former:
        click.echo(
            f"The file under the former key is still there: {rotation.former_file}\n"
            "Remove it when you are sure; with the former key anybody can read it."
        )
    click.echo(
        f"Backups made before need the former key ({rotation.former_fingerprint}). {backups.told} "
        "Make a new one: berrypod backup create"
    )


def _given_key(*, from_stdin: bool) -> Secret | None:
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    return Secret(os.environ[_NEW_KEY]) if os.environ.get(_NEW_KEY) else None


@contextmanager
def _kept(new: Secret, path: Path | None, database: Path, *, make: bool) -> Generator[Path | None]:
    """The new key on the disk before it is used. The file goes if it came to nothing: if that key opens nothing."""
    if not make:
        yield None
        return
    from berrypod.keys.keyfile import write_key  # noqa: PLC0415 - takes a moment to import
    from berrypod.storage.handover import read_note  # noqa: PLC0415 - as above
    from berrypod.storage.keys import passphrase_fingerprint  # noqa: PLC0415 - as above

    fingerprint = passphrase_fingerprint(new)
    written = (path or Path(f"berrypod-key-{fingerprint}.txt")).absolute()
    write_key(written, new)
    try:
        yield written
    except BaseException:
        note = read_note(database)
        if note is not None and note.new_fingerprint == fingerprint:
            # Stopped in the last moment: this may be the only copy of the key that opens the shop.
            click.echo(f"`berrypod key status` says which key the shop has. The new one is in {written}", err=True)
        else:
            written.unlink(missing_ok=True)
        raise


@contextmanager
def _shown() -> Generator[Callable[[Stage, float], None]]:
    """A bar on a terminal, on standard error."""
    if not sys.stderr.isatty():
        yield lambda _stage, _share: None
        return
    from rich.console import Console  # noqa: PLC0415 - for a terminal alone
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_DOING["copying"], total=1.0)
        yield lambda stage, share: bar.update(task, description=_DOING[stage], completed=share)


def _told(status: KeyStatus) -> Generator[str]:
    if status.fingerprint is None:
        yield "The shop is not encrypted."
        return
    yield f"The shop's file opens with the key {status.fingerprint}."
    if status.restart_needed:
        yield f"SECRET_KEY_DB here is {status.own_fingerprint}, the former key: set it to the new one, and restart."
    if status.running:
        yield f"A change of the key runs: {_DOING[status.running.stage].lower()}, {status.running.share:.0%}."
    if status.unconfirmed:
        rotation = status.unconfirmed
        yield (
            f"The key was changed on {rotation.at:%Y-%m-%d %H:%M} UTC by {in_words(rotation.by)}, from "
            f"{rotation.former_fingerprint} to {rotation.new_fingerprint}, and not confirmed: with the new key set and "
            "the server restarted, type `berrypod key confirm`."
        )
    for former in status.former_files:
        yield f"Under the former key {former.fingerprint}: {former.path}"
