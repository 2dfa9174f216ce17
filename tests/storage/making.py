"""Rows and jobs for tests."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlcipher3 import dbapi2

from berrypod.storage.database import Database
from berrypod.storage.models import Setting

_COUNTS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT count(*) FROM c"


def counting_to(number: int) -> str:
    """A query that takes its time: to a thousand millions, half a minute."""
    return _COUNTS.format(number)


# Some minutes, unless it is interrupted.
ENDLESS = counting_to(10**10)

# An order item of an order that is not there: noticed at COMMIT, as the check is deferred.
DANGLING = """
PRAGMA defer_foreign_keys = ON;
INSERT INTO product_variants (product_id, sku, title, options, price_minor, stock, position, created_at, updated_at)
VALUES (4711, 'S', '', '{}', 1, 1, 1, '2026-01-01', '2026-01-01')
"""


def a_setting(key: str = "shop.name", value: object = "Plum & Sons") -> Setting:
    return Setting(key=key, value=value, updated_at=datetime.now(UTC))


async def put(database: Database, key: str, value: object = "") -> None:
    async with database.write() as session:
        session.add(a_setting(key, value))


def keys_of(driver: dbapi2.Connection) -> list[str]:
    """The keys in `settings`, in the order in which they were written."""
    return [key for (key,) in driver.execute("SELECT key FROM settings ORDER BY rowid")]


def run_endlessly(driver: dbapi2.Connection) -> object:
    return driver.execute(ENDLESS).fetchone()


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass


async def leave_dangling(session: AsyncSession) -> None:
    for statement in DANGLING.split(";"):
        await session.execute(text(statement))
