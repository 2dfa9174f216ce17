"""Backups that are kept, here or in a bucket, by processes that are killed; and what the next one finds."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berrypod_backup.archive_service import KeptBackups
from berrypod_backup.service import Backups
from berrypod_s3.config import S3Config

from berrypod.archive import layout
from berrypod.archive.manifest import decode
from berrypod.errors import BerrypodError
from berrypod.parts import create_parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.files import is_temporary
from berrypod.storage.page_map import from_bytes
from tests.archive.making import bulky, sell
from tests.conftest import KEY
from tests.faults import commands
from tests.faults.work import settings_of
from tests.s3.making import Raw

ENVIRONMENT = {"BERRYPOD_DISABLED_PLUGINS": "notify,restore,stats"}

# Folders that hold something for as long as somebody works on it.
_IN_HAND = ("data", "spool", "staging", "unfinished", ".staging")


@dataclass
class Found:
    """`kept` are backups by the names of their archives; `broken`, what is listed and does not pass `verify`."""

    kept: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    broken: list[str] = field(default_factory=list[str])
    others: list[str] = field(default_factory=list[str])
    active: list[str] = field(default_factory=list[str])
    verified: int = 0


def be_ready(env: Mapping[str, str]) -> None:
    """Have everything imported that the commands import when they are called, and nothing swept for its age alone."""
    commands.import_all()
    for name in (
        "berrypod_backup.commands",
        "berrypod_backup.kept_doing",
        "berrypod_backup.panel",
        "berrypod_backup.retention.doing",
        "berrypod_backup.running",
        "berrypod_s3.panel",
        "berrypod_s3.sources",
        "berrypod_s3.storage",
    ):
        importlib.import_module(name)
    if "BERRYPOD_S3_BUCKET" in env:
        _ready_for_a_bucket()


def _ready_for_a_bucket() -> None:
    from berrypod_s3 import bucket, pace

    # The tests' server says of each upload that it was begun in 2010: those of an hour ago would go, whoever they are.
    init: Any = pace.Pace.__init__
    init.__kwdefaults__["unfinished_hours"] = 1_000_000.0
    any_config = S3Config(
        bucket="any",
        prefix="",
        endpoint=None,
        region="us-east-1",
        path_style=True,
        access_key_id="any",
        secret_access_key=KEY,
    )
    bucket.Bucket(any_config, pace.Pace())  # The library reads descriptions of the service with the first one.


def change(path: Path, round_number: int, pages: int) -> None:
    """Sell something, and put in pictures of so many pages, in a shop that nobody has open."""
    sell(settings_of(path), f"row-{round_number % 40}")
    if pages:
        bulky(settings_of(path), pages)


def look(path: Path, env: Mapping[str, str], *, newest_alone: bool = False) -> Found:
    """Read back every backup that is listed, or the newest alone; and check the shop itself.

    What a list tells of the others is whether all of their parts are there.
    """
    os.environ |= {"DATABASE_PATH": str(path), "SECRET_KEY_DB": KEY.reveal(), "BERRYPOD_ENV": "test", **env}
    found = asyncio.run(_look(Settings.from_env(), 1 if newest_alone else None))
    with closing(open_connection(path, find_key(path, KEY))) as connection:
        if (told := connection.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            found.broken.append(f"the shop: {told}")
    return found


async def _look(settings: Settings, most: int | None) -> Found:
    found = Found()
    parts = create_parts(settings, Plugins.discover(settings))
    await parts.database.open()
    try:
        context = parts.context("backup")
        kept = KeptBackups(context)
        for archive in await kept.archives():
            found.kept[archive.exporter] = [backup.id for backup in archive.backups]
            found.others += [f"{other.name}: {other.kind}" for other in archive.others]
            found.broken += [f"{backup.id}: {backup.problem}" for backup in archive.backups if backup.problem]
            for backup in archive.backups[:most]:
                try:
                    await kept.verify(archive.exporter, backup.id)
                except BerrypodError as error:
                    found.broken.append(f"{backup.id}: {error}")
                found.verified += 1
        found.active = [record.id for record in await Backups(context).all() if record.active]
    finally:
        await parts.database.close()
    return found


def objects_in(folder: Path) -> dict[str, bytes]:
    """What an archive in a folder has: all objects, of chunks the name alone."""
    return {
        name: b"" if layout.chunk_of(name) else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not (name := str(path.relative_to(folder))).startswith(".staging")
    }


def objects_of(raw: Raw) -> dict[str, bytes]:
    """The same, of a bucket. Uploads that nobody finishes are among them."""
    start = f"{raw.config.prefix}/"
    found = {
        name: b"" if layout.chunk_of(name) else raw.get(start + name)
        for name in (key.removeprefix(start) for key in raw.names())
    }
    return found | {f"unfinished {key}": b"" for key in raw.unfinished()}


def in_vain(objects: Mapping[str, bytes]) -> list[str]:
    """The objects that no backup needs."""
    needed = set[str]()
    for name, content in objects.items():
        if (named := layout.parse(name)) and named.kind == "manifest":
            manifest = decode(content)
            needed |= {name, layout.content_name(manifest)}
            if manifest.storage == "pages":
                chunks = from_bytes(objects[layout.map_name(named.id)]).chunks
                needed |= {layout.chunk_name(digest) for digest in chunks}
    return sorted(objects.keys() - needed)


def left_on_disk(folder: Path) -> list[str]:
    """What the dead have left in the folder of a shop: parts of files, claims, logs, and what somebody had in hand."""
    found: list[str] = []
    for path in folder.rglob("*"):
        temporary = is_temporary(path.name) or path.name.endswith(("-wal", "-shm", "-journal"))
        if temporary or path.parent.name in _IN_HAND:
            found.append(str(path.relative_to(folder)))
    return found
