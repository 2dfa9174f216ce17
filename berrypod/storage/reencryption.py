"""A file's pages under another key: page N stays page N, and what it says stays the same.

SQLCipher's page: the ciphertext (AES-256-CBC), a 16-byte initialisation vector, and an HMAC-SHA512 over both and the
page's number. Of the first page, the first 16 bytes are the file's salt instead. 85 MB take a second; a call of AES for
many pages at once was tried, and is no faster.
"""

from __future__ import annotations

import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from berrypod.errors import DatabaseDamaged
from berrypod.storage.keys import LOCK_PAGE, NO_PAGE, PAGE_BYTES, SALT_BYTES, DatabaseKey

_RESERVED_BYTES = 80
_IV_BYTES = 16
_IV_START = PAGE_BYTES - _RESERVED_BYTES
_HMAC_START = _IV_START + _IV_BYTES


class Reencryption:
    """From `old` to `new`. Pages may come in any order."""

    def __init__(self, old: DatabaseKey, new: DatabaseKey) -> None:
        self._old, self._new = old, new
        self._from, self._to = algorithms.AES(old.derived), algorithms.AES(new.derived)

    def page(self, page: bytes, number: int) -> bytes:
        """One page (4,096 bytes) under the new key. `number` is counted from 1.

        :raises DatabaseDamaged: it is not as it was written.
        """
        # One that SQLite reserved in the file and never wrote is all zeros, which SQLCipher reads as such.
        if number == LOCK_PAGE or page == NO_PAGE:
            return NO_PAGE
        if not self._old.authenticates(page, number):
            raise DatabaseDamaged(f"Page {number} of the shop's file is damaged", page=number)
        start = SALT_BYTES if number == 1 else 0
        clear = Cipher(self._from, modes.CBC(page[_IV_START:_HMAC_START])).decryptor().update(page[start:_IV_START])
        vector = os.urandom(_IV_BYTES)
        sealed = Cipher(self._to, modes.CBC(vector)).encryptor().update(clear) + vector
        tag = hmac.digest(self._new.page_hmac_key, sealed + struct.pack("<I", number), "sha512")
        return (self._new.salt if start else b"") + sealed + tag

    def came_out(self, page: bytes, number: int) -> bool:
        """True if the page, as it lies in the new file, is one that this has written."""
        return self._new.accepts(page, number)
