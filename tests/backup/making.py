"""Shops to be backed up, and exporters of all kinds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from berrypod_backup import plugin
from berrypod_backup.pace import Pace
from berrypod_backup.records import BackupRecord
from berrypod_backup.service import Backups
from sqlcipher3 import dbapi2

from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, KeptCopies, KeptCopy
from berrypod.errors import NotFound
from berrypod.events import Event
from berrypod.parts import Parts, create_parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from tests.support.third_party import ThirdParty

QUICK = Pace(look_seconds=0.02, sweep_seconds=60)
ENDED = ("ready", "done", "failed", "interrupted", "gone")


def exporter(name: str, export: Any, **more: Any) -> BackupExporter:
    return BackupExporter(name=name, title=name.capitalize(), description="For a test.", export=export, **more)


@dataclass
class Shop:
    """A shop that is open, with the backup plugin, as one process sees it."""

    parts: Parts
    third_party: ThirdParty

    @property
    def context(self) -> PluginContext:
        return self.backups.context

    @property
    def backups(self) -> Backups:
        return plugin.backups_of(self.parts.context("backup"))

    @property
    def work_folder(self) -> Path:
        return self.context.work_folder()

    @property
    def events(self) -> list[Event]:
        """What happened so far."""
        assert self.parts.plugins.flush(60)
        return self.third_party.events

    async def backup(self, *names: str) -> BackupRecord:
        """Make a backup, and wait for its end."""
        record = await self.backups.start(names or ("download",), "admin:ada@example.org")
        return await self.ended(record.id)

    async def ended(self, backup_id: str, *states: str) -> BackupRecord:
        return await self.until(backup_id, lambda record: record.state in (states or ENDED))

    async def emptied(self) -> None:
        """Wait until no file of a backup is left. Records are told a moment before files go."""
        async with asyncio.timeout(60):
            while holds(self.work_folder / "data"):
                await asyncio.sleep(0.01)

    async def until(self, backup_id: str, wanted: Callable[[BackupRecord], bool]) -> BackupRecord:
        async with asyncio.timeout(60):
            while True:
                record = await self.backups.get(backup_id)
                if wanted(record):
                    return record
                await asyncio.sleep(0.01)


@asynccontextmanager
async def shop_with(settings: Settings, *exporters: BackupExporter, pace: Pace = QUICK) -> AsyncGenerator[Shop]:
    """The shop of `settings`, open and running, with the backup plugin and these exporters of a third party."""
    third_party = ThirdParty(exporters=exporters)
    sources = [PluginSource.of(plugin, "backup"), PluginSource.of(third_party, "third_party")]
    parts = create_parts(settings, Plugins.discover(settings, sources, installed=False))
    assert [report.error for report in parts.plugins.report()] == [None, None]
    shop = Shop(parts, third_party)
    shop.backups.pace = pace
    async with parts.opened():
        yield shop


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def grow(settings: Settings, megabytes: float) -> None:
    """Put pictures of so many megabytes into a shop's file that nobody has open."""
    path = settings.database_path
    connection = open_connection(path, find_key(path, settings.secret_key_db))
    columns = "sha256, media_type, width, height, size_bytes, filename, alt, data, created_at, updated_at"
    statement = f"INSERT INTO images ({columns}) VALUES (?, 'x', 1, 1, ?, '', '', ?, '2026-01-01', '2026-01-01')"
    size = 100_000
    connection.execute("BEGIN")
    connection.executemany(
        statement, ((os.urandom(32).hex(), size, os.urandom(size)) for _ in range(max(1, int(megabytes * 10))))
    )
    connection.execute("COMMIT")
    connection.close()


def holds(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def interrupts() -> dbapi2.OperationalError:
    """What SQLite says when the disk is full."""
    error = dbapi2.OperationalError("database or disk is full")
    error.sqlite_errorcode = 13
    return error


@dataclass
class Shelf(KeptCopies):
    """Kept copies in memory."""

    copies: dict[str, bytes] = field(default_factory=dict)

    async def list(self) -> Sequence[KeptCopy]:
        at = datetime(2026, 3, 14, 12, tzinfo=UTC)
        return [
            KeptCopy(id=name, filename=f"{name.rpartition('/')[2]}.db", created_at=at, size_bytes=len(content))
            for name, content in self.copies.items()
        ]

    async def open(self, copy_id: str) -> AsyncIterator[bytes]:
        content = self.copies[copy_id]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]
            yield b""

    async def delete(self, copy_id: str) -> None:
        if self.copies.pop(copy_id, None) is None:
            raise NotFound
