"""Columns with a second layer of encryption, under SECRET_KEY_BASE.

The file is encrypted as a whole. Authenticator secrets and stored credentials are encrypted once more, so that whoever
has the database key alone (a backup and its key, say) cannot sign in with them.

Advanced Alchemy's EncryptedString takes its key from a function that is one for the whole process. Here the keys belong
to the engine (`SQLCipherDialect.field_keys`), because two shops may be open in one process, and because a change of
SECRET_KEY_BASE needs two keys at a time: the first one encrypts, all of them decrypt.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from berrypod.errors import StorageError
from berrypod.settings import Secret


class FieldUnreadable(StorageError):
    code = "field_unreadable"
    title = "An encrypted field cannot be read"
    default_hint = (
        "SECRET_KEY_BASE is not the one with which it was stored. "
        "Set SECRET_KEY_BASE_FORMER to that one, or set the authenticator or credential up anew."
    )


class EncryptedText(TypeDecorator[str]):
    """A text column whose values are Fernet tokens (AES-128-CBC with HMAC-SHA256)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _fernet(dialect).encrypt(value.encode()).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """:raises FieldUnreadable: none of the keys fits."""
        if value is None:
            return None
        try:
            return _fernet(dialect).decrypt(value.encode()).decode()
        except InvalidToken:
            raise FieldUnreadable from None


def derive_subkey(secret: Secret, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose out of SECRET_KEY_BASE (HKDF-SHA256): none of them tells anything about another."""
    derivation = HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=f"berrypod:{purpose}".encode())
    return derivation.derive(secret.reveal().encode())


def field_key(secret_key_base: Secret) -> bytes:
    """The key of encrypted fields out of SECRET_KEY_BASE."""
    return derive_subkey(secret_key_base, "encrypted fields")


def fernet_of_fields(keys: Sequence[Secret]) -> MultiFernet:
    """What encrypts fields under the first SECRET_KEY_BASE, and decrypts those of all of them."""
    return _fernet_of([field_key(each) for each in keys])


def opens_fields(secret_key_base: Secret, stored: str) -> bool:
    """True if a field, as it is stored, was encrypted under this SECRET_KEY_BASE."""
    try:
        fernet_of_fields((secret_key_base,)).decrypt(stored.encode())
    except InvalidToken:
        return False
    return True


def reencrypted(stored: str, keys: Sequence[Secret]) -> tuple[int | None, str]:
    """Which SECRET_KEY_BASE has encrypted a field (by its place; None if none of them), and the field under the first.

    The time that a token carries stays.
    """
    for place, key in enumerate(keys):
        if opens_fields(key, stored):
            fernet = fernet_of_fields((keys[0], key))
            return place, fernet.rotate(stored.encode()).decode()
    return None, stored


def _fernet(dialect: Dialect) -> MultiFernet:
    return _fernet_of(getattr(dialect, "field_keys", ()))


def _fernet_of(keys: Sequence[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
