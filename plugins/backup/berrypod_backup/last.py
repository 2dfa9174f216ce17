"""When the last backup was made, kept in the shop's file.

A copy of the whole shop counts when it has left: a snapshot that was fetched to its last byte, one that was delivered
by an exporter that keeps copies, or one that the command line has written. A list of orders is none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlcipher3 import dbapi2

from berrypod.context import PluginContext
from berrypod.declarations import Figure, StatsProvider
from berrypod.errors import StorageError
from berrypod.shop.settings import store
from berrypod.storage.database import Database
from berrypod.storage.files import people_size

log = logging.getLogger("berrypod.backup")

KEY: Final = "backup.last"

_OLD: Final = timedelta(days=7)


class LastBackup(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is when its snapshot was made (UTC): later orders are not in it."""

    at: datetime
    exporter: str
    title: str = ""
    method: str
    size_bytes: int
    sha256: str
    by: str | None = None


async def remember(database: Database, last: LastBackup) -> None:
    """Note a backup. That this cannot be written does not make the backup a failed one: it is logged."""
    try:
        async with database.write() as session:
            await store(session, KEY, msgspec.to_builtins(last))
    except StorageError as error:
        log.warning("the time of the backup could not be noted: %s", error.message)


async def recall(database: Database) -> LastBackup | None:
    """The last backup, or None if there was none (or another version wrote what is there)."""
    value = await database.fetch(_read)
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=LastBackup)
    except msgspec.MsgspecError:
        return None


def _read(connection: dbapi2.Connection) -> str | None:
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (KEY,)).fetchone()
    return None if row is None else str(row[0])


def provider(context: PluginContext) -> StatsProvider:
    """The figure for the page of statistics."""

    async def figures() -> Sequence[Figure]:
        return [last_figure(await recall(context.database), context.now())]

    return StatsProvider(name="backup", title="Backups", figures=figures, order=30)


def last_figure(last: LastBackup | None, now: datetime) -> Figure:
    if last is None:
        return Figure(
            code="last_backup",
            label="Last backup",
            text="never",
            warning="If this machine breaks, the shop is lost.",
            hint="Download a backup, and keep it on another machine.",
        )
    at = last.at
    old = now - at > _OLD
    return Figure(
        code="last_backup",
        label="Last backup",
        value=at.isoformat(timespec="seconds"),
        text=f"{at.day} {at:%B %Y}, {at:%H:%M} UTC",
        warning=f"That was {(now - at).days} days ago." if old else None,
        hint="Download a new one." if old else f"{people_size(last.size_bytes)}, {made_by(last)}",
    )


def made_by(last: LastBackup) -> str:
    """In words: for a third party's exporter, its title."""
    return {"download": "downloaded", "cli": "by the command line"}.get(last.exporter, last.title or last.exporter)
