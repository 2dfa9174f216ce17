"""A change of the key in a process that may be killed, and what the next one finds."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from berrypod.errors import BerrypodError, WrongKey
from berrypod.keys import rewriter
from berrypod.keys.rotation import KeyRotation
from berrypod.maintenance import Maintenance
from berrypod.settings import Secret
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import identify
from tests.conftest import KEY
from tests.faults.work import Stop, Told, content_digest, settings_of, watch

NEW = Secret("the key that comes after it, as long as the other")


@dataclass(frozen=True)
class Found:
    """`opens` is which key opens the file by itself; `former_opens`, that the former one finds its way, too."""

    opens: str
    former_opens: bool
    digest: str
    fingerprint: str | None
    unconfirmed: bool


def rotate(path: Path, stop: Stop | None, helper_stops_at: str = "") -> Told:
    """Change the key; the helper process may be the one that is killed."""
    points = watch(stop)
    if helper_stops_at:
        rewriter.COMMAND = (sys.executable, "-m", "tests.faults.dying_helper", helper_stops_at)  # type: ignore[misc]
    try:
        asyncio.run(_rotate(path))
    except BerrypodError as error:
        return Told(points, error.message, error.code, error.hint)
    return Told(points)


async def _rotate(path: Path) -> None:
    database = Database(settings_of(path))
    maintenance = Maintenance(database)
    await database.open()
    try:
        rotation = KeyRotation(database, maintenance, settings_of(path), emit=lambda _: None)
        await rotation.rotate(NEW, by="cli")
    finally:
        await database.close()


def look(path: Path) -> Found:
    """Open the shop as a process does that knows the former key, or the new one; and look which opens it by itself."""
    passphrase = KEY
    try:
        digest = asyncio.run(_digest(path, KEY))
        former_opens = True
    except WrongKey:
        passphrase, former_opens = NEW, False
        digest = asyncio.run(_digest(path, NEW))
    settings = replace(settings_of(path), secret_key_db=passphrase)
    database = Database(settings)
    status = asyncio.run(KeyRotation(database, Maintenance(database), settings, emit=lambda _: None).status())
    note = path.with_name(path.name + "-key")
    aside = note.rename(path.with_name("note aside")) if note.exists() else None
    opens = [name for name, key in (("former", KEY), ("new", NEW)) if _opens(path, key)]
    if aside:
        aside.rename(note)
    assert len(opens) == 1, opens
    return Found(opens[0], former_opens, digest, status.fingerprint, status.unconfirmed is not None)


async def _digest(path: Path, passphrase: Secret) -> str:
    database = Database(replace(settings_of(path), secret_key_db=passphrase))
    await database.open()
    try:
        return await database.run_in_thread(content_digest)
    finally:
        await database.close()


def _opens(path: Path, passphrase: Secret) -> bool:
    try:
        key = identify(path, passphrase)
    except WrongKey:
        return False
    with closing(open_connection(path, key)) as connection:
        return connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
