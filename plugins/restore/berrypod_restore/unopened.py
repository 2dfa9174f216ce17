"""Why the shop's key opens nothing in a file. The driver says "file is not a database" to all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage.connection import open_immutable
from berrypod.storage.diagnosis import looks_encrypted
from berrypod.storage.keys import PAGE_BYTES, SALT_BYTES, DatabaseKey
from berrypod.storage.wholeness import has_lost_its_name
from berrypod_restore.verdicts import Verdict, verdict

_PAGES_PROBED: Final = 64
# SQLite can do nothing with 512 bytes of which SQLCipher keeps some.
_PAGE_SIZES: Final = (1024, 4096, 2048, 8192, 16_384, 32_768, 65_536)

# How files of other kinds begin. A backup that was packed is the one that somebody will really choose.
_BEGINNINGS: Final = {
    b"PK\x03\x04": "ZIP archive",
    b"\x1f\x8b\x08": "gzip archive",
    b"BZh": "bzip2 archive",
    b"\xfd7zXZ\x00": "xz archive",
    b"\x28\xb5\x2f\xfd": "Zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "7-Zip archive",
    b"Rar!\x1a\x07": "RAR archive",
    b"%PDF-": "PDF document",
    b"\x89PNG\r\n": "picture (PNG)",
    b"\xff\xd8\xff": "picture (JPEG)",
    b"RIFF": "picture or sound",
    b"age-encryption.org": "file encrypted with age",
    b"-----BEGIN PGP": "file encrypted with PGP",
}
_UNPACK: Final = "If your backup is in it, unpack it first, and choose the file that comes out."


@dataclass(frozen=True)
class _Settings:
    """A way to encrypt that is not ours: how the key is derived, and what SQLCipher is told."""

    name: str
    algorithm: str
    rounds: int
    pragmas: tuple[str, ...]


# The defaults of each of SQLCipher's versions, and ours without its HMACs.
# Source: https://www.zetetic.net/sqlcipher/sqlcipher-api/#cipher_compatibility
_KNOWN_SETTINGS: Final = (
    _Settings("SQLCipher 4", "sha512", 256_000, ()),
    _Settings("SQLCipher 4 without HMACs", "sha512", 256_000, ("cipher_use_hmac = OFF",)),
    _Settings("SQLCipher 3", "sha1", 64_000, ("cipher_compatibility = 3",)),
    _Settings("SQLCipher 2", "sha1", 4_000, ("cipher_compatibility = 2",)),
    _Settings("SQLCipher 1", "sha1", 4_000, ("cipher_compatibility = 1",)),
)


def explain_unopened(path: Path, passphrase: Secret | None, shop_key: DatabaseKey | None) -> Verdict:
    """Tell apart what no key opens. Takes up to half a second; for a thread.

    :param path: a file that is neither empty nor a plain SQLite database.
    :param shop_key: of the shop's own file. Its backups have its salt: a damaged salt is told by it.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        pages = dict(_probe(file.fileno()))
    if size < PAGE_BYTES:
        return too_short(size)
    first = pages.pop(1)
    for beginning, kind in _BEGINNINGS.items():
        if first.startswith(beginning):
            return verdict("not_a_database", f"It is a {kind}.", hint=_UNPACK)
    if shop_key is not None and _is_of_shop(shop_key, first, pages):
        return verdict(
            "damaged_first_page",
            "It is a backup of this shop. Its very first bytes have changed since it was written, and without them the "
            "key opens nothing.",
        )
    if not looks_encrypted(first):
        others = bool(pages) and size % PAGE_BYTES == 0 and all(map(looks_encrypted, pages.values()))
        return _not_encrypted(first, others_look_encrypted=others)
    return _encrypted(path, size, passphrase, first[:SALT_BYTES])


def _is_of_shop(shop_key: DatabaseKey, first: bytes, pages: dict[int, bytes]) -> bool:
    return first[:SALT_BYTES] != shop_key.salt and any(
        shop_key.authenticates(page, number) for number, page in ((1, first), *pages.items())
    )


def _encrypted(path: Path, size: int, passphrase: Secret | None, salt: bytes) -> Verdict:
    if passphrase is None:
        return verdict("key_needed")
    if settings := _other_settings(path, passphrase, salt):
        return verdict("other_cipher_settings", f"It was encrypted with this shop's key, but as {settings}.")
    if size % PAGE_BYTES:
        return verdict(
            "wrong_key",
            f"No page of it can be read with the key, and its size ({size:,} bytes) is not that of a whole backup: it "
            "was made with another key and is cut off, or it is no database at all.",
        )
    return verdict("wrong_key")


def too_short(size: int) -> Verdict:
    return verdict("too_short", f"It has {size:,} bytes, which is less than the smallest database.")


def _not_encrypted(first: bytes, *, others_look_encrypted: bool) -> Verdict:
    if has_lost_its_name(first):
        return verdict(
            "damaged_first_page", "It is a database that is not encrypted, and its very first bytes have changed."
        )
    if others_look_encrypted:
        return verdict(
            "damaged_first_page",
            "The rest of it looks like an encrypted database, but its first page was overwritten, and without that no "
            "key opens it.",
        )
    if not any(first):
        return verdict("not_a_database", "It begins with nothing but zeros, as a file does after a power cut.")
    try:
        first[:-3].decode()  # The last character may be cut off.
    except UnicodeDecodeError:
        return verdict("not_a_database")
    return verdict("not_a_database", "It is a text, not a database.")


def _probe(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """The first page and some others, evenly spread, with their numbers."""
    pages = os.fstat(descriptor).st_size // PAGE_BYTES
    for number in (1, *range(2, pages + 1, max(1, pages // _PAGES_PROBED))):
        yield number, os.pread(descriptor, PAGE_BYTES, (number - 1) * PAGE_BYTES)


def _other_settings(path: Path, passphrase: Secret, salt: bytes) -> str | None:
    """Which other settings open the file with this key: found by really opening it, read-only."""
    ways = {(settings.algorithm, settings.rounds) for settings in _KNOWN_SETTINGS}
    keys = {way: hashlib.pbkdf2_hmac(way[0], passphrase.reveal().encode(), salt, way[1], 32) for way in ways}
    for settings in _KNOWN_SETTINGS:
        key = DatabaseKey(keys[settings.algorithm, settings.rounds], salt)
        for page_bytes in _PAGE_SIZES:
            cipher = (*settings.pragmas, f"cipher_page_size = {page_bytes}")
            try:
                with closing(open_immutable(path, key, cipher=cipher)):
                    return f"{settings.name} does with pages of {page_bytes:,} bytes"
            except (dbapi2.Error, MemoryError):
                continue
    return None
