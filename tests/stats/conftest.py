"""Small files with every kind of b-tree, made with the driver alone."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from berrypod_stats.wire import Question, RawKey
from sqlcipher3 import dbapi2

from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.models.shop import NewsletterSubscriber

SCHEMA = """
CREATE TABLE products (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, title TEXT);
CREATE TABLE images (id INTEGER PRIMARY KEY, sha256 TEXT UNIQUE, data BLOB);
CREATE INDEX images_by_size ON images (length(data));
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE "an ""odd"" name" (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT);
CREATE TABLE nothing_yet (id INTEGER PRIMARY KEY);
CREATE TABLE thrown_away (data BLOB);
CREATE VIRTUAL TABLE words USING fts5 (word);
CREATE VIEW titles AS SELECT title FROM products;
"""


@dataclass
class ShopFile:
    path: Path
    key: DatabaseKey | None
    connection: dbapi2.Connection

    @property
    def question(self) -> Question:
        raw = self.key and RawKey(self.key.derived.hex(), self.key.salt.hex())
        return Question(str(self.path), raw)

    def beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)


@pytest.fixture
def make_file(tmp_path: Path) -> Iterator[Callable[..., ShopFile]]:
    """Make a file with tables, indexes and free pages, and keep a connection to it open as a server does."""
    opened: list[dbapi2.Connection] = []

    def make(*, encrypted: bool = True, name: str = "shop's file.db", pragma: str = "") -> ShopFile:
        path = tmp_path / name
        # A random key, not a derived one: deriving is tested elsewhere and slow.
        key = DatabaseKey(secrets.token_bytes(32), secrets.token_bytes(16)) if encrypted else None
        connection = _create(path, key, pragma)
        opened.append(connection)
        return ShopFile(path, key, connection)

    yield make
    for connection in opened:
        connection.close()


def _create(path: Path, key: DatabaseKey | None, pragma: str) -> dbapi2.Connection:
    if pragma:
        connection = dbapi2.connect(str(path), isolation_level=None)
        if key:
            connection.set_key(key.raw())
        connection.execute(pragma)
        connection.execute("VACUUM")
        connection.close()
    connection = open_connection(path, key, create=True)
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    fill = connection.executemany
    fill("INSERT INTO products (slug, title) VALUES (?, ?)", ((f"p-{n}", "Plum jam " * 9) for n in range(900)))
    fill("INSERT INTO images (sha256, data) VALUES (?, ?)", ((f"{n:064}", bytes(n * 97)) for n in range(200)))
    fill("INSERT INTO settings VALUES (?, ?)", ((f"key-{n}", "v" * 200) for n in range(300)))
    fill('INSERT INTO "an ""odd"" name" (note) VALUES (?)', (("note",) for _ in range(50)))
    fill("INSERT INTO thrown_away VALUES (?)", ((bytes(5000),) for _ in range(60)))
    fill("INSERT INTO words VALUES (?)", ((f"word{n}",) for n in range(300)))
    connection.execute("COMMIT")
    connection.execute("DROP TABLE thrown_away")
    return connection


@pytest.fixture
async def database(encrypted_settings: Settings) -> AsyncIterator[Database]:
    """An empty shop, encrypted and open."""
    database = Database(encrypted_settings)
    await database.open()
    yield database
    await database.close()


async def add_subscriber(database: Database, email: str, status: str = "subscribed") -> None:
    async with database.write() as session:
        session.add(NewsletterSubscriber(email=email, status=status, token=email, subscribed_at=datetime.now(UTC)))
