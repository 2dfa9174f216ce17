"""The table of files that an admin may try to restore: how each is made, and what is to be said of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from berrypod_restore.verdicts import Code

from berrypod.settings import Secret
from berrypod.storage.keys import PAGE_BYTES
from tests.conftest import KEY
from tests.restore.badfiles import (
    NOW,
    OTHER_KEY,
    Make,
    changed_by,
    copied,
    cut,
    flipped,
    foreign,
    gzipped,
    half_written,
    holding,
    longer,
    overwritten,
    replaced,
    swapped,
    with_hot_journal,
    with_log,
    zipped,
)


@dataclass(frozen=True)
class Case:
    """A file, and what is to be said of it. `words` are in the message or the hint; `key` is the shop's."""

    make: Make
    code: Code
    words: str = ""
    key: Secret | None = KEY
    knows_shop: bool = True


_MANY_PAGES = 8 * PAGE_BYTES
_DANGLING = (
    "INSERT INTO product_images (product_id, image_id, alt, position, created_at, updated_at)"
    f" VALUES (4711, 2, '', 0, '{NOW}', '{NOW}')"
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
