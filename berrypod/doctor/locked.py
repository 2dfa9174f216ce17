"""Checks of the lock on the file: the key opens it, nothing else does, and any SQLCipher does with that key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, from_error, passed, unchecked, warned
from berrypod.doctor.subject import Subject, Unlocked
from berrypod.settings import Secret
from berrypod.storage import handover
from berrypod.storage.connection import open_as_stranger, open_immutable
from berrypod.storage.diagnosis import require_file
from berrypod.storage.files import people_size
from berrypod.storage.keys import DatabaseKey, read_salt
from berrypod.storage.log import log_path
from berrypod.storage.wholeness import require_whole

# A page of a shop that runs may be half written when it is read without a lock.
_TRIES = 3

_SET_THE_NEW_KEY = (
    "Set SECRET_KEY_DB to the new key wherever the shop is started from, restart it, and then: `berrypod key confirm`"
)
_CONFIRM = "When the server was restarted with the new key: `berrypod key confirm`"

_NO_KEY_HELPS = "Stop the shop, set SECRET_KEY_DB, and run `berrypod db encrypt`."

_STANDARD = {
    "cipher_page_size": "4096",
    "kdf_iter": "256000",
    "cipher_hmac_algorithm": "HMAC_SHA512",
    "cipher_kdf_algorithm": "PBKDF2_HMAC_SHA512",
    "cipher_plaintext_header_size": "0",
}
_OLDER_VERSIONS = tuple(f"cipher_compatibility = {version}" for version in (3, 2, 1))
# With the same derivation of the key.
_OTHER_SETTINGS = (
    *(f"cipher_page_size = {size}" for size in (1024, 2048, 8192, 16384, 32768, 65536, 512)),
    "cipher_hmac_algorithm = HMAC_SHA1",
    "cipher_use_hmac = OFF",
)
_OTHER_KEY = "Write it anew under a key of `berrypod secret`: docs/compatibility.md says how."
_MAKE_STANDARD = (
    "Open it with those settings in the `sqlcipher` tool, and write it anew with SQLCipher's own: ATTACH a new file "
    "with the same key, SELECT sqlcipher_export."
)


def database(subject: Subject) -> Finding:
    """There is a file, and it has all its bytes."""
    name = "database"
    try:
        status = require_file(subject.path)
        if isinstance(subject.lock, errors.DatabaseEmpty | errors.NotADatabase | errors.FolderNotWritable):
            return from_error(name, subject.lock)
        # A log in use holds pages that are not in the file yet, and its size says nothing.
        log = log_path(subject.path)
        if isinstance(subject.lock, Unlocked) and not (log.exists() and log.stat().st_size):
            require_whole(subject.path, subject.lock.key)
    except errors.StorageError as error:
        return from_error(name, error)
    return passed(name, "The database is there", f"{subject.path}, {people_size(status.st_size)}")


def opens(subject: Subject) -> Finding:
    """The key of the settings opens the file, and a query can be run."""
    name = "opens"
    if subject.unreadable is not None:
        return from_error(name, subject.unreadable, title="The shop's key does not open the file")
    if not subject.encrypted:
        return passed(name, "The file opens", "It has no key.")
    if note := _unconfirmed(subject):
        change = f"on {note.at:%Y-%m-%d %H:%M} UTC, from {note.former_fingerprint} to {note.new_fingerprint}"
        if subject.passphrase is not subject.settings.secret_key_db:
            why = f"Changed {change}. SECRET_KEY_DB is the former one, which opens it until that is confirmed."
            return warned(name, "SECRET_KEY_DB is not the shop's key any more", why, _SET_THE_NEW_KEY)
        why = f"Changed {change}. The former key still opens the file."
        return warned(name, "The change of the shop's key is not confirmed", why, _CONFIRM)
    return passed(name, "The shop's key opens the file", "by the derived key, and the page's signature is right")


def _unconfirmed(subject: Subject) -> handover.Note | None:
    """What is known of a change of the key that waits to be confirmed."""
    note = handover.read_note(subject.path)
    key = subject.lock.key if isinstance(subject.lock, Unlocked) else None
    return None if note is None or key is None or key.salt.hex() == note.former_salt else note


def needs_key(subject: Subject) -> Finding:
    """Without a key, nothing can be read. Tried."""
    name = "needs-key"
    if _stranger_reads(subject, None):
        why = "It was opened without a key. Whoever gets the file, or a backup, can read all of it."
        level = "fail" if subject.settings.production or subject.settings.secret_key_db else "warn"
        return Finding(check=name, level=level, title="The file opens without a key", why=why, what_to_do=_NO_KEY_HELPS)
    return passed(name, "Without the key, the file does not open", "tried, and refused")


def refuses_wrong_key(subject: Subject) -> Finding:
    """With another key, nothing can be read either. Tried."""
    name = "wrong-key"
    if not subject.encrypted:
        return _not_encrypted(name, "whether a wrong key opens the file")
    if _stranger_reads(subject, Secret(secrets.token_urlsafe(48))):
        why = "A key made up for this opened it: it is no encrypted file of a shop."
        return failed(name, "A wrong key opens the file", why, "Put a backup in its place.")
    return passed(name, "A wrong key does not open the file", "tried, and refused")


def cipher_settings(subject: Subject) -> Finding:
    """Any SQLCipher 4 opens the file with the passphrase alone, with settings that nobody had to write down."""
    name, key = "cipher-settings", subject.passphrase
    if not subject.encrypted:
        return _not_encrypted(name, "SQLCipher's settings")
    if key is None:
        return unchecked(name, "SQLCipher's settings", errors.KeyMissing("SECRET_KEY_DB is not set"))
    found = _settings_with(subject, key, ())
    if found == _STANDARD:
        why = "4,096-byte pages, 256,000 rounds of PBKDF2, HMAC-SHA512: the passphrase alone opens it in any tool"
        return passed(name, "The file has SQLCipher's own settings", why)
    if isinstance(subject.lock, Unlocked):
        why = "They take a key of this form for a raw one, or the first page is damaged: here it does open."
        return failed(name, "Other programs cannot open the file", why, _OTHER_KEY)
    if setting := _needed_setting(subject, key):
        why = f"The key opens it with `PRAGMA {setting}` and not without."
        return failed(name, "The file has other settings than SQLCipher 4", why, _MAKE_STANDARD)
    return unchecked(name, "SQLCipher's settings", subject.lock)


def _not_encrypted(name: str, what: str) -> Finding:
    return warned(name, f"Not checked: {what}", "The file is not encrypted.", "Encrypt the shop first: see above.")


def _stranger_reads(subject: Subject, passphrase: Secret | None) -> bool:
    try:
        open_as_stranger(subject.path, passphrase).close()
    except (dbapi2.Error, MemoryError):
        return False
    return True


def _settings_with(subject: Subject, key: Secret, settings: Sequence[str]) -> dict[str, str] | None:
    """SQLCipher's settings after it opened the file by the passphrase and `settings`; None if it did not open it."""
    for _ in range(_TRIES if isinstance(subject.lock, Unlocked) else 1):
        try:
            connection = open_as_stranger(subject.path, key, settings)
        except (dbapi2.Error, MemoryError):
            continue
        try:
            return dict(_values(connection))
        finally:
            connection.close()
    return None


def _needed_setting(subject: Subject, key: Secret) -> str | None:
    """The setting with which the passphrase opens the file; None if there is none."""
    for setting in _OLDER_VERSIONS:
        if _settings_with(subject, key, (setting,)):
            return setting
    derived = DatabaseKey.derive(key, read_salt(subject.path))
    for setting in _OTHER_SETTINGS:
        try:
            open_immutable(subject.path, derived, cipher=(setting,)).close()
        except (dbapi2.Error, MemoryError):
            continue
        return setting
    return None


def _values(connection: dbapi2.Connection) -> Iterator[tuple[str, str]]:
    for name in _STANDARD:
        row = connection.execute(f"PRAGMA {name}").fetchone()
        yield name, str(row[0]) if row else ""
