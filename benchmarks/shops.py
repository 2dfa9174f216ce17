"""Shops to measure: the demo shop, plain and encrypted."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from berrypod.demo import fill
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.keys import DatabaseKey


def make_demo(path: Path) -> None:
    """The demo shop in a plain file."""
    schema.create(path, None)
    asyncio.run(_fill(path))


def encrypt_copy(plain: Path, path: Path, passphrase: Secret) -> None:
    """The same shop under a key: the same rows in the same order, so that only encryption differs."""
    path.touch(0o600)
    key = DatabaseKey.for_new_file(passphrase)
    with closing(open_connection(plain, None)) as connection:
        connection.execute("ATTACH DATABASE ? AS encrypted KEY ?", (str(path), key.raw()))
        connection.execute("SELECT sqlcipher_export('encrypted')").fetchone()
        connection.execute("DETACH DATABASE encrypted")


async def _fill(path: Path) -> None:
    database = Database(Settings(database_path=path))
    await database.open()
    await fill(database, now=datetime.now(UTC))
    await database.close()
