"""`berrypod db encrypt` and `berrypod db decrypt`."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import Final

import click
from rich_click import RichCommand

from berrypod.commands.common import examples, settings_with_key
from berrypod.commands.progress import progress_bar
from berrypod.commands.telling import write_down
from berrypod.errors import BerrypodError, SettingsError
from berrypod.settings import MINIMUM_SECRET_BYTES, Secret, Settings, is_public
from berrypod.storage.converting import AlreadyDone, Converted, plain_formers, remove_former
from berrypod.storage.converting import decrypt as decrypt_file
from berrypod.storage.converting import encrypt as encrypt_file
from berrypod.storage.files import people_size
from berrypod.storage.keys import passphrase_fingerprint, read_salt

_IN_PLAIN: Final = "store it unencrypted"

_wait = click.option(
    "--wait", default=2.0, show_default=True, help="Seconds to wait for other processes to let go of the file."
)


class NotInProduction(BerrypodError):
    code = "not_in_production"
    status = 409
    title = "A production shop is not decrypted"
    default_hint = (
        "It would not start any more: BERRYPOD_ENV=prod needs a key. To look into the file with another program, it "
        "need not be decrypted (docs/compatibility.md). For a plain copy all the same: copy a backup to another "
        "folder, and decrypt that with BERRYPOD_ENV=dev."
    )


@click.command(
    cls=RichCommand,
    epilog=examples("SECRET_KEY_DB=$(cat key) berrypod db encrypt", "berrypod db encrypt --remove-former"),
)
@click.option(
    "--remove-former",
    is_flag=True,
    help="Overwrite and remove the plain file that is kept. Also later, on its own.",
)
@_wait
def encrypt(remove_former: bool, wait: float) -> None:
    """Encrypt a plain shop with SECRET_KEY_DB. The server must be stopped.

    A new file is written, verified, and put in the place of the shop's. The plain one is kept beside it until you
    remove it: until then, whoever has the disk can read the shop.
    """
    settings = settings_with_key()
    key = _key_for_encrypting(settings)
    path = settings.database_path
    try:
        with progress_bar("Encrypting the shop ...") as tell:
            done = asyncio.run(encrypt_file(path, key, wait=wait, progress=tell))
    except AlreadyDone:
        if not remove_former or not plain_formers(path):
            raise
    else:
        _note_encrypted(done, key)
        click.echo(f"{path} is encrypted with SECRET_KEY_DB ({people_size(done.size_bytes)}).")
        click.echo("Keep that key somewhere else as well: `berrypod key kit` prints it, with what to do with it.")
    _see_to_formers(path, remove=remove_former)


@click.command(cls=RichCommand, epilog=examples("berrypod db decrypt"))
@click.option("--yes", is_flag=True, help="Do not ask the first question. For scripts.")
@click.option("--yes-i-want-plain-text", is_flag=True, help="Nor the second.")
@_wait
def decrypt(yes: bool, yes_i_want_plain_text: bool, wait: float) -> None:
    """Take the encryption off the shop's file, for development. The server must be stopped.

    Asks twice. Whoever gets hold of the file can read everything in it then: customers, orders, settings. Not for
    BERRYPOD_ENV=prod, where a shop without a key does not start.
    """
    settings = settings_with_key()
    if settings.production:
        raise NotInProduction
    key = settings.secret_key_db
    if key is None:
        raise SettingsError(
            "SECRET_KEY_DB is not set: the key is needed to decrypt the file", hint="Set it to the shop's key."
        )
    path = settings.database_path
    _require_confirmed(path)
    if not yes:
        _ask(f"{path} will be readable by whoever gets hold of it. Type the file's name", path.name)
    if not yes_i_want_plain_text:
        _ask(f"Customers, orders and admins included. Type: {_IN_PLAIN}", _IN_PLAIN)
    with progress_bar("Decrypting the shop ...") as tell:
        done = asyncio.run(decrypt_file(path, key, wait=wait, progress=tell))
    _note_decrypted(done, key)
    click.echo(f"{path} is NOT encrypted any more ({people_size(done.size_bytes)}). Unset SECRET_KEY_DB to start it.")
    click.echo(f"The encrypted one is kept, under the same key as before: {done.former}")
    click.echo("Backups that were made before need that key, too: keep it.")


def _key_for_encrypting(settings: Settings) -> Secret:
    """:raises SettingsError: there is none, or one that protects nothing."""
    key = settings.secret_key_db
    hint = "Type: export SECRET_KEY_DB=$(berrypod secret)  - and keep it somewhere safe: a lost key is a lost shop."
    if key is None:
        raise SettingsError("SECRET_KEY_DB is not set: it will be the key of the file", hint=hint)
    if len(key) < MINIMUM_SECRET_BYTES:
        needed = f"SECRET_KEY_DB has {len(key)} bytes; at least {MINIMUM_SECRET_BYTES} are needed"
        raise SettingsError(needed, hint=hint)
    if is_public(key):
        raise SettingsError("SECRET_KEY_DB is the public key of development", hint=hint)
    return key


def _require_confirmed(path: Path) -> None:
    """:raises RotationUnconfirmed: two keys open the file, and the note about that would be left behind."""
    from berrypod.keys.rotation_records import RotationUnconfirmed  # noqa: PLC0415 - slow to import
    from berrypod.storage.handover import read_note  # noqa: PLC0415 - as above

    note = read_note(path)
    if note is not None and path.is_file() and read_salt(path).hex() != note.former_salt:
        raise RotationUnconfirmed


def _ask(question: str, answer: str) -> None:
    """:raises UsageError: there is nobody to ask. :raises Abort: it was answered otherwise."""
    if not _somebody_is_there():
        raise click.UsageError("Nobody is there to ask: give both --yes and --yes-i-want-plain-text.")
    if str(click.prompt(question, default="", show_default=False, err=True)).strip() != answer:
        click.echo("That is not it. Nothing was changed.", err=True)
        raise click.exceptions.Exit(1)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _see_to_formers(path: Path, *, remove: bool) -> None:
    """The plain files that are kept: remove them, or say where they are."""
    kept = plain_formers(path)
    for each in kept:
        if remove:
            remove_former(each)
            click.echo(f"Overwritten and removed: {each}")
        else:
            click.echo(f"The plain file is still there, IN CLEAR: {each}", err=True)
    if kept and not remove:
        click.echo(
            "Look whether the shop is as it was; then `berrypod db encrypt --remove-former`, or remove it yourself:",
            err=True,
        )
        click.echo(f"  shred -u {shlex.join(map(str, kept))}", err=True)
    if kept:
        click.echo(
            "Overwriting is no promise: an SSD, or a file system with snapshots, may keep what was there. "
            "Backups that were made before are plain, too.",
            err=True,
        )


def _note_encrypted(done: Converted, key: Secret) -> None:
    from berrypod.events import DatabaseEncrypted  # noqa: PLC0415 - slow to import

    write_down(
        DatabaseEncrypted(
            fingerprint=passphrase_fingerprint(key),
            size_bytes=done.size_bytes,
            former=done.former.name,
            actor="cli",
        )
    )


def _note_decrypted(done: Converted, key: Secret) -> None:
    from berrypod.events import DatabaseDecrypted  # noqa: PLC0415 - slow to import

    write_down(
        DatabaseDecrypted(
            fingerprint=passphrase_fingerprint(key),
            size_bytes=done.size_bytes,
            former=done.former.name,
            actor="cli",
        )
    )
