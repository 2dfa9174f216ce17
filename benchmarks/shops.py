"""Shops to measure: the demo shop, plain and encrypted, and as large as it has to be."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from berrypod.demo import fill
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import DatabaseKey

_PICTURE_BYTES = 100_000


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


def hang_pictures(settings: Settings, megabytes: int) -> None:
    """Put so many megabytes of pictures into a shop that nobody has open."""
    path = settings.database_path
    columns = "sha256, media_type, width, height, size_bytes, filename, alt, data, created_at, updated_at"
    count = megabytes * 1_000_000 // _PICTURE_BYTES
    with closing(open_connection(path, find_key(path, settings.secret_key_db))) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT INTO images ({columns}) VALUES (?, 'x', 1, 1, ?, '', '', ?, '2026-01-01', '2026-01-01')",
            ((os.urandom(32).hex(), _PICTURE_BYTES, os.urandom(_PICTURE_BYTES)) for _ in range(count)),
        )
        connection.execute("COMMIT")


async def _fill(path: Path) -> None:
    database = Database(Settings(database_path=path))
    await database.open()
    await fill(database, now=datetime.now(UTC))
    await database.close()
