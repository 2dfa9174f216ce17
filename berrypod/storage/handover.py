"""After a change of the key: how whoever knows the former passphrase alone still opens the shop's file.

Processes that run have the passphrase that SECRET_KEY_DB had when they were started, and so has whatever they start.
So a note lies beside the file (`<database>-key`), from just before the new file takes its name until the admin confirms
to have the new passphrase: it holds that one, sealed under the former key. It exposes no more than the former file,
which is kept as long. The note of a change that came to nothing is known by the file's salt, and goes.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from berrypod.decoding import decoder
from berrypod.settings import Secret
from berrypod.storage.files import fsync_folder, sweep, write_durably
from berrypod.storage.keys import DatabaseKey

log = logging.getLogger("berrypod.storage")

_NONCE_BYTES = 12
_INFO = b"berrypod key hand-over"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is in UTC, fingerprints are of passphrases, salts are in hex, `sealed` in base64.

    `former` is the path of the file under the former key, relative to the folder of the shop's: that may be moved.
    """

    id: str
    at: datetime
    by: str
    former_fingerprint: str
    new_fingerprint: str
    former: str
    former_salt: str
    new_salt: str
    sealed: str


class _Sealed(msgspec.Struct, frozen=True):
    passphrase: str
    derived: str


@dataclass(frozen=True)
class Heir:
    """What takes the place of the former passphrase: the new one, and its key for the file that was made then."""

    passphrase: Secret
    key: DatabaseKey = field(repr=False)

    def key_for(self, salt: bytes) -> DatabaseKey:
        """Takes 90 ms for another file than the one that was made then."""
        return self.key if salt == self.key.salt else DatabaseKey.derive(self.passphrase, salt)


_decoder, _sealed_decoder = decoder(Note), decoder(_Sealed)


def note_path(path: Path) -> Path:
    path = path.resolve()
    return path.with_name(path.name + "-key")


def read_note(path: Path) -> Note | None:
    """The note beside the shop's file at `path`. None if there is none, or none that makes sense."""
    note = note_path(path)
    if not note.exists():
        return None
    try:
        return _decoder.decode(note.read_bytes())
    except FileNotFoundError:
        return None  # It has just been confirmed.
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be read: %s", note_path(path), type(error).__name__)
        return None


def write_note(
    path: Path,
    *,
    rotation: str,
    at: datetime,
    by: str,
    fingerprints: tuple[str, str],
    former: Path,
    former_key: DatabaseKey,
    new: Secret,
    new_key: DatabaseKey,
) -> Note:
    """Write down what is about to be done: whoever has the former passphrase opens the new file, too.

    :raises DiskFull: (or FolderNotWritable) it cannot be written.
    """
    nonce = os.urandom(_NONCE_BYTES)
    content = msgspec.json.encode(_Sealed(new.reveal(), new_key.derived.hex()))
    note = Note(
        id=rotation,
        at=at,
        by=by,
        former_fingerprint=fingerprints[0],
        new_fingerprint=fingerprints[1],
        former=os.path.relpath(former, path.parent),
        former_salt=former_key.salt.hex(),
        new_salt=new_key.salt.hex(),
        sealed=base64.b64encode(nonce + _cipher(former_key).encrypt(nonce, content, rotation.encode())).decode(),
    )
    write_durably(note_path(path), msgspec.json.encode(note))
    return note


def remove_note(path: Path) -> None:
    """:raises OSError: the disk refuses."""
    note_path(path).unlink(missing_ok=True)
    fsync_folder(path.parent)


def heir_of(path: Path, passphrase: Secret | None, known: Sequence[DatabaseKey] = ()) -> Heir | None:
    """What the note beside `path` says to somebody with this passphrase; None without a note, or if it says nothing.

    :param known: keys that were derived from the passphrase before: saves 90 ms.
    """
    if passphrase is None or (note := read_note(path)) is None:
        return None
    try:
        salt = bytes.fromhex(note.former_salt)
        sealed = base64.b64decode(note.sealed, validate=True)
        former = next((key for key in known if key.salt == salt), None) or DatabaseKey.derive(passphrase, salt)
        content = _cipher(former).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], note.id.encode())
        found = _sealed_decoder.decode(content)
        return Heir(Secret(found.passphrase), DatabaseKey(bytes.fromhex(found.derived), bytes.fromhex(note.new_salt)))
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        return None  # The passphrase is not the former one: most likely it is the new one.


def current(
    path: Path, passphrase: Secret | None, key: DatabaseKey | None, known: Sequence[DatabaseKey] = ()
) -> Secret | None:
    """The passphrase that opens the file at `path`, which `key` opens: the own one, or the one that came after it."""
    if key is None or not note_path(path).exists():
        return passphrase
    heir = heir_of(path, passphrase, known)
    return heir.passphrase if heir is not None and heir.key_for(key.salt) == key else passphrase


def tidy(path: Path, key: DatabaseKey | None) -> None:
    """Remove the note of a change that came to nothing. The gate is held, and `key` opens the file."""
    sweep(path.parent, of=note_path(path))
    note = read_note(path)
    if note is not None and key is not None and key.salt.hex() == note.former_salt:
        with suppress(OSError):  # It does no harm, and the next one tries again.
            remove_note(path)


def _cipher(key: DatabaseKey) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=key.salt, info=_INFO).derive(key.derived)
    return AESGCM(derived)
