"""What a plugin is set to, as one record in the shop's file: it moves with the file, and is there for all processes.

Keys that begin with `backup.` or `notify.` stay over a restore: who looks after the shop goes on doing so. A record of
secrets (`encrypted=True`) has a second layer of encryption under SECRET_KEY_BASE, and no API shows it.
"""

from __future__ import annotations

import base64
from typing import Any, Final, Generic, TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod.decoding import decoder
from berrypod.shop.settings import store
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable, field_key
from berrypod.storage.models import Setting

T = TypeVar("T", bound=msgspec.Struct)

# Cast: SQLite gives a column of type JSON numeric affinity.
_ONE: Final = "SELECT CAST(value AS TEXT) FROM settings WHERE key = ?"


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
        return MultiFernet([Fernet(base64.urlsafe_b64encode(field_key(key))) for key in keys])
