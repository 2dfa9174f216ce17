"""`berrypod key`: the key of the shop's file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands import rotation
from berrypod.commands.common import echo_json, examples, opened_parts, settings_with_key
from berrypod.commands.telling import warn_of_the_same_folder, write_down
from berrypod.errors import Invalid, SettingsError
from berrypod.settings import Settings

if TYPE_CHECKING:
    from berrypod.keys.base_key import Renewed
    from berrypod.keys.keeping import Kept


@click.group(cls=RichGroup)
def key() -> None:
    """Keep the keys of the shop safe, and change them."""


@key.command(cls=RichCommand, epilog=examples("berrypod key kit", "berrypod key kit --output /media/usb/kit.txt"))
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
    from berrypod.events import KeyKitMade  # noqa: PLC0415 - as below
    from berrypod.keys.kit import kit_parts, kit_text, make_kit, write_kit  # noqa: PLC0415 - takes a moment to import

    if output is None and not to_pipe and not _to_a_terminal():
        raise click.UsageError(
            "Standard output is no terminal, and what goes there may end up in a log: "
            "name a file with --output FILE, or give --to-pipe."
        )
    settings = settings_with_key()
    made = make_kit(settings)
    if settings.secret_key_db and settings.secret_key_db.reveal() != made.key.reveal():
        click.echo(
            "The key was changed: the kit is of the new one. SECRET_KEY_DB is the former one still; see "
            "`berrypod key status`.",
            err=True,
        )
    if output is not None:
        write_kit(made, output)
        click.echo(f"The kit of the key {made.fingerprint} is in {output}. Take it off this machine.", err=True)
        warn_of_the_same_folder(output, made.database_path)
    elif _to_a_terminal():
        above, code, below = kit_parts(made)
        click.echo("\n".join((above, *(click.style(line, fg="black", bg="bright_white") for line in code), below)))
    else:
        click.echo(kit_text(made).reveal())
    write_down(KeyKitMade(fingerprint=made.fingerprint, actor="cli"))


@key.command(cls=RichCommand, epilog=examples("berrypod key kept", "berrypod key kept --key-stdin < /media/usb/key"))
@click.option(
    "--key-stdin",
    is_flag=True,
    help="Read the key from the first line of standard input. It is never an argument: other users see those.",
)
def kept(key_stdin: bool) -> None:
    """Show that the key is kept elsewhere: type it, or paste it, from where you keep it.

    It is compared with the key of the shop, and not stored. From then on neither the administration nor
    `berrypod doctor` asks, until the key is changed.
    """
    entered = _read_key("The key that you keep", from_stdin=key_stdin)

    async def run() -> Kept:
        from berrypod.events import KeyKept  # noqa: PLC0415 - as above

        async with opened_parts() as parts:
            noted = await parts.key.confirm(entered, by="cli")
            parts.plugins.emit(KeyKept(fingerprint=noted.fingerprint, actor="cli"))
            return noted

    try:
        noted = asyncio.run(run())
    except Invalid as error:
        raise Invalid(error.message, hint=error.fields["key"]) from None
    click.echo(f"That is the key {noted.fingerprint}. It is noted that you keep it.")


@key.command(
    "rotate-base",
    cls=RichCommand,
    epilog=examples(
        "export SECRET_KEY_BASE_FORMER=$SECRET_KEY_BASE",
        "export SECRET_KEY_BASE=$(berrypod secret)",
        "berrypod key rotate-base",
    ),
)
@click.option("--end-sessions", is_flag=True, help="Sign all admins out, in every browser.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def rotate_base(end_sessions: bool, as_json: bool) -> None:
    """Bring all that SECRET_KEY_BASE encrypts in the shop's file under the present one.

    First set SECRET_KEY_BASE to a new secret and SECRET_KEY_BASE_FORMER to the one from before, for the shop too, and
    start it anew. Then run this; afterwards SECRET_KEY_BASE_FORMER may go. All fields are changed, or none.
    """
    from berrypod.events import BaseKeyRotated  # noqa: PLC0415 - as above
    from berrypod.keys.base_key import renew  # noqa: PLC0415 - as above

    async def run() -> Renewed:
        async with opened_parts() as parts:
            done = await renew(parts.database, end_sessions=end_sessions)
            if done.renewed or done.sessions_ended:
                told = BaseKeyRotated(
                    renewed=done.renewed,
                    unreadable=done.unreadable,
                    sessions_ended=done.sessions_ended,
                    actor="cli",
                )
                parts.plugins.emit(told)
            return done

    done = asyncio.run(run())
    if as_json:
        echo_json(done)
    else:
        click.echo(_brought(done))
        if end_sessions:
            click.echo(f"{done.sessions_ended} sessions of admins have ended.")
        if not done.unreadable and Settings.from_env().secret_key_base_former:
            click.echo("Now take SECRET_KEY_BASE_FORMER out of the environment, and start the shop anew.")
    if done.unreadable:
        raise SettingsError(
            f"{done.unreadable} encrypted fields open with none of the keys, and stay as they are",
            hint="Set SECRET_KEY_BASE_FORMER to the key with which they were stored. If it is lost: "
            "`berrypod admin disable-totp EMAIL`, for each admin with an authenticator.",
        )


def _brought(done: Renewed) -> str:
    if not (done.renewed or done.already or done.unreadable):
        return "Nothing in the shop's file is encrypted with SECRET_KEY_BASE yet."
    told = f"{done.renewed} encrypted {'field' if done.renewed == 1 else 'fields'} brought under the present "
    return f"{told}SECRET_KEY_BASE; {done.already} {'was' if done.already == 1 else 'were'} there already."


def _to_a_terminal() -> bool:
    return sys.stdout.isatty()


def _read_key(prompt: str, *, from_stdin: bool) -> str:
    """:raises UsageError: there is nobody to ask."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Standard input is no terminal: give the key with --key-stdin.")
    return str(click.prompt(prompt, hide_input=True))


for _command in (rotation.rotate, rotation.status, rotation.confirm):
    key.add_command(_command)
