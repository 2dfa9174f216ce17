"""A small shop, and ways to make of its backup every kind of file that an admin may try to restore."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from tests.conftest import KEY
from tests.storage.processes import stopped_within

OTHER_KEY = Secret("another key, as long as the first one is")

NOW = "2026-03-14 12:00:00.000000"


@dataclass(frozen=True)
class Shops:
    """Backups of one shop, as they come from `VACUUM INTO`: encrypted with `KEY`, and plain."""

    encrypted: Path
    plain: Path
    key: DatabaseKey

    def path(self, *, plain: bool) -> Path:
        return self.plain if plain else self.encrypted


Make = Callable[[Shops, Path], object]


# --- the shop ---


def make_shops(folder: Path) -> Shops:
    """Two shops with pages of every kind: leaves, inner pages, overflow pages, and free ones."""
    made: dict[str, Path] = {}
    for name, passphrase in (("encrypted", KEY), ("plain", None)):
        shop, backup = folder / f"{name}-shop.db", folder / f"{name}.db"
        schema.create(shop, passphrase)
        with closing(open_connection(shop, find_key(shop, passphrase))) as connection:
            fill(connection)
            connection.execute("VACUUM INTO ?", (str(backup),))
        with closing(open_connection(backup, find_key(backup, passphrase))) as connection:
            connection.execute("DELETE FROM images WHERE id % 2")
            connection.execute("PRAGMA journal_mode = DELETE")
        made[name] = backup
    key = find_key(made["encrypted"], KEY)
    assert key is not None
    return Shops(**made, key=key)


def fill(connection: dbapi2.Connection) -> None:
    connection.execute("BEGIN")
    for number in range(1, 21):
        connection.execute(
            "INSERT INTO products (id, slug, title, summary, description, category, status, position, created_at,"
            " updated_at) VALUES (?, ?, 'T', '', '', '', 'active', 0, ?, ?)",
            (number, f"p{number}", NOW, NOW),
        )
        connection.execute(
            "INSERT INTO images (sha256, media_type, width, height, size_bytes, filename, alt, data, created_at,"
            " updated_at) VALUES (?, 'x', 1, 1, 9000, '', '', ?, ?, ?)",
            (f"{number:064x}", os.urandom(9000), NOW, NOW),
        )
    for number in range(200):
        connection.execute(
            "INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country,"
            " note, currency, total_minor, placed_at, request_digest, created_at, updated_at) VALUES"
            " (?, 'placed', 'ada@example.org', 'Ada', 'Street 1', '', '1', 'Town', 'AT', ?, 'EUR', 100, ?, '', ?, ?)",
            (f"{number:08x}", "n" * 100, NOW, NOW, NOW),
        )
    connection.execute("COMMIT")


# --- ways to spoil it ---


def copied(*, plain: bool = False) -> Make:
    return lambda shops, path: shutil.copyfile(shops.path(plain=plain), path)


def holding(content: bytes) -> Make:
    return lambda _, path: path.write_bytes(content)


def cut(size: int, *, plain: bool = False) -> Make:
    """Cut off after `size` bytes; from the end, if it is negative."""

    def make(shops: Shops, path: Path) -> None:
        content = shops.path(plain=plain).read_bytes()
        path.write_bytes(content[:size])

    return make


def longer(more: bytes) -> Make:
    return lambda shops, path: path.write_bytes(shops.encrypted.read_bytes() + more)


def overwritten(page: int, at: int, data: bytes, *, plain: bool = False) -> Make:
    """The first byte that changes is `at` of a page, counted from 1; from the end, if it is negative."""

    def make(shops: Shops, path: Path) -> None:
        content = bytearray(shops.path(plain=plain).read_bytes())
        number = page if page > 0 else len(content) // PAGE_BYTES + 1 + page
        start = (number - 1) * PAGE_BYTES + at
        content[start : start + len(data)] = data
        path.write_bytes(content)

    return make


def flipped(page: int, at: int, *, plain: bool = False) -> Make:
    def make(shops: Shops, path: Path) -> None:
        content = bytearray(shops.path(plain=plain).read_bytes())
        content[(page - 1) * PAGE_BYTES + at] ^= 1
        path.write_bytes(content)

    return make


def replaced(old: bytes, new: bytes) -> Make:
    """In a plain one, words of the same length."""

    def make(shops: Shops, path: Path) -> None:
        content = shops.plain.read_bytes()
        assert old in content
        assert len(old) == len(new)
        path.write_bytes(content.replace(old, new))

    return make


def swapped(one: int, other: int) -> Make:
    def make(shops: Shops, path: Path) -> None:
        content = shops.encrypted.read_bytes()
        pages = [content[start : start + PAGE_BYTES] for start in range(0, len(content), PAGE_BYTES)]
        pages[one - 1], pages[other - 1] = pages[other - 1], pages[one - 1]
        path.write_bytes(b"".join(pages))

    return make


def changed_by(*statements: str, plain: bool = False) -> Make:
    """A shop in which somebody has done something by SQL; each page is as it was written."""

    def make(shops: Shops, path: Path) -> None:
        shutil.copyfile(shops.path(plain=plain), path)
        with closing(open_connection(path, find_key(path, None if plain else KEY))) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for statement in statements:
                connection.execute(statement)
            connection.execute("PRAGMA journal_mode = DELETE")

    return make


def foreign(*tables: str, key: Secret | None = KEY, pragmas: Sequence[str] = ()) -> Make:
    """Another program's database, made by SQLCipher with a passphrase."""

    def make(_: Shops, path: Path) -> None:
        with closing(dbapi2.connect(str(path), isolation_level=None)) as connection:
            if key is not None:
                connection.execute(f"PRAGMA key = '{key.reveal()}'")
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("PRAGMA user_version = 7")
            for table in tables:
                connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")

    return make


