"""One complete measurement: sizes and rows from the measuring process, and what the shop itself knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from berrypod.storage.connection import library_versions
from berrypod.storage.database import Database
from berrypod_stats import helper
from berrypod_stats.wire import Measured, Question, RawKey

if TYPE_CHECKING:
    from sqlcipher3.dbapi2 import Connection


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what the shop is about."""

    products: int
    orders: int
    media_files: int
    newsletter_subscribers: int
    """Those who are subscribed now; who has left stays in the table and is not counted here."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found, and when. `seconds` is what it cost, `data_version` which state of the file it is of."""

    taken_at: datetime
    seconds: float
    data_version: int
    measured: Measured
    counts: Counts
    created_at: datetime | None
    cipher_version: str
    sqlite_version: str


Measure = Callable[[], Awaitable[Measurement]]


async def take(database: Database, *, now: Callable[[], datetime]) -> Measurement:
    """Measure the open database now. Takes seconds for a file of gigabytes.

    :raises MeasurementError: the measuring process failed, with the reason.
    :raises StorageError: the database is closed or cannot be read.
    """
    # Before anything is read: what is committed from here on makes the measurement old.
    data_version, taken_at = database.data_version(), now()
    begun = asyncio.get_running_loop().time()
    key = database.key
    question = Question(str(database.path), key and RawKey(key.derived.hex(), key.salt.hex()))
    size = database.path.stat().st_size
    measured = await helper.measure(question, timeout_seconds=helper.timeout_for(size))
    counts, created_at = await database.run_in_thread(_read_shop)
    cipher_version, sqlite_version = await asyncio.to_thread(library_versions)
    return Measurement(
        taken_at=taken_at,
        seconds=asyncio.get_running_loop().time() - begun,
        data_version=data_version,
        measured=measured,
        counts=counts,
        created_at=created_at,
        cipher_version=cipher_version,
        sqlite_version=sqlite_version,
    )


def _read_shop(connection: Connection) -> tuple[Counts, datetime | None]:
    connection.execute("BEGIN")
    try:
        return _read_counts(connection), _read_created_at(connection)
    finally:
        connection.rollback()


def _read_counts(connection: Connection) -> Counts:
    def count(source: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {source}").fetchone()[0])  # noqa: S608 - constants

    return Counts(
        products=count("products"),
        orders=count("orders"),
        media_files=count("images"),
        newsletter_subscribers=count("newsletter_subscribers WHERE status = 'subscribed'"),
    )


def _read_created_at(connection: Connection) -> datetime | None:
    """When the shop was made: as recorded; otherwise the oldest first row of the tables that every shop fills.

    A file's own times say when this copy of it was made, which for a restored shop is today.
    """
    recorded = connection.execute("SELECT value FROM settings WHERE key = 'database.created_at'").fetchone()
    if recorded:
        return _utc(msgspec.json.decode(recorded[0], type=str))
    first_rows = [
        connection.execute(f"SELECT created_at FROM {table} ORDER BY id LIMIT 1").fetchone()  # noqa: S608 - constants
        for table in ("admins", "products", "orders")
    ]
    times = [_utc(row[0]) for row in first_rows if row]
    return min(times, default=None)


def _utc(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
