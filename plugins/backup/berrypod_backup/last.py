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
from berrypod.declarations import DoctorCheck, Examination, Figure, Finding, StatsProvider
from berrypod.decoding import decoder
from berrypod.errors import StorageError
from berrypod.shop.settings import store
from berrypod.storage.database import Database
from berrypod.storage.files import people_size

log = logging.getLogger("berrypod.backup")

KEY: Final = "backup.last"

_CHECK: Final = "backup"

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


_decoder = decoder(LastBackup)


async def remember(database: Database, last: LastBackup) -> None:
    """Note a backup. That this cannot be written does not make the backup a failed one: it is logged."""
    try:
        async with database.write() as session:
            await store(session, KEY, msgspec.to_builtins(last))
    except StorageError as error:
        log.warning("the time of the backup could not be noted: %s", error.message)


async def recall(database: Database) -> LastBackup | None:
    """The last backup, or None if there was none (or another version wrote what is there)."""
    return await database.fetch(_read)


def _read(connection: dbapi2.Connection) -> LastBackup | None:
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (KEY,)).fetchone()
    try:
        return None if row is None else _decoder.decode(str(row[0]))
    except msgspec.MsgspecError:
        return None


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


def doctor_check() -> DoctorCheck:
    """What the doctor says of it."""
    return DoctorCheck(name=_CHECK, title="the last backup", check=_examine)


def _examine(examination: Examination) -> Finding:
    what_to_do = "Download one on /admin/backup, or `berrypod backup create`; and keep it on another machine."
    with examination.connection() as connection:
        last = _read(connection)
    if last is None:
        why = "None is noted in the shop's file. If this machine breaks, the shop is lost."
        return Finding(check=_CHECK, level="warn", title="There is no backup", why=why, what_to_do=what_to_do)
    told = f"{last.at:%Y-%m-%d %H:%M} UTC, {made_by(last)}, {people_size(last.size_bytes)}, verified"
    days = (examination.now - last.at).days
    if days >= _OLD.days:
        title = f"The last backup is {days} days old"
        why = f"{told}. What was ordered since would be lost."
        return Finding(check=_CHECK, level="warn", title=title, why=why, what_to_do=what_to_do)
    return Finding(check=_CHECK, level="pass", title="There is a backup of the last days", why=told)


def made_by(last: LastBackup) -> str:
    """In words: for a third party's exporter, its title."""
    return {"download": "downloaded", "cli": "by the command line"}.get(last.exporter, last.title or last.exporter)
