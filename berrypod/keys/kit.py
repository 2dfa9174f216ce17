"""The emergency kit: what opens the shop on another machine, on a sheet of paper.

    kit = await asyncio.to_thread(make_kit, settings)      # looks first whether the key opens the file
    write_kit(kit, Path("/media/usb/kit.txt"))

The key is in it in clear: that is what it is for. It goes to a terminal or to a file of its own, and nowhere else.
"""

from __future__ import annotations

import os
import shlex
import socket
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import segno

from berrypod import __version__
from berrypod.errors import BerrypodError
from berrypod.settings import Secret, Settings
from berrypod.storage import handover
from berrypod.storage.diagnosis import identify
from berrypod.storage.files import PRIVATE_FILE, fsync_folder, translate_os_error
from berrypod.storage.keys import passphrase_fingerprint

_WIDTH: Final = 78
# Light modules around the code, without which phones do not find it: as many as the standard asks for.
_QUIET_MODULES: Final = 4
# Two rows of modules in a line of text: dark above, dark below.
_BLOCKS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class NoKey(BerrypodError):
    code = "no_key"
    status = 409
    title = "The shop is not encrypted: there is no key to keep"
    default_hint = "`berrypod db encrypt` encrypts it, with the server stopped."


class KitExists(BerrypodError):
    code = "kit_exists"
    status = 409
    title = "There is a file of that name already"
    default_hint = "Name a file that does not exist: a kit never overwrites one, it may be the only one of another key."


@dataclass(frozen=True, kw_only=True)
class Kit:
    """All that the sheet says. `machine` is the name of the one it was made on; `made_at` is in UTC."""

    key: Secret = field(repr=False)
    fingerprint: str
    database_path: Path
    machine: str
    made_at: datetime
    version: str = __version__

    @classmethod
    def of(cls, key: Secret, database_path: Path) -> Kit:
        """The kit of a key, whether or not it opens the file yet. Takes 90 ms, for the fingerprint."""
        return cls(
            key=key,
            fingerprint=passphrase_fingerprint(key),
            database_path=database_path,
            machine=socket.gethostname(),
            made_at=datetime.now(UTC),
        )


def make_kit(settings: Settings) -> Kit:
    """The kit of the key that opens the shop's file. With the server running or not.

    Of the key of the settings; or, after a change of the key, of the one that came after it.

    :raises NoKey: the shop has none.
    :raises StorageError: the key does not open the file, or there is none; the subclass says which.
    """
    path, own = settings.database_path, settings.secret_key_db
    key = identify(path, own)
    passphrase = handover.current(path, own, key)
    if key is None or passphrase is None:
        raise NoKey
    return Kit.of(passphrase, path)


def write_kit(kit: Kit, path: Path) -> None:
    """Write the kit to a new file that its owner alone can read.

    :raises KitExists: there is a file of that name; it stays as it is.
    :raises FolderNotWritable: (or DiskFull) it cannot be written; nothing is left of it.
    """
    content = kit_text(kit).reveal().encode()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    except FileExistsError:
        raise KitExists(f"There is a file {path} already") from None
    except FileNotFoundError:
        raise KitExists(f"There is no folder {path.parent}", hint="Make the folder, or name another one.") from None
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, opened with its mode
            os.fchmod(file.fileno(), PRIVATE_FILE)  # Whatever the umask says.
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fsync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise translate_os_error(error, path.parent) from error


def kit_text(kit: Kit) -> Secret:
    """The whole sheet, as plain text. A secret."""
    above, code, below = kit_parts(kit)
    return Secret("\n".join((above, *code, below)))


def kit_parts(kit: Kit) -> tuple[str, Sequence[str], str]:
    """The sheet in three: what stands above the QR code, the code's lines (all of one width), and what stands below.

    A terminal shows the code in black on white whatever its colours are; most phones read no other.
    """
    return _above(kit), qr_lines(kit.key), _below(kit)


def qr_lines(key: Secret) -> Sequence[str]:
    """The key as a QR code of block characters, dark on light. Empty if it is too long for one."""
    text = key.reveal()
    try:
        code = segno.make_qr(text, error="m", boost_error=False, encoding=None if text.isascii() else "utf-8")
    except segno.DataOverflowError:
        return ()
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=_QUIET_MODULES)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return [
        "".join(_BLOCKS[pair] for pair in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]


def _above(kit: Kit) -> str:
    key = kit.key.reveal()
    shown = key if key.isprintable() else "(it has characters that cannot be printed: scan the code)"
    return f"""\
EMERGENCY KIT OF A BERRYPOD SHOP

Key           {shown}
Fingerprint   {kit.fingerprint}
Made          {kit.made_at:%Y-%m-%d %H:%M} UTC, by Berrypod {kit.version}
Shop's file   {kit.database_path}
On            {kit.machine}

{_wrapped(_WHAT_IT_IS)}
"""


def _below(kit: Kit) -> str:
    name = shlex.quote(kit.database_path.name)
    code = "The code above is the key, and nothing else." if qr_lines(kit.key) else "The key is too long for a QR code."
    query = "SELECT * FROM orders;"
    return f"""
{code}

ON A NEW MACHINE

1. Install Berrypod {kit.version} or later: its README.md, "Quick start", has the command.
2. Put the shop's file into a folder there, or the newest backup: either will do.
   Call it {kit.database_path.name}.
3. In that folder, in bash or zsh. The second line waits for the key, and does not
   show it:

     export BERRYPOD_ENV=prod DATABASE_PATH="$PWD/"{name}
     read -rs SECRET_KEY_DB && export SECRET_KEY_DB
     export SECRET_KEY_BASE=$(berrypod secret)
     berrypod doctor
     berrypod serve

   Keep both secrets where that machine starts the shop from. If you have the
   former SECRET_KEY_BASE, set that one: then nobody has to sign in anew. If not,
   those with an authenticator need another one: berrypod admin disable-totp EMAIL

WITHOUT BERRYPOD

Any program that knows SQLCipher 4 opens the file, for example:

     sqlcipher {name}
     sqlite> PRAGMA key = 'the key';
     sqlite> {query}
"""


_WHAT_IT_IS: Final = (
    "Whoever has this sheet and the shop's file, or a backup of it, can read everything in it. Without the key nobody "
    "can, and there is no second one. Keep it apart from the file and its backups, where you find it after a fire: on "
    "paper in a safe, in a password manager. Destroy it when the key is changed and no backup needs it any more: each "
    "backup needs the key whose fingerprint it shows."
)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
