"""Which shop this is, for its backups: a name that is made at random, once, and kept in the shop's file.

It is in the manifest of each backup. So a folder that two shops keep their backups in by mistake is no harm: neither
counts those of the other, or deletes them. It stays over a restore, and comes along to another machine.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from berrypod.storage.database import Database
from berrypod.stored import Stored

KEY: Final = "backup.shop"


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""


class Owner:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stored = Stored(database, KEY, _Name, _Name())

    async def known(self) -> str | None:
        """The name; None if no backup has needed one yet."""
        return (await self._stored.get()).name or None

    async def named(self) -> str:
        """The name. It is made if need be.

        :raises StorageError: it could not be written.
        """
        if known := await self.known():
            return known
        async with self._database.write() as session:
            # Looked at again with the writer's turn: another process may have made one meanwhile.
            name = await self.known() or secrets.token_hex(6)
            await self._stored.write(session, _Name(name=name))
        return name
