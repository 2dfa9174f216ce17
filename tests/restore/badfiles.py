"""Every kind of file that an admin may try to restore, each made anew from a small shop."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from berrypod_restore.verdicts import Code
from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from tests.conftest import KEY
from tests.storage.processes import stopped_within

OTHER_KEY = Secret("another key, as long as the first one is")

_NOW = "2026-03-14 12:00:00.000000"


@dataclass(frozen=True)
class Shops:
    """Backups of one shop, as they come from `VACUUM INTO`: encrypted with `KEY`, and plain."""

    encrypted: Path
    plain: Path
    key: DatabaseKey

    def path(self, *, plain: bool) -> Path:
        return self.plain if plain else self.encrypted


Make = Callable[[Shops, Path], object]


@dataclass(frozen=True)
class Case:
    """A file, and what is to be said of it. `words` are in the message or the hint; `key` is the shop's."""

    make: Make
    code: Code
    words: str = ""
    key: Secret | None = KEY
    knows_shop: bool = True


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
            (number, f"p{number}", _NOW, _NOW),
        )
        connection.execute(
            "INSERT INTO images (sha256, media_type, width, height, size_bytes, filename, alt, data, created_at,"
            " updated_at) VALUES (?, 'x', 1, 1, 9000, '', '', ?, ?, ?)",
            (f"{number:064x}", os.urandom(9000), _NOW, _NOW),
        )
    for number in range(200):
        connection.execute(
            "INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country,"
            " note, currency, total_minor, placed_at, request_digest, created_at, updated_at) VALUES"
            " (?, 'placed', 'ada@example.org', 'Ada', 'Street 1', '', '1', 'Town', 'AT', ?, 'EUR', 100, ?, '', ?, ?)",
            (f"{number:08x}", "n" * 100, _NOW, _NOW, _NOW),
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


# --- the table ---

_MANY_PAGES = 8 * PAGE_BYTES
_DANGLING = (
    "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
    f" VALUES (4711, 2, '', 0, '{_NOW}', '{_NOW}')"
)
# As when an index was not kept up to date, by a defect of some SQLite.
_OTHER_INDEX = (
    "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_orders_status ON orders (city)' WHERE name = 'ix_orders_status'"
)
_TABLES = [f"table_{number}" for number in range(16)]

CASES: dict[str, Case] = {
    # What can be restored.
    "a backup": Case(copied(), "valid"),
    "a plain one, for a plain shop": Case(copied(plain=True), "valid", "not encrypted", key=None),
    "a plain one, for an encrypted shop": Case(copied(plain=True), "plain", "encrypted with this shop's key"),
    # What is no database.
    "nothing in it": Case(holding(b""), "empty"),
    "nothing in it, for a plain shop": Case(holding(b""), "empty", key=None),
    "a few bytes": Case(holding(b"x" * 100), "too_short", "100 bytes"),
    "a page, but for a byte": Case(cut(PAGE_BYTES - 1), "too_short", "4,095 bytes"),
    "the first words of a plain one": Case(cut(200, plain=True), "too_short", "200 bytes"),
    "text": Case(holding(b"Dear diary, " * 2000), "not_a_database", "text"),
    "text, for a plain shop": Case(holding(b"Dear diary, " * 2000), "not_a_database", "text", key=None),
    "zeros": Case(holding(bytes(_MANY_PAGES)), "not_a_database", "zeros"),
    "a backup in a ZIP archive": Case(zipped, "not_a_database", "ZIP"),
    "a packed backup": Case(gzipped, "not_a_database", "unpack"),
    "a program": Case(holding(b"\x7fELF" + bytes(range(160, 224)) * 500), "not_a_database", "another kind"),
    # Keys.
    "random bytes": Case(holding(os.urandom(_MANY_PAGES)), "wrong_key", "no database at all"),
    "random bytes, an odd number": Case(holding(os.urandom(_MANY_PAGES + 1)), "wrong_key", "cut off"),
    "made with another key": Case(copied(), "wrong_key", key=OTHER_KEY),
    "encrypted, for a plain shop": Case(copied(), "key_needed", key=None),
    "another program's, with another key": Case(foreign("mails", key=OTHER_KEY), "wrong_key"),
    # Other settings.
    "SQLCipher 3": Case(
        foreign(*_TABLES, pragmas=["cipher_compatibility = 3"]), "other_cipher_settings", "SQLCipher 3"
    ),
    "SQLCipher 3 with our page size": Case(
        foreign(*_TABLES, pragmas=["cipher_compatibility = 3", "cipher_page_size = 4096"]),
        "other_cipher_settings",
        "SQLCipher 3 does with pages of 4,096 bytes",
    ),
    "SQLCipher 2": Case(
        foreign(*_TABLES, pragmas=["cipher_compatibility = 2"]), "other_cipher_settings", "SQLCipher 2"
    ),
    "SQLCipher 1": Case(
        foreign(*_TABLES, pragmas=["cipher_compatibility = 1"]), "other_cipher_settings", "SQLCipher 1"
    ),
    **{
        f"pages of {size} bytes": Case(
            foreign(*_TABLES, pragmas=[f"cipher_page_size = {size}"]), "other_cipher_settings", f"{size:,} bytes"
        )
        for size in (1024, 8192, 65_536)
    },
    "without HMACs": Case(
        foreign(*_TABLES, pragmas=["cipher_use_hmac = OFF"]), "other_cipher_settings", "without HMACs"
    ),
    # Never finished, or not all of it.
    "half-written": Case(half_written(), "half_written"),
    "half-written, and uploaded without its journal": Case(half_written(alone=True), "half_written"),
    "half-written, with all its pages": Case(half_written(finished=True), "half_written"),
    "half-written, plain": Case(half_written(plain=True), "half_written", key=None),
    "half-written, plain, without its journal": Case(half_written(plain=True, alone=True), "half_written", key=None),
    "the right key, and a left-over log": Case(with_log, "journal_beside"),
    "a journal of an interrupted transaction": Case(with_hot_journal, "journal_beside"),
    # Cut off.
    "cut off after a page": Case(cut(-PAGE_BYTES), "truncated", "end is missing"),
    "cut off within a page": Case(cut(-100), "truncated", "end is missing"),
    "cut off in the middle of it all": Case(cut(20_000), "truncated", "it has 20,000 of"),
    "one page is left": Case(cut(PAGE_BYTES), "truncated", "The key is right"),
    "plain, cut off after a page": Case(cut(-PAGE_BYTES, plain=True), "truncated", key=None),
    "plain, cut off within a page": Case(cut(20_000, plain=True), "truncated", "It is a database", key=None),
    "plain, cut off within its first page": Case(cut(1000, plain=True), "truncated", key=None),
    "plain, cut off, for an encrypted shop": Case(cut(20_000, plain=True), "truncated"),
    # The first page.
    "first page damaged": Case(flipped(1, 500), "damaged_first_page", "The key is right"),
    "first page damaged in its HMAC": Case(flipped(1, PAGE_BYTES - 1), "damaged_first_page"),
    "first page of zeros, but for the salt": Case(overwritten(1, 16, bytes(4080)), "damaged_first_page"),
    "first page overwritten": Case(overwritten(1, 0, b"log line\n" * 400), "damaged_first_page"),
    "first page overwritten, for another shop": Case(
        overwritten(1, 0, b"log line\n" * 400), "damaged_first_page", "looks like", knows_shop=False
    ),
    "a bit of the salt": Case(flipped(1, 3), "damaged_first_page", "a backup of this shop"),
    "a bit of another shop's salt": Case(flipped(1, 3), "wrong_key", knows_shop=False),
    "plain, first words damaged": Case(flipped(1, 3, plain=True), "damaged_first_page", "first bytes", key=None),
    "plain, page size damaged": Case(overwritten(1, 16, b"\x00\x03", plain=True), "damaged_first_page", key=None),
    # Other pages.
    "a page damaged": Case(flipped(5, 1000), "damaged", "page 5"),
    "a page damaged in its initialisation vector": Case(flipped(5, PAGE_BYTES - 70), "damaged", "page 5"),
    "a page damaged in its HMAC": Case(flipped(5, PAGE_BYTES - 3), "damaged", "page 5"),
    "the last page damaged": Case(overwritten(-1, 0, b"12345678"), "damaged", "page"),
    "a page of zeros": Case(overwritten(7, 0, bytes(PAGE_BYTES)), "damaged", "page 7"),
    "all pages but the first": Case(overwritten(2, 0, bytes(20 * PAGE_BYTES)), "damaged", "and more"),
    "two pages swapped": Case(swapped(5, 9), "damaged", "page 5, page 9"),
    "a page too many": Case(longer(os.urandom(PAGE_BYTES)), "damaged", "something was added"),
    "some bytes too many": Case(longer(b"\n"), "damaged", "something was added"),
    "plain, a page of zeros": Case(overwritten(5, 0, bytes(PAGE_BYTES), plain=True), "damaged", key=None),
    "plain, the definition of a table is no SQL": Case(
        replaced(b"CREATE TABLE orders", b"CREATE \x80\x81\x82\xff\xfe orders"), "damaged", key=None
    ),
    "plain, the definition of a table is no text": Case(
        replaced(b"uq_orders_number", b"uq_orders_num\xffer"), "damaged", key=None
    ),
    "whole pages that do not agree": Case(
        changed_by("PRAGMA writable_schema = ON", _OTHER_INDEX), "damaged", "they do not agree"
    ),
    # What is in it.
    "another program's": Case(foreign("mails", "folders"), "foreign_database", "mails, folders"),
    "another program's, plain": Case(foreign("mails", key=None), "foreign_database", key=None),
    "another program's, plain, for an encrypted shop": Case(foreign("mails", key=None), "foreign_database"),
    "no table": Case(foreign(), "foreign_database", "without a single table"),
    "a later schema": Case(changed_by("UPDATE alembic_version SET version_num = '9999'"), "schema_newer", "9999"),
    "a table of somebody": Case(changed_by("CREATE TABLE recipes (name)"), "foreign_objects", "table recipes"),
    "a view": Case(changed_by("CREATE VIEW buyers AS SELECT email FROM orders"), "foreign_objects", "view buyers"),
    "a trigger": Case(
        changed_by("CREATE TRIGGER spy AFTER INSERT ON orders BEGIN SELECT 1; END"), "foreign_objects", "trigger spy"
    ),
    "a column more": Case(changed_by("ALTER TABLE orders ADD COLUMN extra"), "foreign_objects", "extra"),
    "a table that is missing": Case(changed_by("DROP TABLE order_items"), "foreign_objects", "order_items is missing"),
    "broken references": Case(changed_by(_DANGLING), "broken_references", "product_images"),
    "broken references, plain": Case(changed_by(_DANGLING, plain=True), "broken_references", key=None),
}
