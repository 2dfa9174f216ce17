"""Shops that are restored: open, with orders, backups of them, and third parties that have a say."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from berrypod_restore import plugin
from berrypod_restore.pace import Pace
from berrypod_restore.records import CONFIRMATION, RestoreRecord
from berrypod_restore.service import Restores
from sqlcipher3 import dbapi2

from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, RestoreGuard
from berrypod.events import Event
from berrypod.parts import Parts, create_parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.diagnosis import find_key, identify
from berrypod.storage.snapshot import make_snapshot
from tests.support.third_party import ThirdParty

QUICK = Pace(look_seconds=0.02, tell_seconds=0.02, sweep_seconds=60)
ADA = "admin:ada@example.org"

_ORDER = """
    INSERT INTO orders (number, status, email, name, address_line1, address_line2, postcode, city, country, note,
        currency, total_minor, placed_at, request_digest, created_at, updated_at)
    VALUES (?, 'placed', 'ada@example.org', 'Ada', '1 Orchard Lane', '', '12345', 'Plumstead', 'GB', '', 'EUR', 2400,
        ?, '', '2026-03-14 12:00:00.000000', '2026-03-14 12:00:00.000000')
"""

_PICTURE = """
    INSERT INTO images (sha256, media_type, width, height, size_bytes, filename, alt, data, created_at, updated_at)
    VALUES (?, 'x', 1, 1, ?, '', '', ?, '2026-01-01', '2026-01-01')
"""


@dataclass
class Shop:
    """A shop that is open, with the restore plugin, as one process sees it."""

    parts: Parts
    third_party: ThirdParty

    @property
    def context(self) -> PluginContext:
        return self.restores.context

    @property
    def restores(self) -> Restores:
        return plugin.restores_of(self.parts.context("restore"))

    @property
    def path(self) -> Path:
        return self.parts.database.path

    @property
    def work_folder(self) -> Path:
        return self.context.work_folder()

    @property
    def events(self) -> list[str]:
        """The names of what happened to restores so far, in its order."""
        assert self.parts.plugins.flush(60)
        return [event.name for event in self.third_party.events if event.name.startswith("restore.")]

    def event(self, name: str) -> Event:
        """The last event of this name."""
        assert self.parts.plugins.flush(60)
        return [event for event in self.third_party.events if event.name == name][-1]

    async def order(self, *numbers: str) -> None:
        """Place orders."""

        def place(connection: dbapi2.Connection) -> None:
            times = [f"2026-03-14 12:00:00.{i:06}" for i in range(len(numbers))]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_ORDER, list(zip(numbers, times, strict=True)))
            connection.execute("COMMIT")

        await self.parts.database.run_in_thread(place, read_only=False)

    async def picture(self, size: int) -> None:
        """Put a picture of so many bytes into the shop."""

        def put(connection: dbapi2.Connection) -> None:
            connection.execute(_PICTURE, (os.urandom(32).hex(), size, os.urandom(size)))

        await self.parts.database.run_in_thread(put, read_only=False)

    async def orders(self) -> list[str]:
        """The numbers of all orders, the oldest first."""
        return await self.parts.database.fetch(numbers_of)

    async def backup(self, name: str = "backup.db") -> Path:
        """A backup beside the shop."""
        target = self.path.with_name(name)
        await make_snapshot(self.parts.database, target, overwrite=True)
        return target

    async def staged(self, file: Path, *, by: str | None = ADA) -> RestoreRecord:
        """Upload a file, and wait until it was looked at."""
        record = await self.restores.stage(
            pieces(file.read_bytes()), filename=file.name, expected_bytes=file.stat().st_size, by=by, address="::1"
        )
        return await self.ended(record)

    async def ready(self, file: Path) -> RestoreRecord:
        record = await self.staged(file)
        assert record.state == "ready", (record.verdict, record.error, record.guards)
        return record

    async def ended(self, record: RestoreRecord) -> RestoreRecord:
        ended = await self.restores.settled(record.id, timeout=60)
        assert not ended.active, ended
        return ended

    async def expect(self, record: RestoreRecord) -> str:
        return await self.restores.expect(record.id, await self.restores.compare(record.id))

    async def applied(self, record: RestoreRecord, *, expect: str | None = None, **more: object) -> RestoreRecord:
        """Confirm it, and wait for its end."""
        begun = await self.restores.apply(
            record.id,
            confirm=CONFIRMATION,
            expect=expect or await self.expect(record),
            by=ADA,
            address="::1",
            **more,  # pyright: ignore[reportArgumentType]
        )
        assert begun.state == "applying"
        return await self.ended(begun)

    async def undone(self, **more: object) -> RestoreRecord:
        """Undo, whatever is lost by it, and wait for its end."""
        if "expect" not in more:
            former = more.get("former")
            assert former is None or isinstance(former, str)
            more["expect"] = await self.restores.expect_former(former, await self.restores.compare_former(former))
        return await self.ended(await self.restores.undo(by=ADA, address="::1", **more))  # pyright: ignore[reportArgumentType]


def sources(third_party: ThirdParty) -> list[PluginSource]:
    return [PluginSource.of(plugin, "restore"), PluginSource.of(third_party, "third_party")]


@asynccontextmanager
async def shop_with(
    settings: Settings,
    *guards: RestoreGuard,
    exporters: Sequence[BackupExporter] = (),
    pace: Pace = QUICK,
    environ: dict[str, str] | None = None,
) -> AsyncGenerator[Shop]:
    """The shop of `settings`, open and running, with the restore plugin and these of a third party."""
    third_party = ThirdParty(guards, exporters)
    settings = replace(settings, environment_values=environ or {})
    parts = create_parts(settings, Plugins.discover(settings, sources(third_party), installed=False))
    assert [report.error for report in parts.plugins.report()] == [None, None]
    shop = Shop(parts, third_party)
    shop.restores.pace = pace
    async with parts.opened():
        yield shop


async def pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
        await asyncio.sleep(0)


def numbers_of(connection: dbapi2.Connection) -> list[str]:
    return [number for (number,) in connection.execute("SELECT number FROM orders ORDER BY id")]


def orders_in(file: Path, key: Secret | None) -> list[str]:
    """The orders of a file that nobody has open."""
    with closing(open_immutable(file, identify(file, key))) as connection:
        return numbers_of(connection)


def change(file: Path, key: Secret | None, statement: str) -> None:
    """Change a file that nobody has open."""
    with closing(open_connection(file, find_key(file, key))) as connection:
        connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def copy(file: Path, name: str) -> Path:
    return Path(shutil.copyfile(file, file.with_name(name)))


def holds(folder: Path) -> list[str]:
    """All files below a folder but the records' lock."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "turn"))
    return sorted(str(path.relative_to(folder)) for path in found)


SOON = timedelta(0)
