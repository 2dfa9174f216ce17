"""What opens a file: the key's derivation, its fingerprint, and the proof that a page was written with it.

SQLCipher 4's defaults are used and never changed: PBKDF2-HMAC-SHA512 with 256,000 rounds over the passphrase and the
file's own salt (its first 16 bytes), AES-256 in CBC mode, 4,096-byte pages, each with an HMAC-SHA512. Deriving costs
about 90 ms, and SQLCipher would pay it for every connection. Here it is paid once per file: connections get the derived
key in SQLCipher's raw form, which opens in 0.2 ms, and the file stays an ordinary passphrase database.

Source of the format: https://www.zetetic.net/sqlcipher/design/
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from berrypod.settings import Secret

SALT_BYTES = 16
PAGE_BYTES = 4096
PLAIN_HEADER = b"SQLite format 3\x00"
FILE_HEADER_BYTES = 100

# SQLite locks bytes of this page, and never writes it: in files of more than a gibibyte it holds anything.
LOCK_PAGE = 0x4000_0000 // PAGE_BYTES + 1

NO_PAGE = bytes(PAGE_BYTES)

_ROUNDS = 256_000
_KEY_BYTES = 32
_HMAC_BYTES = 64
_RESERVED_BYTES = 80  # a 16-byte initialisation vector and the HMAC, at the end of each page
_IV_BYTES = 16
_CIPHER_BLOCK_BYTES = 16
_HMAC_SALT_MASK = 0x3A
_HMAC_KEY_ROUNDS = 2


@dataclass(frozen=True)
class DatabaseKey:
    """A key derived for one salt, and so for one file (and the byte copies of it)."""

    derived: bytes = field(repr=False)
    salt: bytes

    @classmethod
    def derive(cls, passphrase: Secret, salt: bytes) -> DatabaseKey:
        """Derive the key of the file that begins with `salt`. Takes about 90 ms; lets other threads run."""
        if not passphrase:
            raise ValueError("an empty passphrase is none: SQLCipher would take the file for a plain one")
        derived = hashlib.pbkdf2_hmac("sha512", passphrase.reveal().encode(), salt, _ROUNDS, _KEY_BYTES)
        return cls(derived, salt)

    @classmethod
    def for_new_file(cls, passphrase: Secret) -> DatabaseKey:
        return cls.derive(passphrase, os.urandom(SALT_BYTES))

    def raw(self) -> str:
        """The key as SQLCipher takes it: `x'<64 hex digits of key><32 of salt>'`. A secret."""
        return f"x'{self.derived.hex()}{self.salt.hex()}'"

    def fingerprint(self) -> str:
        """Eight hex digits that tell keys of the same salt apart, and say nothing about the key."""
        return hmac.digest(self.derived, b"berrypod fingerprint", "sha256").hex()[:8]

    def authenticates(self, page: bytes, number: int) -> bool:
        """True if `page` (4,096 bytes, counted from 1) was written with this key and is undamaged."""
        if len(page) != PAGE_BYTES:
            return False
        start = SALT_BYTES if number == 1 else 0
        end = PAGE_BYTES - _RESERVED_BYTES + SALT_BYTES  # the initialisation vector is authenticated too
        stored = page[end : end + _HMAC_BYTES]
        expected = hmac.digest(self.page_hmac_key, page[start:end] + struct.pack("<I", number), "sha512")
        return hmac.compare_digest(stored, expected)

    def accepts(self, page: bytes, number: int) -> bool:
        """True if `page` is as SQLCipher left it: written with this key; or reserved and never written: all zeros.

        A page that is in use and was lost to zeros is found by SQLite's own check.
        """
        return number == LOCK_PAGE or page == NO_PAGE or self.authenticates(page, number)

    def file_header(self, first_page: bytes) -> bytes:
        """SQLite's header (100 bytes) in the first page of a file, which must be authentic: look first."""
        # Slow to import, and 4 MB: processes that copy a file without decrypting it do without.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

        end = PAGE_BYTES - _RESERVED_BYTES
        blocks = -(-(FILE_HEADER_BYTES - SALT_BYTES) // _CIPHER_BLOCK_BYTES) * _CIPHER_BLOCK_BYTES
        decryptor = Cipher(algorithms.AES(self.derived), modes.CBC(first_page[end : end + _IV_BYTES])).decryptor()
        # The salt is stored where SQLite has the words that all plain files begin with.
        rest = decryptor.update(first_page[SALT_BYTES : SALT_BYTES + blocks]) + decryptor.finalize()
        return (PLAIN_HEADER + rest)[:FILE_HEADER_BYTES]

    @cached_property
    def page_hmac_key(self) -> bytes:
        """What pages are authenticated with. A secret."""
        salt = bytes(byte ^ _HMAC_SALT_MASK for byte in self.salt)
        return hashlib.pbkdf2_hmac("sha512", self.derived, salt, _HMAC_KEY_ROUNDS, _KEY_BYTES)


def passphrase_fingerprint(passphrase: Secret) -> str:
    """Eight hex digits that tell passphrases apart, whatever the file.

    Derived slowly (90 ms), so that a short passphrase cannot be searched for by its fingerprint.
    """
    return DatabaseKey.derive(passphrase, b"berrypod:fprint:").fingerprint()


def read_salt(path: Path) -> bytes:
    """The first 16 bytes of a file. Never of a file that this process has open.

    POSIX drops all of a process's locks on a file when any descriptor of it is closed. So this is called before the
    first connection is opened, never afterwards.
    """
    with path.open("rb") as file:
        return file.read(SALT_BYTES)
