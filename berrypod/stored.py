"""What a plugin is set to, as one record in the shop's file: it moves with the file, and is there for all processes.

Keys that begin with `backup.` or `notify.` stay over a restore: who looks after the shop goes on doing so. A record of
secrets (`encrypted=True`) has a second layer of encryption under SECRET_KEY_BASE, and no API shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import msgspec
from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod.decoding import decoder
from berrypod.shop.settings import is_sealed, store
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable, fernet_of_fields
from berrypod.storage.models import Setting

T = TypeVar("T", bound=msgspec.Struct)

# Cast: SQLite gives a column of type JSON numeric affinity.
_ONE: Final = "SELECT CAST(value AS TEXT) FROM settings WHERE key = ?"
_ALL: Final = "SELECT key, CAST(value AS TEXT) FROM settings"


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an encrypted record lies in the settings: `base_key.renew` brings it under a new key."""

    encrypted: str


_sealed = decoder(_Sealed)


class Stored(Generic[T]):
    """One record. A value that another version wrote, and that makes no sense here, counts as the default."""

    def __init__(self, database: Database, key: str, kind: type[T], default: T, *, encrypted: bool = False) -> None:
        """`key` as those of settings: two to four parts of small letters, digits and underscores, joined by dots."""
        self._database = database
        self._key = key
        self._decoder = decoder(kind)
        self._default = default
        self._encrypted = encrypted

    async def get(self) -> T:
        """The record, or its default.

        :raises FieldUnreadable: it is encrypted under another SECRET_KEY_BASE.
        """
        return await self._database.fetch(self.read)

    def read(self, connection: dbapi2.Connection) -> T:
        """As `get`, within a read of one's own. In a thread."""
        row = connection.execute(_ONE, (self._key,)).fetchone()
        if row is None:
            return self._default
        content = str(row[0]).encode()
        try:
            return self._decoder.decode(self._open(content) if self._encrypted else content)
        except msgspec.MsgspecError:
            return self._default

    async def put(self, value: T) -> None:
        """:raises StorageError: it could not be written, and is as before."""
        async with self._database.write() as session:
            await self.write(session, value)

    async def write(self, session: AsyncSession, value: T) -> None:
        """As `put`, within a transaction that does other things as well."""
        stored: Any = msgspec.to_builtins(value)
        if self._encrypted:
            stored = {"encrypted": self._fernet().encrypt(msgspec.json.encode(value)).decode()}
        await store(session, self._key, stored)

    async def reset(self) -> None:
        """Back to the default."""
        async with self._database.write() as session:
            await session.execute(delete(Setting).where(Setting.key == self._key))

    def _open(self, content: bytes) -> bytes:
        try:
            return self._fernet().decrypt(_sealed.decode(content).encrypted.encode())
        except InvalidToken:
            raise FieldUnreadable from None

    def _fernet(self) -> MultiFernet:
        settings = self._database.settings
        keys = (settings.secret_key_base, *settings.secret_key_base_former)
        return fernet_of_fields(keys)


async def sealed_records(session: AsyncSession) -> dict[str, str]:
    """All encrypted records: their keys, and the tokens as they are stored."""
    # As text: a value that is no JSON belongs to somebody else, and must not stop whoever looks for these.
    return _sealed_among(await session.execute(text(_ALL)))


async def put_sealed(session: AsyncSession, key: str, token: str) -> None:
    """Put another token in the place of a record's."""
    await store(session, key, {"encrypted": token})


def tokens_in(connection: dbapi2.Connection) -> list[str]:
    """The tokens of all encrypted records, within a read of one's own. In a thread."""
    return list(_sealed_among(connection.execute(_ALL)).values())


def _sealed_among(rows: Iterable[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, content in rows:
        with suppress(msgspec.MsgspecError):
            value = msgspec.json.decode(str(content))
            if is_sealed(key, value):
                found[key] = value["encrypted"]
    return found
