"""What the shop's own connection says: counts, age, versions, free pages. There even when sizes cannot be measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from berrypod.storage.connection import library_versions
from berrypod.storage.database import Database
from berrypod_stats.describing import told

if TYPE_CHECKING:
    from sqlcipher3.dbapi2 import Connection


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what the shop is about."""

    products: Annotated[int, told("Of every status", 16)]
    orders: Annotated[int, told("Of every status", 23)]
    media_files: Annotated[int, told("Pictures in the file", 156)]
    newsletter_subscribers: Annotated[int, told("Those who are subscribed now", 89)]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What SQLite and the shop's tables say of the file, in one read transaction."""

    taken_at: Annotated[datetime, told("When it was read, UTC", "2025-05-01T12:30:00Z")]
    counts: Counts
    created_at: Annotated[datetime | None, told("When the shop was made, UTC; null if unknown", "2025-04-01T08:00:00Z")]
    journal_mode: Annotated[str, told("SQLite's", "wal")]
    page_size: Annotated[int, told("In bytes", 4_096)]
    page_count: Annotated[int, told("All pages of the file", 2_231)]
    free_pages: Annotated[int, told("Pages that hold nothing and are used again first", 3)]
    sqlite_version: Annotated[str, told("That the shop works with", "3.53.4")]
    sqlcipher_version: Annotated[str, told("That the shop works with", "4.19.0 community")]


async def read(database: Database, *, now: datetime) -> Facts:
    """Read them on a connection of their own: counting scans tables, and must not hold up customers' reads.

    :raises StorageError: the database is closed or cannot be read.
    """
    return await database.run_in_thread(lambda connection: _read(connection, now))


def _read(connection: Connection, now: datetime) -> Facts:
    sqlcipher_version, sqlite_version = library_versions()
    connection.execute("BEGIN")
    try:
        return Facts(
            taken_at=now,
            counts=_counts(connection),
            created_at=_created_at(connection),
            journal_mode=str(connection.execute("PRAGMA journal_mode").fetchone()[0]),
            page_size=_number(connection, "page_size"),
            page_count=_number(connection, "page_count"),
            free_pages=_number(connection, "freelist_count"),
            sqlite_version=sqlite_version,
            sqlcipher_version=sqlcipher_version,
        )
    finally:
        connection.rollback()


def _counts(connection: Connection) -> Counts:
    def count(source: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {source}").fetchone()[0])  # noqa: S608 - constants

    return Counts(
        products=count("products"),
        orders=count("orders"),
        media_files=count("images"),
        newsletter_subscribers=count("newsletter_subscribers WHERE status = 'subscribed'"),
    )


def _created_at(connection: Connection) -> datetime | None:
    """When the shop was made: as recorded; otherwise the oldest first row of the tables that every shop fills.

    The file's own times say when this copy of it was made, which for a restored shop is today.
    """
    recorded = connection.execute("SELECT value FROM settings WHERE key = 'database.created_at'").fetchone()
    if recorded:
        return _utc(msgspec.json.decode(recorded[0], type=str))
    first_rows = [
        connection.execute(f"SELECT created_at FROM {table} ORDER BY id LIMIT 1").fetchone()  # noqa: S608 - constants
        for table in ("admins", "products", "orders")
    ]
    return min((_utc(row[0]) for row in first_rows if row), default=None)


def _utc(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _number(connection: Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