def with_log(shops: Shops, path: Path) -> None:
    """Copied while it was in use: with the log that holds the last order, of the same key."""
    shop = path.with_name("in-use.db")
    shutil.copyfile(shops.encrypted, shop)
    with closing(open_connection(shop, find_key(shop, KEY))) as connection:
        connection.execute("INSERT INTO settings VALUES ('x', '1', '2026-01-01')")
        shutil.copyfile(shop, path)
        shutil.copyfile(f"{shop}-wal", f"{path}-wal")
    shop.unlink()


def with_hot_journal(shops: Shops, path: Path) -> None:
    """A program was killed in the middle of a transaction."""
    shutil.copyfile(shops.encrypted, path)
    key = find_key(path, KEY)

    def work(stop: Callable[[], object]) -> None:
        connection = open_connection(path, key)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 10")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE orders SET note = note || 'x'")
        stop()

    with stopped_within(work):
        pass


def half_written(*, plain: bool = False, alone: bool = False, finished: bool = False) -> Make:
    """`VACUUM INTO`, killed on its way.

    :param alone: without the journal, as it is when the file is uploaded.
    :param finished: all pages were there, but not the end of the transaction.
    """

    def make(shops: Shops, path: Path) -> None:
        source, key = shops.path(plain=plain), None if plain else shops.key

        def work(stop: Callable[[], object]) -> None:
            connection = open_immutable(source, key)
            connection.execute("PRAGMA cache_size = 10")

            def look() -> None:
                if _size(path) > 60_000:
                    stop()

            connection.set_progress_handler(look, 10)
            connection.execute("VACUUM INTO ?", (str(path),))
            raise AssertionError("the file was too small to be caught on the way")

        with stopped_within(work):
            pass
        journal = path.with_name(path.name + "-journal")
        assert journal.exists()
        if finished:
            shutil.copyfile(source, path)
        if alone:
            journal.unlink()

    return make


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def zipped(shops: Shops, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(shops.encrypted, "backup.db")


def gzipped(shops: Shops, path: Path) -> None:
    path.write_bytes(gzip.compress(shops.encrypted.read_bytes()))
